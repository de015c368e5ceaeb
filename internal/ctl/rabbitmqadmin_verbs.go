package ctl

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
)

// verbs are the actions, which get the words behind them.
func verbs() map[string]func(*adminCall) error {
	return map[string]func(*adminCall) error{
		"help": (*adminCall).help, "list": (*adminCall).list, "show": (*adminCall).showOne,
		"declare": (*adminCall).declare, "delete": (*adminCall).remove, "close": (*adminCall).closeOne, "purge": (*adminCall).purge,
		"publish": (*adminCall).publish, "get": (*adminCall).fetch, "export": (*adminCall).export, "import": (*adminCall).importFile,
	}
}

// kind is what a verb acts on.
type kind struct {
	name      string
	path      string   // its parameters in braces
	mandatory []string // a bar parts those of which one will do
	optional  []string // with "=value" where there is a default
	json      []string // those that are JSON
}

func declarable() []kind {
	const policy = "/policies/{vhost}/{name}"
	rule := kind{"policy", policy, []string{"name", "pattern", "definition"}, []string{"priority=0", "apply-to"}, []string{"definition", "priority"}}
	operator := rule
	operator.name, operator.path = "operator_policy", "/operator-policies/{vhost}/{name}"
	arguments := []string{"arguments"}
	return []kind{
		{"exchange", "/exchanges/{vhost}/{name}", []string{"name", "type"}, []string{"auto_delete=false", "durable=true", "internal=false", "arguments={}"}, arguments},
		{"queue", "/queues/{vhost}/{name}", []string{"name"}, []string{"auto_delete=false", "durable=true", "arguments={}", "node", "queue_type"}, arguments},
		{"binding", "/bindings/{vhost}/e/{source}/{destination_char}/{destination}", []string{"source", "destination"},
			[]string{"destination_type=queue", "routing_key=", "arguments={}"}, arguments},
		{"vhost", "/vhosts/{name}", []string{"name"}, []string{"tracing", "default_queue_type"}, nil},
		{"user", "/users/{name}", []string{"name", "password|password_hash", "tags"}, []string{"hashing_algorithm"}, nil},
		{"permission", "/permissions/{vhost}/{user}", []string{"vhost", "user", "configure", "write", "read"}, nil, nil},
		{"parameter", "/parameters/{component}/{vhost}/{name}", []string{"component", "name", "value"}, nil, []string{"value"}},
		rule, operator,
		{"vhost_limit", "/vhost-limits/{vhost}/{name}", []string{"vhost", "name", "value"}, nil, []string{"value"}},
	}
}

func deletable() []kind {
	var all []kind
	for _, one := range declarable() {
		one.optional, one.json = nil, nil
		switch one.name {
		case "binding":
			one.path += "/{properties_key}"
			one.mandatory, one.optional = []string{"source", "destination_type", "destination"}, []string{"properties_key=~"}
		case "permission":
			one.mandatory = []string{"vhost", "user"}
		case "parameter":
			one.mandatory = []string{"component", "name"}
		case "vhost_limit":
			one.mandatory = []string{"vhost", "name"}
		default:
			one.mandatory = []string{"name"}
		}
		all = append(all, one)
	}
	return all
}

func closable() []kind {
	return []kind{{name: "connection", path: "/connections/{name}", mandatory: []string{"name"}}}
}

func purgeable() []kind {
	return []kind{{name: "queue", path: "/queues/{vhost}/{name}/contents", mandatory: []string{"name"}}}
}

func messageVerbs() []kind {
	return []kind{
		{"publish", "/exchanges/{vhost}/{exchange}/publish", []string{"routing_key"},
			[]string{"payload", "properties={}", "exchange=amq.default", "payload_encoding=string"}, []string{"properties"}},
		{"get", "/queues/{vhost}/{queue}/get", []string{"queue"}, []string{"count=1", "ackmode=ack_requeue_true", "payload_file", "encoding=auto"}, nil},
	}
}

var errNoJSON = errors.New("Could not parse JSON")

