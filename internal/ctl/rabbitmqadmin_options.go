package ctl

import (
	"bufio"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
)

// scriptOption is an option of rabbitmqadmin.
type scriptOption struct {
	short, long string
	to          string // what it sets
	flag        string // what a flag sets it to; empty is an option with a value
	about       string
}

func scriptOptions() []scriptOption {
	return []scriptOption{
		{"-h", "--help", "help", "true", "show this and exit"},
		{"-c", "--config", "config", "", "configuration file [default: ~/.rabbitmqadmin.conf]"},
		{"-N", "--node", "node", "", "section of the configuration file [default: default]"},
		{"-H", "--host", "hostname", "", "host of the broker [default: localhost]"},
		{"-P", "--port", "port", "", "port of the HTTP API [default: 15672]"},
		{"", "--path-prefix", "path_prefix", "", "what goes before /api"},
		{"-V", "--vhost", "vhost", "", "virtual host [default: all to list, / to declare]"},
		{"-u", "--username", "username", "", "user [default: guest]"},
		{"-p", "--password", "password", "", "password [default: guest]"},
		{"-U", "--base-uri", "base_uri", "", "host, port, user and password as a URI"},
		{"-q", "--quiet", "verbose", "false", "say nothing about what was done"},
		{"-s", "--ssl", "ssl", "true", "connect with TLS [default: False]"},
		{"", "--ssl-key-file", "ssl_key_file", "", "PEM file of the client's key"},
		{"", "--ssl-cert-file", "ssl_cert_file", "", "PEM file of the client's certificate"},
		{"", "--ssl-ca-cert-file", "ssl_ca_cert_file", "", "PEM file of the authorities to trust"},
		{"", "--ssl-disable-hostname-verification", "ssl_disable_hostname_verification", "true", "take a certificate of another host"},
		{"-k", "--ssl-insecure", "ssl_insecure", "true", "take any certificate"},
		{"-t", "--request-timeout", "request_timeout", "", "seconds for an answer [default: 120]"},
		{"-f", "--format", "format", "", "of lists: " + strings.Join(scriptFormats(), ", ") + " [default: table]"},
		{"-S", "--sort", "sort", "", "column to sort by"},
		{"-R", "--sort-reverse", "sort_reverse", "true", "reverse the order"},
		{"-d", "--depth", "depth", "", "how deep objects are shown [default: 1]"},
		{"", "--bash-completion", "bash_completion", "true", "print a script for bash"},
		{"", "--version", "version", "true", "print the version and exit"},
	}
}

// destinations are what options set.
func destinations() map[string]bool {
	all := make(map[string]bool)
	for _, one := range scriptOptions() {
		all[one.to] = true
	}
	return all
}

const optionUsage = "Usage\n=====\n  " + AdminName + " [options] subcommand\n"

// optionHelp lists the options.
func optionHelp() string {
	var out strings.Builder
	out.WriteString(optionUsage + "\nOptions\n=======\n")
	for _, one := range scriptOptions() {
		names := one.long
		if one.flag == "" {
			names += "=" + strings.ToUpper(strings.ReplaceAll(strings.TrimPrefix(one.long, "--"), "-", "_"))
		}
		if one.short != "" {
			names += ", " + one.short
		}
		fmt.Fprintf(&out, "%s\n    %s\n", names, one.about)
	}
	fmt.Fprintf(&out, "\n  %[1]s help subcommands  # lists the subcommands\n  %[1]s help config       # tells of the configuration file", AdminName)
	return out.String()
}

func wrongOption(format string, args ...any) error {
	return &failure{optionFails, fmt.Sprintf(format, args...)}
}

// parseOptions takes options out, wherever they are. They are Python's: a long one may be
// shortened, short ones may stand together, and -- ends them.
func parseOptions(args []string) (words []string, set map[string]string, err error) {
	set = make(map[string]string)
	for len(args) > 0 && set["help"] == "" {
		arg := args[0]
		args = args[1:]
		switch {
		case arg == "--":
			return append(words, args...), set, nil
		case strings.HasPrefix(arg, "--"):
			args, err = takeLong(set, arg, args)
		case len(arg) > 1 && arg[0] == '-':
			args, err = takeShort(set, arg, args)
		default:
			words = append(words, arg)
		}
		if err != nil {
			return nil, nil, err
		}
	}
	return words, set, nil
}

