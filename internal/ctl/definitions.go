package ctl

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
)

func definitionCommands() []command {
	return []command{
		{"export_definitions", `<file_path | "-"> [--format <json | erlang>] [--timeout <timeout>]`, 1, 1, "Writes all definitions to a file", func(c *call) string {
			if c.args[0] == "-" {
				return ""
			}
			return "Exporting definitions in JSON to a file at \"" + c.args[0] + "\" ..."
		}, exportDefinitions},
		{"import_definitions", `<file_path | "-"> [--format <json | erlang>] [--skip-if-unchanged] [--timeout <timeout>]`, 0, 1, "Imports definitions from a file or standard input", announce("Importing definitions in JSON from a file at \"%s\" ..."), importDefinitions},
		{"report", "", 0, 0, "Prints all that is known of the broker", nil, report},
	}
}

func exportDefinitions(c *call) error {
	var all json.RawMessage
	if err := c.get(at("definitions"), &all); err != nil {
		return err
	}
	if c.args[0] == "-" {
		_, err := c.Stdout.Write(append(all, '\n'))
		return err
	}
	const private = 0o600 // it has hashes of passwords
	return os.WriteFile(c.args[0], all, private)
}

func importDefinitions(c *call) error {
	file, err := c.input(c.arg(0))
	if err != nil {
		return &failure{dataError, err.Error()}
	}
	return c.do(http.MethodPost, at("definitions"), file, nil)
}

// input reads a file, or standard input.
func (c *call) input(path string) ([]byte, error) {
	if path == "" || path == "-" {
		return io.ReadAll(c.Stdin)
	}
	return os.ReadFile(path)
}

// report runs the commands that list something.
func report(c *call) error {
	for _, name := range strings.Fields("status cluster_status environment list_connections list_channels list_vhosts list_users") {
		if err := c.also(name, "/"); err != nil {
			return err
		}
	}
	var vhosts []object
	if err := c.get(at("vhosts"), &vhosts); err != nil {
		return err
	}
	for _, v := range vhosts {
		for _, name := range strings.Fields("list_queues list_exchanges list_bindings list_permissions list_policies list_parameters") {
			if err := c.also(name, term(v["name"])); err != nil {
				return err
			}
		}
	}
	return nil
}

// also runs another command of rabbitmqctl.
func (c *call) also(name, vhost string) error {
	other := *c
	other.options.vhost, other.args = vhost, nil
	for _, one := range programs()[0].commands {
		if one.name == name {
			c.say("%s", one.banner(&other))
			err := one.run(&other)
			c.say("")
			return err
		}
	}
	return nil
}

// foreignCommands are those that need Erlang or a cluster.
func foreignCommands() []command {
	return slices.Concat(
		unsupported("there is no Erlang here", "eval", "eval_file", "exec", "force_gc", "encode", "decode", "list_ciphers", "list_hashes"),
		unsupported("there is one node, which is its own cluster", "join_cluster", "forget_cluster_node", "force_boot", "rename_cluster_node",
			"change_cluster_node_type", "update_cluster_nodes", "sync_queue", "cancel_sync_queue"),
		unsupported("stop the process instead, as by rabbitmqctl stop, and start it again", "stop_app", "start_app"),
		unsupported("remove the data directory of a broker that does not run", "reset", "force_reset"),
		unsupported("there is no database of RabbitMQ here", "schema_info", "force_standalone_khepri_boot"),
		unsupported("passwords in the configuration are not encrypted", "encrypt_conf_value", "decrypt_conf_value"),
	)
}

// unsupported are commands that are known and refused, with the reason.
func unsupported(why string, names ...string) (list []command) {
	for _, name := range names {
		list = append(list, command{name, "[...]", 0, without, "Not supported: " + why, nil, func(*call) error {
			return &failure{usageError, name + " is not supported: " + why}
		}})
	}
	return list
}
