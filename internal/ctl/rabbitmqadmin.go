package ctl

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// AdminName is the program that calls the HTTP API with a name and a password. Its
// grammar is that of the Python script of RabbitMQ 3 (verb, object, key=value); that of
// the program of RabbitMQ 4 (queues list, --name value) is put into the same words.
const AdminName = "rabbitmqadmin"

// scriptVersion is that of the script whose grammar this is.
const scriptVersion = "4.0.5"

// Statuses of rabbitmqadmin, beside zero.
const (
	scriptFails = 1
	// optionFails is what is wrong with an option.
	optionFails = 2
)

// adminCall is a run of rabbitmqadmin.
type adminCall struct {
	Environment
	words    []string
	set      map[string]string // options by their destination, as far as they are given
	explicit map[string]bool   // of the command line, or of a file
	lenient  bool              // a thing that is not there need not be deleted
	remote   remote
}

// runAdmin runs rabbitmqadmin.
func runAdmin(args []string, e Environment) int {
	c := &adminCall{Environment: e, set: make(map[string]string), explicit: make(map[string]bool)}
	err := c.parse(args)
	if err == nil {
		err = c.perform()
	}
	var wrong *failure
	switch {
	case err == nil:
		return 0
	case errors.As(err, &wrong) && wrong.status == optionFails:
		fmt.Fprintf(e.Stderr, "%s\n%s: error: %v\n", optionUsage, AdminName, err)
		return optionFails
	case errors.As(err, &wrong) && wrong.status == usageError:
		fmt.Fprintf(e.Stderr, "\nERROR: %v\n\n%s --help for help\n\n", err, AdminName)
	case errors.Is(err, errNoJSON):
		fmt.Fprintf(e.Stderr, "ERROR: %v\n", err)
	default:
		fmt.Fprintf(e.Stderr, "*** %v\n\n", err)
	}
	return scriptFails
}

func wrongUse(format string, args ...any) error {
	return &failure{usageError, fmt.Sprintf(format, args...)}
}

// parse reads the command line, in either grammar.
func (c *adminCall) parse(args []string) error {
	args, lenient := fromSecondGrammar(args)
	c.lenient = lenient
	words, set, err := parseOptions(args)
	if err != nil {
		return err
	}
	c.words, c.set = words, set
	return nil
}

// perform does what the command line says.
func (c *adminCall) perform() error {
	switch {
	case c.set["help"] != "":
		c.tell(optionHelp())
		return nil
	case c.set["version"] != "":
		c.tell(AdminName + " " + scriptVersion)
		return nil
	}
	if err := c.configure(); err != nil {
		return err
	}
	if c.set["bash_completion"] == "true" {
		c.tell(completionScript())
		return nil
	}
	if len(c.words) == 0 {
		return wrongUse("Action not specified")
	}
	run, known := verbs()[c.words[0]]
	if !known {
		return wrongUse("Action %s not understood", c.words[0])
	}
	c.words = c.words[1:]
	return run(c)
}

// tell prints what was asked for.
func (c *adminCall) tell(text string) { fmt.Fprintln(c.Stdout, text) }

// say prints what was done, unless it is to be quiet.
func (c *adminCall) say(format string, args ...any) {
	if c.set["verbose"] != "false" {
		fmt.Fprintf(c.Stdout, format+"\n", args...)
	}
}

// defaults are the options that are not given.
func defaults() map[string]string {
	return map[string]string{
		"hostname": "localhost", "port": "15672", "node": "default", "declare_vhost": "/", "username": "guest", "password": "guest",
		"request_timeout": "120", "format": "table", "depth": "1",
	}
}

// configure adds what the configuration file and the base URI say, and what is said
// nowhere.
func (c *adminCall) configure() error {
	for key := range c.set {
		c.explicit[key] = true
	}
	file, named := c.set["config"]
	if named && !isFile(file) {
		return wrongUse("Could not read config file '%s'", file)
	}
	if !named {
		file = c.usualFile()
	}
	if file != "" {
		if err := c.configureFrom(file); err != nil {
			return err
		}
	}
	for key, value := range defaults() {
		if _, given := c.set[key]; !given {
			c.set[key] = value
		}
	}
	if err := c.expandBase(); err != nil {
		return err
	}
	return c.connect()
}

func isFile(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.Mode().IsRegular()
}

// usualFile is the configuration file of the user; empty if there is none.
func (c *adminCall) usualFile() string {
	for _, variable := range []string{"USERPROFILE", "HOME"} {
		if home := c.Getenv(variable); home != "" {
			if file := filepath.Join(home, ".rabbitmqadmin.conf"); isFile(file) {
				return file
			}
			return ""
		}
	}
	return ""
}

// configureFrom reads the section of the node.
func (c *adminCall) configureFrom(file string) error {
	sections, err := readSections(file)
	if err != nil {
		return err
	}
	node, named := c.set["node"]
	if !named {
		node = defaults()["node"]
	}
	section, there := sections[node]
	if !there {
		if node == defaults()["node"] {
			return nil
		}
		return wrongUse("Could not read section '%s' in config file '%s':\n   No section: '%s'", node, file, node)
	}
	known := append(slices.Collect(maps.Keys(destinations())), "declare_vhost")
	for key, value := range section {
		switch {
		case !slices.Contains(known, key):
			return fmt.Errorf("%s: there is no option %q", file, key)
		case c.explicit[key]:
		default:
			c.set[key] = value
			if lower := strings.ToLower(value); lower == "true" || lower == "false" {
				c.set[key] = lower
			}
			c.explicit[key] = true
		}
	}
	return nil
}

// expandBase takes the host, the port and the user out of the base URI.
func (c *adminCall) expandBase() error {
	base := c.set["base_uri"]
	if base == "" {
		return nil
	}
	u, err := url.Parse(base)
	if err != nil {
		return wrongUse("--base-uri is no URI: %s", base)
	}
	if u.Hostname() != "" {
		c.set["hostname"] = strings.ToLower(u.Hostname())
	}
	if u.Port() != "" {
		c.set["port"] = u.Port()
	}
	if u.User != nil {
		c.set["username"] = u.User.Username()
		if password, given := u.User.Password(); given {
			c.set["password"] = password
		}
	}
	if u.Scheme == "https" {
		c.set["ssl"] = "true"
	}
	if u.Path != "" && u.Path != "/" {
		fmt.Fprint(c.Stderr, "WARNING: path in --base-uri is ignored. Please specify --vhost and/or --path-prefix separately.\n\n")
	}
	return nil
}