// upload is what key=value words make: the path, and the body.
func (c *adminCall) upload(k kind, words []string) (path string, body object, err error) {
	body = object{}
	for _, one := range k.optional {
		if name, value, given := strings.Cut(one, "="); given {
			body[name] = k.value(name, value)
		}
	}
	for _, word := range words {
		name, value, pair := strings.Cut(word, "=")
		if !pair {
			return "", nil, wrongUse("Argument \"%s\" not in the name=value format", word)
		}
		if !slices.Contains(k.names(), name) {
			return "", nil, wrongUse("Argument \"%s\" is not recognised", name)
		}
		if slices.Contains(k.json, name) && !json.Valid([]byte(value)) {
			return "", nil, fmt.Errorf("%w:\n  %s", errNoJSON, value)
		}
		body[name] = k.value(name, value)
	}
	if err := k.complete(body); err != nil {
		return "", nil, err
	}
	if !slices.Contains(k.mandatory, "vhost") {
		if body["vhost"] = c.set["vhost"]; body["vhost"] == "" {
			body["vhost"] = c.set["declare_vhost"]
		}
	}
	path, err = k.fill(body)
	return path, body, err
}

func (k kind) value(name, text string) any {
	if slices.Contains(k.json, name) || name == "arguments" {
		return json.RawMessage(text)
	}
	return text
}

// names are all arguments.
func (k kind) names() []string {
	names := strings.Split(strings.Join(k.mandatory, "|"), "|")
	for _, one := range k.optional {
		name, _, _ := strings.Cut(one, "=")
		names = append(names, name)
	}
	return names
}

// complete says whether all that is mandatory is there.
func (k kind) complete(body object) error {
	for _, one := range k.mandatory {
		choices := strings.Split(one, "|")
		if slices.ContainsFunc(choices, func(name string) bool { return body[name] != nil }) {
			continue
		}
		if len(choices) > 1 {
			return wrongUse("one of mandatory arguments \"['%s']\" is required", strings.Join(choices, "', '"))
		}
		return wrongUse("mandatory argument \"%s\" is required", one)
	}
	return nil
}

// fill puts arguments into the path.
func (k kind) fill(body object) (string, error) {
	segments := strings.Split(k.path, "/")
	for i, s := range segments {
		name, parameter := strings.CutPrefix(s, "{")
		if !parameter {
			continue
		}
		name = strings.TrimSuffix(name, "}")
		from := name
		if name == "destination_char" {
			from = "destination_type"
		}
		value, _ := body[from].(string)
		if value == "" {
			return "", fmt.Errorf("the argument %q must not be empty", from)
		}
		if name == "destination_char" {
			value = value[:1]
		}
		segments[i] = quoted(value)
	}
	return strings.Join(segments, "/"), nil
}

// quoted is a segment of a path as Python escapes it: all but letters, digits and _.-~.
func quoted(text string) string {
	var out strings.Builder
	for i := range len(text) {
		b := text[i]
		if b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9' || strings.IndexByte("_.-~", b) >= 0 {
			out.WriteByte(b)
		} else {
			fmt.Fprintf(&out, "%%%02X", b)
		}
	}
	return out.String()
}

// object finds what the first word says, and reads the others.
func (c *adminCall) object(among []kind) (k kind, path string, body object, err error) {
	if len(c.words) == 0 {
		return k, "", nil, wrongUse("Type not specified")
	}
	at := slices.IndexFunc(among, func(k kind) bool { return k.name == c.words[0] })
	if at < 0 {
		return k, "", nil, wrongUse("Type %s not recognised", c.words[0])
	}
	k = among[at]
	path, body, err = c.upload(k, c.words[1:])
	return k, path, body, err
}

func (c *adminCall) declare() error {
	k, path, body, err := c.object(declarable())
	if err != nil {
		return err
	}
	if kind, given := body["queue_type"]; given && k.name == "queue" {
		arguments := object{}
		raw, _ := body["arguments"].(json.RawMessage)
		if err := json.Unmarshal(raw, &arguments); err != nil {
			return fmt.Errorf("arguments are no JSON object: %w", err)
		}
		arguments["x-queue-type"] = kind
		body["arguments"] = arguments
	}
	method := http.MethodPut
	if k.name == "binding" {
		method = http.MethodPost
	}
	if _, err := c.remote.call(method, path, body); err != nil {
		return err
	}
	c.say("%s declared", k.name)
	return nil
}

