package ctl

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"
)

// Environment is what a program runs in.
type Environment struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	// Getenv looks a variable of the environment up.
	Getenv func(name string) string
	// DataDir is the data directory whose control socket is used if nothing else is
	// said, and Version the broker's.
	DataDir, Version string
	// Size is that of the terminal behind Stdout or Stderr, in characters; zero if it
	// is none. Nil is that there is no terminal.
	Size func(io.Writer) (columns, rows int)
	// Context ends the commands that would go on for ever; with nil, a signal does.
	Context context.Context
}

// command is one row of a program's table.
type command struct {
	name        string
	arguments   string // as the usage shows them
	least, most int    // arguments; most may be without end
	about       string
	banner      func(c *call) string // nil is none
	run         func(c *call) error
}

// without is the end of a number of arguments that has none.
const without = 1 << 16

// program is a set of commands under a name.
type program struct {
	name     string
	commands []command
}

// call is a run of a command.
type call struct {
	*client
	Environment
	options options
	args    []string
	given   []string // all that stood behind the program's name
	name    string   // of the command
	answers *answering
}

// options are those that all commands share, and those of some.
type options struct {
	vhost, node, formatter        string
	quiet, silent, bare, long     bool
	timeout                       int
	socket, dataDir               string
	url, username, password       string
	priority                      int
	applyTo                       string
	ifEmpty, ifUnused, global     bool
	description, tags, queueType  optional
	online, offline, local, unres bool
	dry                           bool
	unit, pattern, ignored        string
	within, pid, number, duration int
	bySource, used, details, all  bool
	minimal                       bool
	own                           ownOptions
	vhostGiven, fitted, version   bool
}

func (o *options) flags() *pflag.FlagSet {
	f := pflag.NewFlagSet("", pflag.ContinueOnError)
	f.SetOutput(io.Discard)
	f.StringVarP(&o.vhost, "vhost", "p", "/", "virtual host")
	f.StringVarP(&o.node, "node", "n", "", "kept for scripts: there is one node")
	f.BoolVarP(&o.long, "longnames", "l", false, "kept for scripts")
	f.StringVar(&o.formatter, "formatter", formatTable, "table, pretty_table, json or csv")
	f.StringVar(&o.formatter, "format", formatTable, "table, pretty_table, json or csv")
	f.BoolVar(&o.dry, "dry-run", false, "tell what an import would do")
	f.BoolVarP(&o.quiet, "quiet", "q", false, "no announcements")
	f.BoolVar(&o.version, "version", false, "the version of the program")
	f.BoolVarP(&o.silent, "silent", "s", false, "no announcements and no headers")
	f.BoolVar(&o.bare, "no-table-headers", false, "no headers")
	f.IntVarP(&o.timeout, "timeout", "t", 60, "seconds")
	f.StringVar(&o.socket, "socket", "", "control socket of the broker")
	f.StringVar(&o.dataDir, "data-dir", "", "data directory of the broker")
	f.StringVar(&o.url, "url", "", "HTTP API of the broker")
	f.StringVar(&o.username, "username", "guest", "user at the URL")
	f.StringVar(&o.password, "password", "guest", "password at the URL")
	f.IntVar(&o.priority, "priority", 0, "priority of a policy")
	f.StringVar(&o.applyTo, "apply-to", "all", "what a policy applies to")
	f.BoolVarP(&o.ifEmpty, "if-empty", "e", false, "delete a queue only if it is empty")
	f.BoolVarP(&o.ifUnused, "if-unused", "u", false, "delete a queue only if nobody consumes")
	f.BoolVar(&o.global, "global", false, "all virtual hosts")
	f.Var(&o.description, "description", "of a virtual host")
	f.Var(&o.tags, "tags", "of a virtual host")
	f.Var(&o.queueType, "default-queue-type", "of a virtual host")
	f.BoolVar(&o.online, "online", false, "kept for scripts")
	f.BoolVar(&o.offline, "offline", false, "kept for scripts")
	f.BoolVar(&o.local, "local", false, "kept for scripts")
	f.BoolVar(&o.unres, "unresponsive", false, "kept for scripts")
	f.StringVar(&o.own.user, "user", "", "name of the user")
	o.addUpkeep(f)
	return f
}

// Own are the names of Leveret's own commands, and what they are about.
func Own() map[string]string {
	own := make(map[string]string)
	for _, one := range ownCommands() {
		own[one.name] = one.about
	}
	return own
}

// Word is the first of the arguments that is neither an option nor the value of one;
// empty if there is none, or an option is not known here.
func Word(args []string) string {
	var o options
	flags := o.flags()
	o.own.add(flags)
	flags.SetInterspersed(false)
	if flags.Parse(args) != nil {
		return ""
	}
	return flags.Arg(0)
}

