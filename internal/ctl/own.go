package ctl

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// OwnName is the program of Leveret's own commands, which are called without its name.
const OwnName = "leveret"

// ownCommands are those of leveret itself, beside the broker and its load generator.
func ownCommands() []command {
	return []command{
		{"status", "", 0, 0, "Tell how the broker is", nil, status},
		{"queues", "[<column> ...]", 0, without, "List the queues of a virtual host", nil, func(c *call) error {
			return c.columns(at("queues", c.options.vhost), queueColumns(), "name", "type", "state", "messages_ready", "messages_unacknowledged", "consumers", "memory")
		}},
		{"connections", "[<column> ...]", 0, without, "List connections", nil, func(c *call) error {
			return c.columns(at("connections"), connectionColumns(), "name", "user", "vhost", "state", "channels", "recv_oct", "send_oct")
		}},
		{"publish", "<exchange> <routing key> [<payload>|-]", 2, 3, "Publish a message; the payload may come from standard input", nil, publishOne},
		{"get", "<queue> [<count>]", 1, 2, "Take messages out of a queue", nil, func(c *call) error { return c.fetch("ack_requeue_false") }},
		{"peek", "<queue> [<count>]", 1, 2, "Show the first messages of a queue, which keeps them, as redelivered ones", nil, func(c *call) error { return c.fetch("ack_requeue_true") }},
		{"purge", "<queue>", 1, 1, "Drop the ready messages of a queue", nil, func(c *call) error {
			return c.do(http.MethodDelete, at("queues", c.options.vhost, c.args[0], "contents"), nil, nil)
		}},
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

// importOwn imports a file, or tells what that would do.
func importOwn(c *call) error {
	file, err := c.input(c.args[0])
	if err != nil {
		return &failure{dataError, err.Error()}
	}
	if !c.options.dry {
		return c.do(http.MethodPost, at("definitions"), file, nil)
	}
	var wanted, current map[string]json.RawMessage
	if err := json.Unmarshal(file, &wanted); err != nil {
		return &failure{dataError, "the file is no JSON object: " + err.Error()}
	}
	if err := c.get(at("definitions"), &current); err != nil {
		return err
	}
	differences := 0
	for _, kind := range definitionKinds() {
		list, err := listOf(kind, wanted[kind])
		if err != nil {
			return err
		}
		there, err := listOf(kind, current[kind])
		if err != nil {
			return err
		}
		for _, line := range differing(kind, list, there) {
			c.say("%s", line)
			differences++
		}
	}
	if differences == 0 {
		c.say("nothing would change")
	}
	return nil
}

// definitionKinds are the lists of a file of definitions, in the order of an import.
func definitionKinds() []string {
	return strings.Fields("users vhosts permissions topic_permissions global_parameters policies parameters exchanges queues bindings")
}

func listOf(kind string, raw json.RawMessage) ([]object, error) {
	var list []object
	if raw == nil {
		return nil, nil
	}
	if err := json.Unmarshal(raw, &list); err != nil {
		return nil, &failure{dataError, kind + " is no list of objects: " + err.Error()}
	}
	return list, nil
}

// differing tells of what is new, and of what is there and would be changed.
func differing(kind string, wanted, current []object) (lines []string) {
	for _, w := range wanted {
		name := identity(w)
		i := slices.IndexFunc(current, func(o object) bool { return identity(o) == name })
		if i < 0 {
			lines = append(lines, fmt.Sprintf("+ %s %s", kind, name))
			continue
		}
		if kind == "exchanges" || kind == "queues" {
			continue // which stay as they are
		}
		for key, value := range w {
			if was := term(current[i][key]); was != term(value) {
				lines = append(lines, fmt.Sprintf("~ %s %s: %s is %q, would be %q", kind, name, key, was, term(value)))
			}
		}
	}
	slices.Sort(lines)
	return lines
}

// identity is what tells an object of its kind from the others.
func identity(o object) string {
	var parts []string
	for _, key := range strings.Fields("vhost component name user exchange source destination_type destination routing_key") {
		if v, ok := o[key]; ok {
			parts = append(parts, term(v))
		}
	}
	if _, binding := o["source"]; binding {
		parts = append(parts, term(o["arguments"]))
	}
	return strings.Join(parts, " ")
}

// What doctor wants of a machine.
const (
	fewFiles = 10_000 // open files: less is few for a broker of many clients
	nearDisk = 2      // times the limit: free disk below it will soon be an alarm
)

func doctor(c *call) error {
	n, err := c.theNode()
	if err != nil {
		return err
	}
	number := func(key string) float64 { f, _ := n[key].(float64); return f }
	problems := 0
	look := func(what string, well bool, advice string) {
		if well {
			c.say("ok       %s", what)
			return
		}
		problems++
		c.say("problem  %s: %s", what, advice)
	}
	look("memory", n["mem_alarm"] != true, "publishers are blocked: consume what is queued, or raise memory-high-watermark")
	look("disk", n["disk_free_alarm"] != true && number("disk_free") > nearDisk*number("disk_free_limit"), "free space comes near disk-free-limit, where publishers are blocked")
	look("open files", number("fd_total") == 0 || number("fd_total") >= fewFiles, fmt.Sprintf("the limit is %.0f: raise it (ulimit -n, LimitNOFILE)", number("fd_total")))
	for _, check := range []struct{ what, path, advice string }{
		{"virtual hosts", "virtual-hosts", "one is down: see the log"},
		{"certificates", "certificate-expiration/1/months", "one ends within a month: renew it"},
	} {
		look(check.what, c.healthy(check.path) == nil, check.advice)
	}
	if problems > 0 {
		return &failure{unavailable, fmt.Sprintf("%d problems", problems)}
	}
	return nil
}
