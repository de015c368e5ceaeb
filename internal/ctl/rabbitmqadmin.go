package ctl

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"
)

// AdminName is the program that calls the HTTP API with a name and a password. Its
// grammar is that of the Python script of RabbitMQ 3 (verb, object, key=value); words of
// the program of RabbitMQ 4 (queues list, --name value) are taken for the same.
const AdminName = "rabbitmqadmin"

// kind is an object of rabbitmqadmin.
type kind struct {
	path      string   // of one object, its parameters in braces
	mandatory []string // to declare it; a bar parts those of which one will do
	optional  []string
	deleted   []string // mandatory to delete it; nil are those of the path
}

func kinds() map[string]kind {
	policy := kind{path: "/policies/{vhost}/{name}", mandatory: []string{"name", "pattern", "definition"}, optional: []string{"priority", "apply-to"}, deleted: []string{"name"}}
	operator := policy
	operator.path = "/operator-policies/{vhost}/{name}"
	return map[string]kind{
		"exchange":        {"/exchanges/{vhost}/{name}", []string{"name", "type"}, []string{"auto_delete", "durable", "internal", "arguments"}, []string{"name"}},
		"queue":           {"/queues/{vhost}/{name}", []string{"name"}, []string{"auto_delete", "durable", "arguments", "node", "queue_type", "type"}, []string{"name"}},
		"binding":         {"/bindings/{vhost}/e/{source}/{destination_char}/{destination}", []string{"source", "destination"}, []string{"destination_type", "routing_key", "arguments"}, []string{"source", "destination_type", "destination"}},
		"vhost":           {"/vhosts/{name}", []string{"name"}, []string{"tracing", "description", "default_queue_type", "tags"}, []string{"name"}},
		"user":            {"/users/{name}", []string{"name", "password|password_hash", "tags"}, []string{"hashing_algorithm"}, []string{"name"}},
		"permission":      {"/permissions/{vhost}/{user}", []string{"vhost", "user", "configure", "write", "read"}, nil, []string{"vhost", "user"}},
		"parameter":       {"/parameters/{component}/{vhost}/{name}", []string{"component", "name", "value"}, nil, []string{"component", "name"}},
		"policy":          policy,
		"operator_policy": operator,
		"vhost_limit":     {"/vhost-limits/{vhost}/{name}", []string{"vhost", "name", "value"}, nil, []string{"vhost", "name"}},
	}
}

// adminCall is a run of rabbitmqadmin.
type adminCall struct {
	call
	host  string
	words []string
	given map[string]string // key=value
}

// adminOptions maps the options to names; those without a value end in an exclamation
// mark.
func adminOptions() map[string]string {
	return map[string]string{
		"-H": "host", "--host": "host", "-P": "port", "--port": "port", "-V": "vhost", "--vhost": "vhost",
		"-u": "user", "--username": "user", "-p": "password", "--password": "password", "-U": "base", "--base-uri": "base",
		"-f": "format", "--format": "format", "-q": "quiet!", "--quiet": "quiet!", "-s": "tls!", "--ssl": "tls!", "--use-tls": "tls!",
		"-N": "node", "--node": "node", "-c": "config", "--config": "config", "-S": "sort", "--sort": "sort", "-R": "reverse!",
		"--sort-reverse": "reverse!", "-d": "depth", "--depth": "depth", "-y": "declare_vhost", "--path-prefix": "prefix",
		"--request-timeout": "timeout", "--bash-completion": "completion!", "-k": "insecure!", "--ssl-insecure": "insecure!",
		"--ssl-ca-cert-file": "ca", "--ssl-cert-file": "cert", "--ssl-key-file": "key",
	}
}

// runAdmin runs rabbitmqadmin; its exit status is 1 for whatever is wrong.
func runAdmin(args []string, e Environment) int {
	c := &adminCall{call: call{Environment: e}, given: make(map[string]string)}
	set, err := c.parse(args)
	if err == nil {
		c.reach(set)
		err = c.dispatch(set)
	}
	if err == nil {
		return 0
	}
	var usage *failure
	if errors.As(err, &usage) && usage.status == usageError {
		fmt.Fprintf(e.Stderr, "\nERROR: %v\n\n%s --help for help\n\n", err, AdminName)
		return 1
	}
	var r *refusal
	switch {
	case missing(err):
		fmt.Fprintf(e.Stderr, "*** Not found: %v\n", err)
	case errors.As(err, &r) && r.status == http.StatusUnauthorized:
		fmt.Fprintf(e.Stderr, "*** Access refused: %v\n", err)
	default:
		fmt.Fprintf(e.Stderr, "*** %v\n", err)
	}
	return 1
}

func wrongUse(format string, args ...any) error {
	return &failure{usageError, fmt.Sprintf(format, args...)}
}

