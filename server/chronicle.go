package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unicode"

	"github.com/leveretmq/leveret/amqp"
)

// This file has the sentences of the log about connections and channels. They are
// RabbitMQ's, since programs look for them. The logger learns by the keys of
// RabbitMQ's JSON which process and which category it speaks of.
const (
	logProcess = "pid"
	logDomain  = "domain"
	ofChannel  = "channel"
)

func (c *connection) logs(l slog.Level) bool { return c.log.Enabled(context.Background(), l) }

// logAccepted tells of a client that has said something. Others are health checks.
func (c *connection) logAccepted() {
	if c.logs(slog.LevelInfo) {
		c.log.Info("accepting AMQP connection " + c.name())
	}
}

func (c *connection) logNamed() {
	if c.client.name != "" && c.logs(slog.LevelInfo) {
		c.log.Info("connection " + c.name() + " has a client-provided name: " + printable(c.client.name))
	}
}

func (c *connection) logOpened(vhost string) {
	if c.logs(slog.LevelInfo) {
		c.log.Info(fmt.Sprintf("connection %s: user '%s' authenticated and granted access to vhost '%s'",
			c.named(), printable(c.user.Name), printable(vhost)))
	}
}

// logError tells of what ends the connection, before the client learns it.
func (c *connection) logError(e error) {
	if !c.logs(slog.LevelError) {
		return
	}
	text := e.Error()
	var protocol *amqp.Error
	if errors.As(e, &protocol) && c.state >= stateRunning {
		text = fmt.Sprintf("operation %s caused a connection exception %s: %s", operation(protocol), exception(protocol), protocol.Text)
	} else if protocol != nil {
		text = protocol.Text
	}
	c.log.Error(fmt.Sprintf("Error on AMQP connection %s (%s):\n%s", c.process(), c.stateful(), printable(text)))
}

// logFailed tells of what ends the channel.
func (ch *channel) logFailed(e *amqp.Error) {
	c := ch.conn
	log := c.log.With(logDomain, ofChannel)
	if log.Enabled(context.Background(), slog.LevelError) {
		log.Error(fmt.Sprintf("Channel error on connection %s (%s), channel %d:\noperation %s caused a channel exception %s: %s",
			c.process(), c.described(), ch.id, operation(e), exception(e), printable(e.Text)))
	}
}

// logEnd tells how the connection has ended.
func (c *connection) logEnd(err error) {
	level, because := slog.LevelInfo, ""
	var protocol *amqp.Error
	switch {
	case c.heart.silent.Load():
		level, because = slog.LevelError, fmt.Sprintf("missed heartbeats from client, timeout: %.0fs", c.heart.interval.Seconds())
	case err == nil, errors.Is(err, errEnded), errors.As(err, &protocol), c.refused, c.state == stateClosing:
	case errors.Is(err, io.EOF) && c.octetsIn.Load() == 0:
		level = slog.LevelDebug
	case errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET):
		level, because = slog.LevelWarn, "client unexpectedly closed TCP connection"
	case c.state == stateStarting:
		level, because = slog.LevelError, printable(err.Error())
	default:
		level, because = slog.LevelWarn, printable(err.Error())
	}
	if !c.logs(level) {
		return
	}
	whole := c.described() + ", duration: '" + lasted(time.Since(c.accepted)) + "'"
	if because == "" {
		c.log.Log(context.Background(), level, "closing AMQP connection ("+whole+")")
		return
	}
	c.log.Log(context.Background(), level, fmt.Sprintf("closing AMQP connection %s (%s):\n%s", c.process(), whole, because))
}

// process stands for the Erlang process of a connection.
func (c *connection) process() string { return "<0." + strconv.FormatUint(c.number, 10) + ".0>" }

// named is the connection with the name that its client gave it.
func (c *connection) named() string {
	if c.client.name == "" {
		return c.name()
	}
	return c.name() + " - " + printable(c.client.name)
}

// described is the connection with what is known of its client.
func (c *connection) described() string {
	if c.user.Name == "" {
		return c.named()
	}
	vhost := "none"
	if c.vhost != nil {
		vhost = c.vhost.Name()
	}
	return fmt.Sprintf("%s, vhost: '%s', user: '%s'", c.named(), printable(vhost), printable(c.user.Name))
}

// stateful is the connection with its state.
func (c *connection) stateful() string {
	switch {
	case c.vhost != nil:
		return fmt.Sprintf("%s, state: %s", c.described(), c.state)
	case c.user.Name != "":
		return fmt.Sprintf("%s, user: '%s', state: %s", c.named(), printable(c.user.Name), c.state)
	}
	return fmt.Sprintf("%s, state: %s", c.name(), c.state)
}

func operation(e *amqp.Error) string {
	if e.Method == 0 {
		return "none"
	}
	return e.Method.String()
}

func exception(e *amqp.Error) string { return strings.ToLower(e.Code.String()) }

// lasted is a duration in milliseconds if it is short.
func lasted(d time.Duration) string {
	if d < time.Second {
		return strconv.FormatInt(d.Milliseconds(), 10) + "ms"
	}
	return d.Round(time.Second).String()
}

// printable keeps a text of a client from beginning a line of its own.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return '?'
		}
		return r
	}, text)
}