func takeLong(set map[string]string, arg string, rest []string) ([]string, error) {
	name, value, joined := strings.Cut(arg, "=")
	option, err := longOption(name)
	if err != nil {
		return nil, err
	}
	if option.flag != "" {
		if joined {
			return nil, wrongOption("%s option does not take a value", option.long)
		}
		set[option.to] = option.flag
		return rest, nil
	}
	if !joined {
		if len(rest) == 0 {
			return nil, wrongOption("%s option requires 1 argument", option.long)
		}
		value, rest = rest[0], rest[1:]
	}
	return rest, option.take(set, option.long, value)
}

// longOption finds an option by its name, or by the beginning of it.
func longOption(name string) (scriptOption, error) {
	var found []scriptOption
	var names []string
	for _, one := range scriptOptions() {
		if one.long == name {
			return one, nil
		}
		if strings.HasPrefix(one.long, name) {
			found = append(found, one)
			names = append(names, one.long)
		}
	}
	switch len(found) {
	case 0:
		return scriptOption{}, wrongOption("no such option: %s", name)
	case 1:
		return found[0], nil
	}
	slices.Sort(names)
	return scriptOption{}, wrongOption("ambiguous option: %s (%s?)", name, strings.Join(names, ", "))
}

func takeShort(set map[string]string, arg string, rest []string) ([]string, error) {
	for i := 1; i < len(arg); i++ {
		name := "-" + arg[i:i+1]
		at := slices.IndexFunc(scriptOptions(), func(o scriptOption) bool { return o.short == name })
		if at < 0 {
			return nil, wrongOption("no such option: %s", name)
		}
		option := scriptOptions()[at]
		if option.flag != "" {
			set[option.to] = option.flag
			continue
		}
		if value := arg[i+1:]; value != "" {
			return rest, option.take(set, name, value)
		}
		if len(rest) == 0 {
			return nil, wrongOption("%s option requires 1 argument", name)
		}
		return rest[1:], option.take(set, name, rest[0])
	}
	return rest, nil
}

func (o scriptOption) take(set map[string]string, name, value string) error {
	if o.to == "request_timeout" {
		if _, err := strconv.Atoi(value); err != nil {
			return wrongOption("option %s: invalid integer value: '%s'", name, value)
		}
	}
	set[o.to] = value
	return nil
}

// readSections reads a configuration file: "key = value" under [section]. Quotes around
// a value, which the program of RabbitMQ 4 wants, are no part of it.
func readSections(file string) (sections map[string]map[string]string, err error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer func() { err = firstOf(err, f.Close()) }()
	sections = make(map[string]map[string]string)
	common := make(map[string]string) // of [DEFAULT], for all
	var section map[string]string
	lines := bufio.NewScanner(f)
	for number := 1; lines.Scan(); number++ {
		line := strings.TrimSpace(lines.Text())
		switch {
		case line == "" || line[0] == '#' || line[0] == ';':
		case line[0] == '[' && line[len(line)-1] == ']':
			name := line[1 : len(line)-1]
			if section = common; name != "DEFAULT" {
				section = make(map[string]string)
				sections[name] = section
			}
		default:
			at := strings.IndexAny(line, "=:")
			if at < 0 || section == nil {
				return nil, fmt.Errorf("%s: line %d is neither a section nor \"key = value\"", file, number)
			}
			section[strings.ToLower(strings.TrimSpace(line[:at]))] = unquoted(strings.TrimSpace(line[at+1:]))
		}
	}
	for _, one := range sections {
		for key, value := range common {
			if _, given := one[key]; !given {
				one[key] = value
			}
		}
	}
	return sections, lines.Err()
}

func unquoted(value string) string {
	if n := len(value); n > 1 && value[0] == value[n-1] && (value[0] == '"' || value[0] == '\'') {
		return value[1 : n-1]
	}
	return value
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
