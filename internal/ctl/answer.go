package ctl

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// answering collects what a command of RabbitMQ's programs says while JSON is wanted,
// where each command prints one value.
type answering struct {
	io.Writer
	said  []string
	wrote bool
}

// Write implements io.Writer.
func (a *answering) Write(text []byte) (int, error) {
	a.wrote = true
	return a.Writer.Write(text)
}

// listens begins to collect what is said, and returns what prints it.
func (c *call) listens() (finish func() error) {
	if c.options.formatter != formatJSON {
		return func() error { return nil }
	}
	a := &answering{Writer: c.Stdout}
	c.Stdout, c.answers = a, a
	return func() error {
		switch {
		case len(a.said) > 0:
			return c.answer(object{"message": strings.Join(a.said, "\n")})
		case a.wrote:
			return nil
		}
		return c.answer(object{"node": c.node(), "result": "ok"})
	}
}

// answer prints a value as JSON.
func (c *call) answer(value any) error {
	e := json.NewEncoder(c.Stdout)
	e.SetEscapeHTML(escapeNothing)
	return e.Encode(value)
}

// escapeNothing leaves the characters as they are that mean something in HTML.
const escapeNothing = false

// tells prints a value as JSON if that is wanted, and what it means otherwise.
func (c *call) tells(value object, meaning string) error {
	if c.options.formatter == formatJSON {
		return c.answer(value)
	}
	c.say("%s", meaning)
	return nil
}

// passed tells that a check has found nothing. With --silent only the exit status does.
func (c *call) passed(format string, args ...any) error {
	return c.passedWith(object{"result": "ok"}, format, args...)
}

func (c *call) passedWith(value object, format string, args ...any) error {
	if c.options.silent && c.options.formatter != formatJSON {
		return nil
	}
	return c.tells(value, fmt.Sprintf(format, args...))
}

// say prints a line.
func (c *call) say(format string, args ...any) {
	if c.answers != nil {
		c.answers.said = append(c.answers.said, fmt.Sprintf(format, args...))
		return
	}
	fmt.Fprintf(c.Stdout, format+"\n", args...)
}
