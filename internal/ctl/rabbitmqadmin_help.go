package ctl

import (
	"fmt"
	"strings"
)

func (c *adminCall) help() error {
	if len(c.words) == 0 {
		c.tell(optionHelp())
		return nil
	}
	topic, err := c.only()
	if err != nil {
		return err
	}
	switch topic {
	case "subcommands":
		c.tell(subcommandHelp())
	case "config":
		c.tell(configHelp)
	default:
		return wrongUse("help topic must be one of:\n  subcommands\n  config")
	}
	return nil
}

// subcommandHelp lists what can be done.
func subcommandHelp() string {
	var out strings.Builder
	out.WriteString(optionUsage + "\n  where subcommand is one of:\n" + heading("Display"))
	for _, one := range listable() {
		fmt.Fprintf(&out, "  list %s [<column>...]\n", one.name)
	}
	for _, one := range showable() {
		fmt.Fprintf(&out, "  show %s [<column>...]\n", one.name)
	}
	out.WriteString(heading("Object Manipulation"))
	describe(&out, "declare ", declarable())
	describe(&out, "delete ", deletable())
	describe(&out, "close ", closable())
	describe(&out, "purge ", purgeable())
	out.WriteString(heading("Broker Definitions") + "  export <file>\n  import <file>\n" + heading("Publishing and Consuming"))
	describe(&out, "", messageVerbs())
	out.WriteString("\n  publish reads the payload from standard input if none is given.\n" +
		"  get writes the payload of one message to payload_file, if that is given.\n")
	return out.String()
}

func heading(text string) string {
	return "\n" + text + "\n" + strings.Repeat("=", len(text)) + "\n\n"
}

func describe(out *strings.Builder, verb string, kinds []kind) {
	for _, k := range kinds {
		words := make([]string, len(k.mandatory))
		for i, one := range k.mandatory {
			words[i] = strings.ReplaceAll(one, "|", "=... OR ") + "=..."
		}
		line := "  " + verb + k.name + " " + strings.Join(words, " ")
		var optional []string
		for _, one := range k.optional {
			name, _, _ := strings.Cut(one, "=")
			optional = append(optional, name+"=...")
		}
		if len(optional) > 0 {
			line += " [" + strings.Join(optional, " ") + "]"
		}
		out.WriteString(line + "\n")
	}
}

const configHelp = optionUsage + `
A configuration file has a section for each broker:

  [default]
  hostname = localhost
  port = 15672
  username = guest
  password = guest
  # of objects that are declared or deleted; vhost is for lists, too
  declare_vhost = /

  [production]
  hostname = rabbit.example.com
  port = 15671
  ssl = True
  ssl_ca_cert_file = /etc/ssl/ca.pem

~/.rabbitmqadmin.conf is read if there is one, or what -c says; -N chooses a section:

  rabbitmqadmin -c brokers.conf -N production list queues`

// completionScript is for bash.
func completionScript() string {
	var lists []string
	for _, one := range listable() {
		lists = append(lists, one.name)
	}
	var declares []string
	for _, one := range declarable() {
		declares = append(declares, one.name)
	}
	var options []string
	for _, one := range scriptOptions() {
		options = append(options, one.long)
	}
	return fmt.Sprintf(`_rabbitmqadmin() {
    local words
    case "${COMP_WORDS[COMP_CWORD-1]}" in
        list) words="%s" ;;
        show) words="overview" ;;
        declare|delete) words="%s" ;;
        close) words="connection" ;;
        purge) words="queue" ;;
        help) words="subcommands config" ;;
        -f|--format) words="%s" ;;
        export|import|-c|--config) COMPREPLY=($(compgen -f -- "${COMP_WORDS[COMP_CWORD]}")); return ;;
        *) words="list show declare delete close purge publish get export import help %s" ;;
    esac
    COMPREPLY=($(compgen -W "$words" -- "${COMP_WORDS[COMP_CWORD]}"))
}
complete -F _rabbitmqadmin rabbitmqadmin`, strings.Join(lists, " "), strings.Join(declares, " "), strings.Join(scriptFormats(), " "),
		strings.Join(options, " "))
}
