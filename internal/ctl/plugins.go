package ctl

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// builtIn are RabbitMQ's plugins whose work Leveret does itself.
func builtIn() []string {
	return []string{
		"rabbitmq_auth_mechanism_ssl", "rabbitmq_consistent_hash_exchange", "rabbitmq_delayed_message_exchange", "rabbitmq_event_exchange",
		"rabbitmq_management", "rabbitmq_management_agent", "rabbitmq_message_deduplication", "rabbitmq_prometheus",
		"rabbitmq_random_exchange", "rabbitmq_recent_history_exchange", "rabbitmq_sharding", "rabbitmq_web_dispatch",
	}
}

// unneeded says whether a plugin has nothing to do for a single node, so that images and
// operators that switch it on need not be changed.
func unneeded(name string) bool { return strings.HasPrefix(name, "rabbitmq_peer_discovery_") }

func pluginCommands() []command {
	enabling := func(c *call) string {
		return "Enabling plugins on node " + c.node() + ":\n" + strings.Join(c.args, "\n")
	}
	return []command{
		{"list", "[pattern] [--verbose] [--minimal] [--enabled] [--implicitly-enabled]", 0, 1, "Lists the plugins whose work the broker does", func(c *call) string {
			pattern := c.arg(0)
			if pattern == "" {
				pattern = ".*"
			}
			return fmt.Sprintf("Listing plugins with pattern \"%s\" ...", pattern)
		}, listPlugins},
		{"enable", "<plugin1> [ <plugin2>] | --all [--offline] [--online]", 0, without, "Does nothing for what is built in", enabling, enablePlugins},
		{"set", "<plugin1> [ <plugin2>] [--offline] [--online]", 0, without, "Does nothing for what is built in", enabling, enablePlugins},
		{"disable", "<plugin1>[ <plugin2>] | --all [--offline] [--online]", 0, without, "Says that what is built in stays", func(c *call) string {
			return "Disabling plugins on node " + c.node() + ":\n" + strings.Join(c.args, "\n")
		}, disablePlugins},
		{"is_enabled", "<plugin1> [ <plugin2>] [--offline] [--online]", 1, without, "Fails if a plugin is not there", func(c *call) string {
			if len(c.args) == 1 {
				return fmt.Sprintf("Asking node %s if plugin %s is enabled...", c.node(), c.args[0])
			}
			return fmt.Sprintf("Asking node %s if plugins %s are enabled...", c.node(), strings.Join(c.args, ", "))
		}, arePluginsEnabled},
		{"directories", "[--offline] [--online]", 0, 0, "Says that there are none", nil, func(c *call) error {
			c.say("There are no directories of plugins: what is there is built in")
			return nil
		}},
		{"version", "", 0, 0, "Prints the version", nil, func(c *call) error {
			c.say("%s", c.Version)
			return nil
		}},
	}
}

func listPlugins(c *call) error {
	if c.options.formatter == formatJSON {
		return c.answer(object{"status": "running", "format": c.pluginFormat(), "plugins": c.plugins()})
	}
	if !c.options.minimal && c.announces() {
		c.say(" Configured: E = explicitly enabled; e = implicitly enabled\n | Status: * = running on %s\n |/", c.node())
	}
	for _, name := range builtIn() {
		switch {
		case !strings.Contains(name, c.arg(0)):
		case c.options.minimal || c.options.silent:
			fmt.Fprintln(c.Stdout, name)
		default:
			c.say("[E*] %-34s %s", name, c.Version)
		}
	}
	return nil
}

// pluginFormat is how much of each plugin is told.
func (c *call) pluginFormat() string {
	if c.options.minimal {
		return "minimal"
	}
	return "normal"
}

// plugins are those whose names have the pattern in them.
func (c *call) plugins() []object {
	list := []object{}
	for _, name := range builtIn() {
		one := object{"name": name}
		if !c.options.minimal {
			maps.Copy(one, object{"enabled": "enabled", "running": true, "version": c.Version, "running_version": c.Version})
		}
		if strings.Contains(name, c.arg(0)) {
			list = append(list, one)
		}
	}
	return list
}

// enablePlugins refuses those that there are not. Nothing else has to be done, whether
// the broker runs or not.
func enablePlugins(c *call) error {
	var missing []string
	for _, name := range c.args {
		if !slices.Contains(builtIn(), name) && !unneeded(name) {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		return &failure{software, "{:plugins_not_found, [:" + strings.Join(missing, ", :") + "]}"}
	}
	return c.unchangedPlugins()
}

// disablePlugins refuses those that are built in; others are not there anyway.
func disablePlugins(c *call) error {
	stays := func(name string) bool { return slices.Contains(builtIn(), name) }
	if c.options.all || slices.ContainsFunc(c.args, stays) {
		return &failure{usageError, "what is built in cannot be disabled; listeners are switched off by their keys, like http-listen: none"}
	}
	return c.unchangedPlugins()
}

func (c *call) unchangedPlugins() error {
	c.say("The following plugins have been configured:\n  %s", strings.Join(builtIn(), "\n  "))
	c.say("Applying plugin configuration to %s...\nPlugin configuration unchanged.", c.node())
	return nil
}

func arePluginsEnabled(c *call) error {
	node := c.node()
	for _, name := range c.args {
		if !slices.Contains(builtIn(), name) {
			return &failure{unavailable, fmt.Sprintf("Plugin %s is not enabled on node %s. Enabled plugins and dependencies: %s",
				name, node, strings.Join(builtIn(), ", "))}
		}
	}
	if len(c.args) == 1 {
		message := fmt.Sprintf("Plugin %s is enabled on node %s", c.args[0], node)
		return c.tells(object{"message": message, "result": "ok"}, message)
	}
	message := fmt.Sprintf("Plugins %s are enabled on node %s", strings.Join(c.args, ", "), node)
	return c.tells(object{"message": message, "result": "ok"}, message)
}