// parse takes options out, wherever they are, and parts words from key=value.
func (c *adminCall) parse(args []string) (map[string]string, error) {
	set := map[string]string{"format": "pretty_table", "host": "localhost", "vhost": "/", "user": "guest", "password": "guest", "timeout": "60"}
	known := adminOptions()
	for i := 0; i < len(args); i++ {
		arg := args[i]
		name, value, joined := strings.Cut(arg, "=")
		option, isOption := known[name]
		switch {
		case isOption && strings.HasSuffix(option, "!"):
			set[strings.TrimSuffix(option, "!")] = "true"
		case isOption || strings.HasPrefix(arg, "--") && arg != "--help":
			if !joined {
				if i++; i == len(args) {
					return nil, wrongUse("%s needs a value", arg)
				}
				value = args[i]
			}
			if isOption {
				set[option] = value
			} else { // as RabbitMQ 4's spells what the script has as key=value
				c.given[strings.ReplaceAll(strings.TrimPrefix(name, "--"), "-", "_")] = value
			}
		case joined:
			c.given[name] = value
		default:
			c.words = append(c.words, arg)
		}
	}
	c.words = inOrder(c.words)
	return set, nil
}

// inOrder makes "list queues" of "queues list", and "declare queue" of "queues declare".
func inOrder(words []string) []string {
	if len(words) < 2 {
		return words
	}
	verbs := []string{"list", "declare", "delete", "purge", "show", "close", "publish", "get"}
	for _, verb := range verbs {
		if words[1] != verb || words[0] == verb {
			continue
		}
		noun := words[0]
		if verb != "list" && verb != "show" {
			noun = strings.TrimSuffix(strings.TrimSuffix(noun, "s"), "ie")
			if noun == "polic" {
				noun = "policy"
			}
		}
		if verb == "publish" || verb == "get" {
			return append([]string{verb}, words[2:]...)
		}
		return append([]string{verb, noun}, words[2:]...)
	}
	return words
}

// reach makes the client. Without any option about where the broker is, it is on this
// machine.
func (c *adminCall) reach(set map[string]string) {
	timeout, err := time.ParseDuration(set["timeout"] + "s")
	if err != nil {
		timeout = time.Minute
	}
	address := set["base"]
	if address == "" {
		scheme, port := "http", set["port"]
		if set["tls"] != "" {
			scheme = "https"
		}
		if port == "" {
			port = map[string]string{"http": "15672", "https": "15671"}[scheme]
		}
		address = scheme + "://" + set["host"] + ":" + port + set["prefix"]
	}
	c.host = set["host"]
	c.client = newRemoteClient(address, set["user"], set["password"], timeout)
	c.options.vhost, c.options.quiet = set["vhost"], set["quiet"] != ""
}

func (c *adminCall) dispatch(set map[string]string) error {
	if len(c.words) == 0 {
		return wrongUse("Action not specified")
	}
	noun := ""
	if len(c.words) > 1 {
		noun = c.words[1]
	}
	switch verb := c.words[0]; verb {
	case "list", "show":
		return c.listAdmin(noun, set)
	case "declare":
		return c.declare(noun)
	case "delete":
		return c.remove(noun)
	case "purge":
		return c.purge()
	case "close":
		if err := c.need("name"); err != nil {
			return err
		}
		return c.told("connection closed", c.do(http.MethodDelete, at("connections", c.given["name"]), nil, nil))
	case "publish":
		return c.publish()
	case "get":
		return c.getAdmin(set)
	case "export":
		return c.exportAdmin(noun)
	case "import":
		return c.importAdmin(noun)
	case "help", "--help":
		fmt.Fprintf(c.Stdout, "Usage\n\n%s [-H host] [-P port] [-u user] [-p password] [-V vhost] [-f format] "+
			"list|show|declare|delete|purge|close|publish|get|export|import ...\n", AdminName)
		return nil
	default:
		return wrongUse("Action %s not understood", verb)
	}
}

// need requires arguments; a bar parts those of which one will do.
func (c *adminCall) need(names ...string) error {
	for _, name := range names {
		found := false
		for _, one := range strings.Split(name, "|") {
			_, given := c.given[one]
			found = found || given
		}
		if !found && name != "vhost" { // which has a default
			return wrongUse("mandatory argument \"%s\" is required", name)
		}
	}
	return nil
}

// told says what was done.
func (c *adminCall) told(what string, err error) error {
	if err == nil && !c.options.quiet {
		fmt.Fprintln(c.Stdout, what)
	}
	return err
}

func (c *adminCall) declare(name string) error {
	k, known := kinds()[name]
	if !known {
		return wrongUse("declare %s not understood", name)
	}
	if err := c.need(k.mandatory...); err != nil {
		return err
	}
	upload, err := c.upload(append(k.mandatory, k.optional...))
	if err != nil {
		return err
	}
	method := http.MethodPut
	if name == "binding" {
		method = http.MethodPost
		upload["destination_type"] = c.or("destination_type", "queue")
	}
	return c.told(name+" declared", c.do(method, c.fill(k.path), upload, nil))
}

