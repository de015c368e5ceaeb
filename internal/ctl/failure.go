package ctl

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// Exit statuses, those of sysexits.h.
const (
	usageError  = 64
	dataError   = 65
	noUser      = 67
	unavailable = 69
	software    = 70
	noPermit    = 77
)

// failure ends a command with an exit status.
type failure struct {
	status int
	text   string
}

func (f *failure) Error() string { return f.text }

// bare is a failure that is told without a heading (RabbitMQ behaviour).
type bare struct{ failure }

// Unwrap tells the exit status.
func (b *bare) Unwrap() error { return &b.failure }

// invalid is a failure of the arguments, found before the broker is asked: the usage is
// shown with it.
type invalid struct{ failure }

// Unwrap tells the exit status.
func (i *invalid) Unwrap() error { return &i.failure }

func noVHost(name string) error {
	return &bare{failure{dataError, fmt.Sprintf("Virtual host '%s' does not exist", name)}}
}

func noObject() error {
	return &bare{failure{dataError, "Object (queue, stream, exchange, etc) was not found"}}
}

// noSuchUser is how some commands say that a user is not there; most say it in words.
func noSuchUser(name string) error {
	return &failure{unavailable, fmt.Sprintf("{:no_such_user, %q}", name)}
}

// noJSON refuses what should be JSON.
func noJSON(text string) error {
	return &failure{unavailable, fmt.Sprintf("Could not parse JSON document: {error,{failed_to_decode_json,<<%q>>}}", text)}
}

// statusOf is the exit status for an error.
func statusOf(err error) int {
	var known *failure
	if errors.As(err, &known) {
		return known.status
	}
	var r *refusal
	if !errors.As(err, &r) {
		return software
	}
	switch r.status {
	case http.StatusUnauthorized:
		return noPermit
	case http.StatusNotFound:
		return dataError
	default:
		return unavailable
	}
}

// explained is what RabbitMQ's programs say of an error: that the virtual host is not
// there, if that is why.
func (c *call) explained(err error) error {
	var r *refusal
	if !errors.As(err, &r) || r.status != http.StatusNotFound && r.status != http.StatusBadRequest {
		return err
	}
	if missing(c.get(at("vhosts", c.options.vhost), nil)) {
		return noVHost(c.options.vhost)
	}
	if r.status == http.StatusNotFound {
		return noObject()
	}
	return err
}

// fail tells how a command went wrong and returns its exit status.
func (p program) fail(c *call, err error) int {
	if p.name == OwnName {
		fmt.Fprintf(c.Stderr, "Error:\n%v\n", err)
		var r *refusal
		if errors.As(err, &r) && r.status == http.StatusBadRequest {
			return dataError
		}
		return statusOf(err)
	}
	err = c.explained(err)
	var plain *bare
	checks := strings.HasPrefix(c.name, "check_") || c.name == "is_enabled"
	if c.options.formatter == formatJSON && checks {
		c.Stdout, c.answers = c.Stderr, nil
		if problem := c.answer(object{"message": err.Error(), "node": c.node(), "result": "error"}); problem != nil {
			return software
		}
	} else if errors.As(err, &plain) {
		fmt.Fprintln(c.Stderr, err)
	} else {
		fmt.Fprintf(c.Stderr, "Error:\n%v\n", err)
	}
	return statusOf(err)
}

// refuse tells what is wrong with arguments before the broker is asked.
func (p program) refuse(c *call, one command, err error) int {
	var wrong *invalid
	if !errors.As(err, &wrong) {
		return p.fail(c, err)
	}
	p.misused(c, one, err.Error())
	return statusOf(err)
}

// misused tells what is wrong with the arguments of a command, and how it is used.
func (p program) misused(c *call, one command, problem string) {
	usage := p.name + " [--node <node>] [--longnames] [--quiet] "
	if p.name == OwnName {
		usage = p.name + " "
	}
	fmt.Fprintf(c.Stderr, "Error (argument validation): %s\nArguments given:\n\t%s\n\nUsage\n\n%s\n",
		problem, strings.Join(c.given, " "), strings.TrimSpace(usage+one.name+" "+one.arguments))
}
