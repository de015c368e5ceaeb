package ctl

import (
	"fmt"
	"net/http"
	"strconv"
)

// OwnName is the program of Leveret's own commands, which are called without its name.
const OwnName = "leveret"

// ownCommands are those of leveret itself, beside the broker and its load generator.
func ownCommands() []command {
	return []command{
		{"status", "", 0, 0, "Tell how the broker is", nil, status},
		{"queues", "[<column> ...]", 0, without, "List the queues of a virtual host", nil, func(c *call) error {
			return c.knownColumns(at("queues", c.options.vhost), queueColumns(), "name", "type", "state", "messages_ready", "messages_unacknowledged", "consumers", "memory")
		}},
		{"connections", "[<column> ...]", 0, without, "List connections", nil, func(c *call) error {
			return c.knownColumns(at("connections"), connectionColumns(), "name", "user", "vhost", "state", "channels", "recv_oct", "send_oct")
		}},
		{"publish", "<exchange> <routing key> [<payload>|-]", 2, 3, "Publish a message; the payload may come from standard input", nil, publishOne},
		{"get", "<queue> [<count>]", 1, 2, "Take messages out of a queue", nil, func(c *call) error { return c.fetch("ack_requeue_false") }},
		{"peek", "<queue> [<count>]", 1, 2, "Show the first messages of a queue, which keeps them, as redelivered ones", nil, func(c *call) error { return c.fetch("ack_requeue_true") }},
		{"purge", "<queue> [<queue> ...]", 1, without, "Drop the ready messages of queues", nil, purge},
		{"move", "<queue> [<destination>] [--count <n>] [--to-vhost <vhost>] [--exchange <exchange> [--routing-key <key>]]", 1, 2,
			"Move the messages of a queue to another one, or to an exchange, without losing any", nil, moveMessages},
		{"trace", "[--vhost <vhost>] [--queue <pattern>] [--exchange <pattern>] [--user <name>] [--body <octets>] [--count <n>]", 0, 0,
			"Show messages as they are published and delivered, until it is interrupted", nil, traceMessages},
		{"top", "[queues|connections] [--by <order>] [--interval <time>] [--once] [--count <rows>]", 0, 1,
			"Show the queues or connections that do most, again and again", nil, top},
		{"export", "[<file>|-]", 0, 1, "Write all definitions to a file or standard output", nil, func(c *call) error {
			if len(c.args) == 0 {
				c.args = []string{"-"}
			}
			bar := c.progress("exporting, octets:", 0)
			defer bar.end()
			c.received = bar.at
			return exportDefinitions(c)
		}},
		{"import", "<file>|- [--dry-run]", 1, 1, "Import definitions; --dry-run shows what would be new or different", nil, importOwn},
		{"doctor", "", 0, 0, "Look for what would trouble the broker", nil, doctor},
	}
}

func publishOne(c *call) error {
	payload := c.arg(2)
	if len(c.args) == 2 || payload == "-" {
		octets, err := c.input("-")
		if err != nil {
			return err
		}
		payload = string(octets)
	}
	exchange := c.args[0]
	if exchange == "" {
		exchange = "amq.default"
	}
	var answer struct{ Routed bool }
	m := object{"properties": object{"delivery_mode": 2}, "routing_key": c.args[1], "payload": payload, "payload_encoding": "string"}
	if err := c.do(http.MethodPost, at("exchanges", c.options.vhost, exchange, "publish"), m, &answer); err != nil {
		return err
	}
	if !answer.Routed {
		return &failure{dataError, "no queue gets messages with this routing key"}
	}
	return nil
}

// purge drops the ready messages of queues, one after the other.
func purge(c *call) error {
	bar := c.progress("purging", int64(len(c.args)))
	defer bar.end()
	for i, name := range c.args {
		if err := c.do(http.MethodDelete, at("queues", c.options.vhost, name, "contents"), nil, nil); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		bar.at(int64(i + 1))
	}
	return nil
}

// fetch gets messages, and does with them what the mode says.
func (c *call) fetch(mode string) error {
	count := 1
	if len(c.args) == 2 {
		n, err := strconv.Atoi(c.args[1])
		if err != nil || n < 1 {
			return &failure{usageError, fmt.Sprintf("the count %q is no number above zero", c.args[1])}
		}
		count = n
	}
	var messages []object
	ask := object{"count": count, "ackmode": mode, "encoding": "auto"}
	if err := c.do(http.MethodPost, at("queues", c.options.vhost, c.args[0], "get"), ask, &messages); err != nil {
		return err
	}
	return c.show([]string{"exchange", "routing_key", "redelivered", "payload_bytes", "payload"}, messages)
}

// knownColumns shows a list with the columns of the arguments, which have to be known.
func (c *call) knownColumns(path string, known []string, usual ...string) error {
	if err := c.validColumns(known); err != nil {
		return err
	}
	return c.columns(path, usual...)
}