// Programs are the names that Run knows, beside OwnName.
func Programs() []string {
	var names []string
	for _, p := range programs() {
		if p.name != OwnName {
			names = append(names, p.name)
		}
	}
	return append(names, AdminName)
}

func programs() []program {
	return []program{
		{"rabbitmqctl", controlCommands()},
		{"rabbitmq-diagnostics", slices.Concat(diagnosticCommands(), inspectionCommands(), nodeCommands(), listingCommands())},
		{"rabbitmq-queues", queueCommands()},
		{"rabbitmq-streams", streamCommands()},
		{"rabbitmq-upgrade", upgradeCommands()},
		{"rabbitmq-plugins", pluginCommands()},
		{OwnName, ownCommands()},
	}
}

// controlCommands are those of rabbitmqctl.
func controlCommands() []command {
	return slices.Concat(userCommands(), accessCommands(), policyCommands(), listCommands(), nodeCommands(), upkeepCommands(),
		definitionCommands(), foreignCommands())
}

// listingCommands are those of rabbitmqctl that only tell something.
func listingCommands() []command {
	return slices.DeleteFunc(controlCommands(), func(one command) bool {
		return !strings.HasPrefix(one.name, "list_") && !slices.Contains([]string{
			"report", "activate_free_disk_space_monitoring", "deactivate_free_disk_space_monitoring",
			"check_if_any_deprecated_features_are_used", "schema_info",
		}, one.name)
	})
}

// Run runs the program of that name and returns its exit status.
func Run(name string, args []string, e Environment) int {
	if name == AdminName {
		return runAdmin(args, e)
	}
	at := slices.IndexFunc(programs(), func(p program) bool { return p.name == name })
	p := programs()[at]
	c := &call{Environment: e, given: args}
	flags := c.options.flags()
	if name == OwnName {
		c.options.own.add(flags)
	}
	if err := flags.Parse(args); err != nil {
		return p.misread(c, err)
	}
	c.options.vhostGiven, c.options.fitted = flags.Changed("vhost"), name == OwnName
	rest := flags.Args()
	if done, status := p.tell(c, rest); done {
		return status
	}
	one := p.find(rest[0])
	if one == nil {
		return p.unknown(c, rest[0])
	}
	if name == OwnName && !slices.Contains(formats(), c.options.formatter) {
		fmt.Fprintf(e.Stderr, "Error (argument validation): --format is one of %s\n", strings.Join(formats(), ", "))
		return usageError
	}
	if !flags.Changed("timeout") {
		c.options.timeout = patience(one.name)
	}
	c.args = rest[1:]
	return p.perform(c, *one)
}

// find is the command of that name, nil if there is none.
func (p program) find(name string) *command {
	if i := slices.IndexFunc(p.commands, func(one command) bool { return one.name == name }); i >= 0 {
		return &p.commands[i]
	}
	return nil
}

// misread tells of options that are not understood, or helps if that is asked for.
func (p program) misread(c *call, err error) int {
	if errors.Is(err, pflag.ErrHelp) {
		return p.help(c, Word(c.given))
	}
	for _, word := range c.given {
		if one := p.find(word); one != nil && p.name != OwnName {
			p.misused(c, *one, badOption(err))
			return usageError
		}
	}
	fmt.Fprintf(c.Stderr, "Error (argument validation): %v\n", err)
	return usageError
}

// tell does what is not the work of a command: versions, help and the names for shells.
func (p program) tell(c *call, words []string) (done bool, status int) {
	switch {
	case c.options.version && p.name != OwnName:
		fmt.Fprintln(c.Stdout, c.Version)
		return true, 0
	case len(words) == 0 && p.name != OwnName:
		p.usage(c.Stderr)
		return true, usageError
	case len(words) == 0:
		return true, p.help(c, "")
	case words[0] == "help":
		return true, p.help(c, strings.Join(words[1:], " "))
	case words[0] == "autocomplete":
		return true, p.autocomplete(c.Stdout, strings.Join(words[1:], " "))
	}
	return false, 0
}

// unknown tells that there is no such command, and of one that is almost so.
func (p program) unknown(c *call, name string) int {
	fmt.Fprintf(c.Stderr, "\nCommand '%s' not found. \n", name)
	names := make([]string, len(p.commands))
	for i, one := range p.commands {
		names[i] = one.name
	}
	if like := nearest(name, names); like != "" {
		fmt.Fprintf(c.Stderr, "Did you mean '%s'? \n\n", like)
	} else {
		fmt.Fprintln(c.Stderr)
		p.usage(c.Stderr)
	}
	return usageError
}