// upload is the body that declares an object.
func (c *adminCall) upload(known []string) (object, error) {
	allowed := strings.Split(strings.Join(known, "|"), "|")
	upload := object{}
	for key, value := range c.given {
		found := false
		for _, one := range allowed {
			found = found || one == key || one == "apply-to" && key == "apply_to"
		}
		if !found && key != "vhost" {
			return nil, wrongUse("Argument \"%s\" is not recognised", key)
		}
		upload[key] = value
		switch key {
		case "arguments", "definition", "value", "priority", "properties":
			if !json.Valid([]byte(value)) {
				return nil, wrongUse("Could not parse JSON:\n  %s", value)
			}
			upload[key] = json.RawMessage(value)
		case "apply_to":
			delete(upload, key)
			upload["apply-to"] = value
		}
	}
	if t := c.or("queue_type", c.given["type"]); t != "" && c.given["name"] != "" && upload["queue_type"] != nil {
		var arguments object
		if raw, ok := upload["arguments"].(json.RawMessage); ok {
			if err := json.Unmarshal(raw, &arguments); err != nil {
				return nil, wrongUse("the arguments are no JSON object: %v", err)
			}
		}
		if arguments == nil {
			arguments = object{}
		}
		arguments["x-queue-type"] = t
		upload["arguments"] = arguments
		delete(upload, "queue_type")
	}
	return upload, nil
}

// or is an argument, or what stands for it.
func (c *adminCall) or(name, otherwise string) string {
	if value, given := c.given[name]; given {
		return value
	}
	return otherwise
}

// fill puts arguments into a path.
func (c *adminCall) fill(path string) string {
	segments := strings.Split(strings.TrimPrefix(path, "/"), "/")
	for i, s := range segments {
		switch s {
		case "{vhost}":
			segments[i] = c.or("vhost", c.options.vhost)
		case "{destination_char}":
			segments[i] = c.or("destination_type", "queue")[:1]
		default:
			if name, parameter := strings.CutPrefix(s, "{"); parameter {
				segments[i] = c.given[strings.TrimSuffix(name, "}")]
			}
		}
	}
	return at(segments...)
}

func (c *adminCall) remove(name string) error {
	k, known := kinds()[name]
	if !known {
		return wrongUse("delete %s not understood", name)
	}
	if err := c.need(k.deleted...); err != nil {
		return err
	}
	path := c.fill(k.path)
	if name == "binding" {
		path += "/" + at(c.or("properties_key", "~"))[len("/api/"):]
	}
	err := c.do(http.MethodDelete, path, nil, nil)
	if missing(err) {
		return &refusal{http.StatusNotFound, path}
	}
	return c.told(name+" deleted", err)
}

func (c *adminCall) purge() error {
	if err := c.need("name"); err != nil {
		return err
	}
	return c.told("queue purged", c.do(http.MethodDelete, at("queues", c.or("vhost", c.options.vhost), c.given["name"], "contents"), nil, nil))
}

func (c *adminCall) publish() error {
	if err := c.need("routing_key"); err != nil {
		return err
	}
	payload, given := c.given["payload"]
	if !given {
		octets, err := c.input("-")
		if err != nil {
			return err
		}
		payload = string(octets)
	}
	properties := json.RawMessage(c.or("properties", "{}"))
	m := object{"routing_key": c.given["routing_key"], "payload": payload, "payload_encoding": c.or("payload_encoding", "string"), "properties": properties}
	var answer struct{ Routed bool }
	if err := c.do(http.MethodPost, at("exchanges", c.options.vhost, c.or("exchange", "amq.default"), "publish"), m, &answer); err != nil {
		return err
	}
	if !answer.Routed {
		return c.told("Message published but NOT routed", nil)
	}
	return c.told("Message published", nil)
}

func (c *adminCall) getAdmin(set map[string]string) error {
	if err := c.need("queue"); err != nil {
		return err
	}
	ask := object{"count": json.Number(c.or("count", "1")), "ackmode": c.or("ackmode", "ack_requeue_true"), "encoding": c.or("encoding", "auto")}
	var messages []object
	if err := c.do(http.MethodPost, at("queues", c.options.vhost, c.given["queue"], "get"), ask, &messages); err != nil {
		return err
	}
	if file := c.given["payload_file"]; file != "" && len(messages) > 0 {
		const private = 0o600
		return os.WriteFile(file, []byte(term(messages[0]["payload"])), private)
	}
	columns := strings.Fields("routing_key exchange message_count payload payload_bytes payload_encoding properties redelivered")
	return writeAdmin(c.Stdout, set["format"], columns, messages)
}

func (c *adminCall) exportAdmin(file string) error {
	if file == "" {
		return wrongUse("Exactly one argument required")
	}
	c.args = []string{file}
	return c.told(fmt.Sprintf("Exported definitions for %s to \"%s\"", c.host, file), exportDefinitions(&c.call))
}

func (c *adminCall) importAdmin(file string) error {
	if file == "" {
		return wrongUse("Exactly one argument required")
	}
	c.args = []string{file}
	return c.told(fmt.Sprintf("Uploaded definitions from \"%s\" to %s. The import process may take some time. "+
		"Consult server logs to track progress.", c.host, file), importDefinitions(&c.call))
}
