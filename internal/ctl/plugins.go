package ctl

import (
	"fmt"
	"slices"
	"strings"
)

// builtIn are RabbitMQ's plugins whose work Leveret does itself.
func builtIn() []string {
	return []string{
		"rabbitmq_auth_mechanism_ssl", "rabbitmq_consistent_hash_exchange", "rabbitmq_delayed_message_exchange", "rabbitmq_event_exchange",
		"rabbitmq_management", "rabbitmq_management_agent", "rabbitmq_message_deduplication", "rabbitmq_prometheus",
		"rabbitmq_random_exchange", "rabbitmq_recent_history_exchange",
	}
}

func pluginCommands() []command {
	return []command{
		{"list", "[<pattern>]", 0, 1, "Lists the plugins whose work the broker does", func(c *call) string {
			pattern := c.arg(0)
			if pattern == "" {
				pattern = ".*"
			}
			return fmt.Sprintf("Listing plugins with pattern \"%s\" ...", pattern)
		}, listPlugins},
		{"enable", "<plugin> [...]", 1, without, "Does nothing for what is built in", func(c *call) string {
			return "Enabling plugins on node " + c.node() + ":\n" + strings.Join(c.args, "\n")
		}, func(c *call) error { return c.plugins("enabled") }},
		{"disable", "<plugin> [...]", 1, without, "Says that what is built in stays", nil, func(*call) error {
			return &failure{usageError, "what is built in cannot be disabled; listeners are switched off by their keys, like http-listen: none"}
		}},
		{"is_enabled", "<plugin> [...]", 1, without, "Fails if a plugin is not there", nil, func(c *call) error { return c.plugins("is enabled") }},
		{"directories", "", 0, 0, "Says that there are none", nil, func(c *call) error {
			c.say("There are no directories of plugins: what is there is built in")
			return nil
		}},
	}
}

func listPlugins(c *call) error {
	c.say(" Configured: E = explicitly enabled; e = implicitly enabled\n | Status: * = running on %s\n |/", c.node())
	for _, name := range builtIn() {
		if strings.Contains(name, c.arg(0)) {
			c.say("[E*] %-34s %s", name, c.Version)
		}
	}
	return nil
}

// plugins fails for those that are not built in.
func (c *call) plugins(word string) error {
	for _, name := range c.args {
		if !slices.Contains(builtIn(), name) {
			return &failure{unavailable, fmt.Sprintf("The following plugins could not be found: %s", name)}
		}
		c.say("Plugin %s %s", name, word)
	}
	return nil
}
