//go:build !linux && !darwin && !freebsd && !windows

package persistence

import (
	"errors"
	"syscall"
)

// freeSpace is not known here: the disk is not watched.
func freeSpace(string) (uint64, error) { return 0, errors.ErrUnsupported }

// isDiskFull says whether an error comes from a full disk.
func isDiskFull(err error) bool { return errors.Is(err, syscall.ENOSPC) }