// end deletes what a word says.
func (c *adminCall) end(among []kind, done string) error {
	k, path, _, err := c.object(among)
	if err != nil {
		return err
	}
	if _, err = c.remote.call(http.MethodDelete, path, nil); err != nil && (!c.lenient || !missing(err)) {
		return err
	}
	c.say("%s %s", k.name, done)
	return nil
}

func (c *adminCall) remove() error   { return c.end(deletable(), "deleted") }
func (c *adminCall) closeOne() error { return c.end(closable(), "closed") }
func (c *adminCall) purge() error    { return c.end(purgeable(), "purged") }

func (c *adminCall) publish() error {
	path, body, err := c.upload(messageVerbs()[0], c.words)
	if err != nil {
		return err
	}
	if _, given := body["payload"]; !given {
		octets, err := io.ReadAll(c.Stdin)
		if err != nil {
			return err
		}
		body["payload"], body["payload_encoding"] = base64.StdEncoding.EncodeToString(octets), "base64"
	}
	answer, err := c.remote.call(http.MethodPost, path, body)
	if err != nil {
		return err
	}
	var told struct{ Routed bool }
	if err := json.Unmarshal([]byte(answer), &told); err != nil {
		return err
	}
	if told.Routed {
		c.say("Message published")
	} else {
		c.say("Message published but NOT routed")
	}
	return nil
}

// fetch takes messages out.
func (c *adminCall) fetch() error {
	path, body, err := c.upload(messageVerbs()[1], c.words)
	if err != nil {
		return err
	}
	file, _ := body["payload_file"].(string)
	if file != "" && body["count"] != "1" {
		return wrongUse("Cannot get multiple messages using payload_file")
	}
	answer, err := c.remote.call(http.MethodPost, path, body)
	if err != nil {
		return err
	}
	if file == "" {
		return c.print(answer, nil, nil)
	}
	if err := writePayload(file, answer); err != nil {
		return err
	}
	return c.print(answer, []string{"routing_key", "exchange", "message_count", "payload_bytes", "redelivered"}, nil)
}

func writePayload(file, answer string) error {
	var messages []struct {
		Payload  string
		Encoding string `json:"payload_encoding"`
	}
	if err := json.Unmarshal([]byte(answer), &messages); err != nil {
		return err
	}
	if len(messages) == 0 {
		return errors.New("the queue is empty")
	}
	octets := []byte(messages[0].Payload)
	if messages[0].Encoding == "base64" {
		decoded, err := base64.StdEncoding.DecodeString(messages[0].Payload)
		if err != nil {
			return err
		}
		octets = decoded
	}
	const private = 0o600
	return os.WriteFile(file, octets, private)
}

// only is the one word that there has to be.
func (c *adminCall) only() (string, error) {
	if len(c.words) != 1 {
		return "", wrongUse("Exactly one argument required")
	}
	return c.words[0], nil
}

func (c *adminCall) definitionsPath() string {
	if vhost := c.set["vhost"]; vhost != "" {
		return "/definitions/" + quoted(vhost)
	}
	return "/definitions"
}

func (c *adminCall) export() error {
	file, err := c.only()
	if err != nil {
		return err
	}
	answer, err := c.remote.call(http.MethodGet, c.definitionsPath(), nil)
	if err != nil {
		return err
	}
	const private = 0o600 // there are hashes of passwords in it
	if err := os.WriteFile(file, []byte(answer), private); err != nil {
		return err
	}
	c.say("Exported definitions for %s to \"%s\"", c.set["hostname"], file)
	return nil
}

func (c *adminCall) importFile() error {
	file, err := c.only()
	if err != nil {
		return err
	}
	octets, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if _, err := c.remote.call(http.MethodPost, c.definitionsPath(), octets); err != nil {
		return err
	}
	// The script has the two the wrong way round, and so have those who look for the line.
	c.say("Uploaded definitions from \"%s\" to %s. The import process may take some time. Consult server logs to track progress.",
		c.set["hostname"], file)
	return nil
}
