package main

import (
	"errors"
	"strings"

	"github.com/leveretmq/leveret/configs"
)

// The exit statuses; the package comment says what they mean.
const (
	statusOK          = 0
	statusOther       = 1
	statusUsage       = 2
	statusListen      = 3
	statusLocked      = 4
	statusNotWritable = 5
	statusNewerFormat = 6
	statusStorage     = 7
	statusDiskFull    = 8
)

// failure is an error with an exit status of its own.
type failure struct {
	status int
	err    error
}

func (f *failure) Error() string { return f.err.Error() }

func (f *failure) Unwrap() error { return f.err }

// fail gives err an exit status. It keeps nil.
func fail(status int, err error) error {
	if err == nil {
		return nil
	}
	return &failure{status: status, err: err}
}

func status(err error) int {
	var f *failure
	switch {
	case errors.As(err, &f):
		return f.status
	case errors.Is(err, configs.ErrInvalid):
		return statusUsage
	default:
		return statusOther
	}
}

// oneLine is the text of an error without line breaks, which joined errors
// have.
func oneLine(err error) string {
	return strings.ReplaceAll(strings.TrimSpace(err.Error()), "\n", "; ")
}