// autocomplete lists the commands that begin so, for shells.
func (p program) autocomplete(to io.Writer, beginning string) int {
	for _, one := range p.commands {
		if strings.HasPrefix(one.name, beginning) {
			fmt.Fprintln(to, one.name)
		}
	}
	return 0
}

// perform runs a command and tells how it ended.
func (p program) perform(c *call, one command) int {
	if problem := one.check(len(c.args)); problem != "" {
		p.misused(c, one, problem)
		return usageError
	}
	c.name = one.name
	c.connect()
	if err := p.validate(c, one.name); err != nil {
		return p.refuse(c, one, err)
	}
	if one.banner != nil && c.announces() {
		if text := one.banner(c); text != "" {
			fmt.Fprintln(c.Stdout, text)
		}
	}
	finish := func() error { return nil }
	if p.name != OwnName {
		finish = c.listens()
	}
	err := one.run(c)
	if err == nil {
		err = finish()
	}
	if err != nil {
		return p.fail(c, err)
	}
	return 0
}

// validate looks at the arguments of one of RabbitMQ's commands.
func (p program) validate(c *call, name string) error {
	if p.name == OwnName {
		return nil
	}
	if !slices.Contains(foreignFormats(), c.options.formatter) {
		return &invalid{failure{usageError, "--formatter is one of " + strings.Join(foreignFormats(), ", ")}}
	}
	if validator, known := validators()[name]; known {
		return validator(c)
	}
	return nil
}

// announces says whether a command tells what it does: not where programs read.
func (c *call) announces() bool {
	o := c.options
	return !o.quiet && !o.silent && o.formatter != formatJSON && o.formatter != formatCSV && o.formatter != formatJSONStream
}

func (one command) check(n int) string {
	switch {
	case n < one.least:
		return "not enough arguments."
	case n > one.most:
		return "too many arguments."
	}
	return ""
}

// connect chooses the way to the broker.
func (c *call) connect() {
	o := c.options
	timeout := time.Duration(o.timeout) * time.Second
	if o.url != "" {
		c.client = newRemoteClient(o.url, o.username, o.password, timeout)
		return
	}
	socket := o.socket
	if socket == "" {
		dir := o.dataDir
		if dir == "" {
			dir = c.DataDir
		}
		socket = filepath.Join(dir, "control.sock")
	}
	c.client = newClient(socket, timeout)
}

// help lists the commands, or tells of one.
func (p program) help(c *call, name string) int {
	one := p.find(name)
	switch {
	case one != nil:
		fmt.Fprintf(c.Stdout, "\nUsage\n\n%s %s %s\n\n%s\n", p.name, one.name, one.arguments, one.about)
		if p.name == OwnName {
			ownHelp(c.Stdout, one.arguments)
		}
	case name != "" && name != "autocomplete" && p.name != OwnName:
		fmt.Fprintf(c.Stderr, "Error:\n\nCommand '%s' not found.\n", name)
		return usageError
	default:
		p.usage(c.Stdout)
	}
	return 0
}

// usage lists the commands.
func (p program) usage(to io.Writer) {
	fmt.Fprintf(to, "\nUsage\n\n%s [--node <node>] [--timeout <timeout>] [--quiet] [--socket <path> | --url <url> --username <user> --password <password>] <command> [<command options>]\n\nAvailable commands:\n\n", p.name)
	for _, one := range p.commands {
		fmt.Fprintf(to, "   %-32s %s\n", one.name, one.about)
	}
	fmt.Fprintf(to, "\nUse '%s help <command>' to learn more about a specific command\n", p.name)
}

// show prints a table.
func (c *call) show(columns []string, rows []object) error {
	headers := !c.options.silent && !c.options.bare
	t := table{columns: columns, rows: rows}
	if !c.options.fitted {
		if len(rows) == 0 && knownColumns()[c.name] == nil && c.options.formatter != formatPretty {
			return c.showNothing()
		}
		t.foreign()
	}
	if width, _ := c.size(c.Stdout); width > 0 && c.options.fitted && c.options.formatter == formatTable {
		return t.writeFitted(c.Stdout, width, headers)
	}
	return t.write(c.Stdout, c.options.formatter, headers)
}

// showNothing prints an empty list, as those commands do that know all before they print.
func (c *call) showNothing() error {
	switch c.options.formatter {
	case formatJSON:
		return c.answer([]any{})
	case formatCSV, formatJSONStream:
		return nil
	}
	fmt.Fprintln(c.Stdout)
	return nil
}
