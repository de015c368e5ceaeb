package ctl

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

func accessCommands() []command {
	return []command{
		{"add_vhost", `<vhost> [--description <description> --tags "<tag1>,<tag2>,<...>" --default-queue-type <quorum|classic|stream>]`, 1, 1, "Makes a virtual host", announce("Adding vhost \"%s\" ..."), addVHost},
		{"delete_vhost", "<vhost>", 1, 1, "Deletes a virtual host with everything in it", announce("Deleting vhost \"%s\" ..."), deleteVHost},
		{"update_vhost_metadata", `<vhost> [--description <description>] [--tags "<tag1>,<tag2>,<...>"] [--default-queue-type <quorum|classic|stream>]`, 1, 1, "Changes what is said of a virtual host", announce("Updating metadata of vhost \"%s\" ..."), updateVHost},
		{"set_vhost_tags", "<vhost> <tag> [...]", 1, without, "Sets the tags of a virtual host", func(c *call) string {
			return fmt.Sprintf("Setting tags for virtual host \"%s\" to [%s] ...", c.args[0], strings.Join(c.args[1:], ", "))
		}, setVHostTags},
		{"list_vhosts", "[--no-table-headers] [<column> ...] [--timeout <timeout>]", 0, without, "Lists virtual hosts", announce("Listing vhosts ..."), func(c *call) error {
			return c.columns(at("vhosts"), "name")
		}},
		{"set_permissions", "[--vhost <vhost>] <username> <conf> <write> <read>", 4, 4, "Sets what a user may do in a virtual host", func(c *call) string {
			return fmt.Sprintf("Setting permissions for user \"%s\" in vhost \"%s\" ...", c.args[0], c.options.vhost)
		}, setPermissions},
		{"set_permissions_globally", "<username> <conf> <write> <read>", 4, 4, "Sets what a user may do in each virtual host", announce("Setting permissions for user \"%s\" in all virtual hosts ..."), setPermissionsEverywhere},
		{"clear_permissions", "[--vhost <vhost>] <username>", 1, 1, "Takes the permissions of a user in a virtual host away", within("Clearing permissions for user \"%s\" in vhost \"%s\" ..."), func(c *call) error {
			return c.dropIfThere(at("permissions", c.options.vhost, c.args[0]))
		}},
		{"list_permissions", "[--vhost <vhost>] [--no-table-headers] [--timeout <timeout>]", 0, 0, "Lists permissions in a virtual host", within("Listing permissions for vhost \"%s\" ..."), func(c *call) error {
			return c.list(at("vhosts", c.options.vhost, "permissions"), "user", "configure", "write", "read")
		}},
		{"list_user_permissions", "[--no-table-headers] <username> [--timeout <timeout>]", 1, 1, "Lists the permissions of a user", announce("Listing permissions for user \"%s\" ..."), func(c *call) error {
			return c.listOfUser("permissions", "vhost", "configure", "write", "read")
		}},
		{"set_topic_permissions", "[--vhost <vhost>] <username> <exchange> <write> <read>", 4, 4, "Sets the routing keys that a user may use", func(c *call) string {
			return fmt.Sprintf("Setting topic permissions on \"%s\" for user \"%s\" in vhost \"%s\" ...", c.args[1], c.args[0], c.options.vhost)
		}, setTopicPermissions},
		{"clear_topic_permissions", "[--vhost <vhost>] <username> [<exchange>]", 1, 2, "Takes topic permissions away", func(c *call) string {
			on := ""
			if len(c.args) > 1 {
				on = fmt.Sprintf(" on \"%s\"", c.args[1])
			}
			return fmt.Sprintf("Clearing topic permissions%s for user \"%s\" in vhost \"%s\" ...", on, c.args[0], c.options.vhost)
		}, func(c *call) error {
			return c.dropIfThere(at(append([]string{"topic-permissions", c.options.vhost, c.args[0]}, c.args[1:]...)...))
		}},
		{"list_topic_permissions", "[--vhost <vhost>] [--no-table-headers] [--timeout <timeout>]", 0, 0, "Lists topic permissions in a virtual host", within("Listing topic permissions for vhost \"%s\" ..."), func(c *call) error {
			return c.list(at("vhosts", c.options.vhost, "topic-permissions"), "user", "exchange", "write", "read")
		}},
		{"list_user_topic_permissions", "[--no-table-headers] <username> [--timeout <timeout>]", 1, 1, "Lists the topic permissions of a user", announce("Listing topic permissions for user \"%s\" ..."), func(c *call) error {
			c.options.bare = true // RabbitMQ behaviour
			return c.listOfUser("topic-permissions", "vhost", "exchange", "write", "read")
		}},
		{"set_vhost_limits", "[--vhost <vhost>] <definition>", 1, 1, "Sets limits of a virtual host, like {\"max-queues\": 5}", within("Setting vhost limits to \"%s\" for vhost \"%s\" ..."), func(c *call) error {
			return c.setLimits(c.args[0], "vhost-limits", c.options.vhost)
		}},
		{"clear_vhost_limits", "[--vhost <vhost>]", 0, 0, "Clears the limits of a virtual host", within("Clearing vhost \"%s\" limits ..."), func(c *call) error {
			return c.clearLimits("vhost-limits", c.options.vhost, "max-connections", "max-queues")
		}},
		{"list_vhost_limits", "[--vhost <vhost>] [--global] [--no-table-headers]", 0, 0, "Lists limits of virtual hosts", func(c *call) string {
			if c.options.global {
				return "Listing limits for all vhosts ..."
			}
			return fmt.Sprintf("Listing limits for vhost \"%s\" ...", c.options.vhost)
		}, listVHostLimits},
		{"trace_on", "[--vhost <vhost>]", 0, 0, "Switches the firehose of a virtual host on", within("Starting tracing for vhost \"%s\" ..."), func(c *call) error { return c.trace(object{"tracing": true}, "Trace enabled for vhost %s") }},
		{"trace_off", "[--vhost <vhost>]", 0, 0, "Switches the firehose of a virtual host off", within("Stopping tracing for vhost \"%s\" ..."), func(c *call) error { return c.trace(object{"tracing": false}, "Trace disabled for vhost %s") }},
	}
}

func addVHost(c *call) error {
	return c.do(http.MethodPut, at("vhosts", c.args[0]), c.vhostSettings(), nil)
}

func deleteVHost(c *call) error {
	err := c.do(http.MethodDelete, at("vhosts", c.args[0]), nil, nil)
	if missing(err) {
		return noVHost(c.args[0])
	}
	return err
}

// dropIfThere deletes what may be missing, with the user or virtual host that it belongs to.
func (c *call) dropIfThere(path string) error {
	err := c.do(http.MethodDelete, path, nil, nil)
	if missing(err) {
		return nil
	}
	return err
}

// grantable says whether there is somebody and something to give permissions to.
func (c *call) grantable() error {
	_, err := c.userOr(c.args[0], &failure{noUser, fmt.Sprintf("User %s does not exist", c.args[0])})
	if err != nil {
		return err
	}
	return c.vhostOr(&failure{unavailable, fmt.Sprintf("Virtual host %s does not exist", c.options.vhost)})
}

func (c *call) vhostExists() error { return c.vhostOr(noVHost(c.options.vhost)) }

// vhostOr is the other error if the virtual host is not there.
func (c *call) vhostOr(otherwise error) error {
	err := c.get(at("vhosts", c.options.vhost), nil)
	if missing(err) {
		return otherwise
	}
	return err
}

func setPermissions(c *call) error {
	if err := c.grantable(); err != nil {
		return err
	}
	p := object{"configure": c.args[1], "write": c.args[2], "read": c.args[3]}
	return c.do(http.MethodPut, at("permissions", c.options.vhost, c.args[0]), p, nil)
}

func setTopicPermissions(c *call) error {
	if err := c.grantable(); err != nil {
		return err
	}
	p := object{"exchange": c.args[1], "write": c.args[2], "read": c.args[3]}
	return c.do(http.MethodPut, at("topic-permissions", c.options.vhost, c.args[0]), p, nil)
}

func (c *call) listOfUser(what string, columns ...string) error {
	if _, err := c.userOr(c.args[0], noSuchUser(c.args[0])); err != nil {
		return err
	}
	return c.list(at("users", c.args[0], what), columns...)
}

// setLimits sets each limit of a JSON object.
func (c *call) setLimits(definition, kind, name string) error {
	var limits map[string]json.Number
	if err := json.Unmarshal([]byte(definition), &limits); err != nil {
		return noJSON(definition)
	}
	for limit, value := range limits {
		if err := c.do(http.MethodPut, at(kind, name, limit), object{"value": value}, nil); err != nil {
			return err
		}
	}
	return nil
}

func (c *call) clearLimits(kind, name string, limits ...string) error {
	for _, limit := range limits {
		if err := c.do(http.MethodDelete, at(kind, name, limit), nil, nil); err != nil && !missing(err) {
			return err
		}
	}
	return nil
}

func setUserLimits(c *call) error {
	if _, err := c.userOr(c.args[0], noSuchUser(c.args[0])); err != nil {
		return err
	}
	return c.setLimits(c.args[1], "user-limits", c.args[0])
}

func clearUserLimits(c *call) error {
	if _, err := c.userOr(c.args[0], noSuchUser(c.args[0])); err != nil {
		return err
	}
	limits := []string{c.args[1]}
	if c.args[1] == "all" {
		limits = []string{"max-connections", "max-channels"}
	}
	return c.clearLimits("user-limits", c.args[0], limits...)
}

func listUserLimits(c *call) error {
	if c.options.global {
		var all []object
		if err := c.get(at("user-limits"), &all); err != nil {
			return err
		}
		return c.showLimits(all, "user")
	}
	name := c.limitedUser()
	user, err := c.userOr(name, noSuchUser(name))
	if err != nil {
		return err
	}
	limits, _ := user["limits"].(object)
	if limits == nil {
		limits = object{}
	}
	text, err := json.Marshal(limits)
	if err != nil {
		return err
	}
	c.say("%s", text)
	return nil
}

// limitedUser is whose limits are listed.
func (c *call) limitedUser() string { return cmp.Or(c.options.own.user, "guest") }

func listVHostLimits(c *call) error {
	var all []object
	if err := c.get(at("vhost-limits"), &all); err != nil {
		return err
	}
	if c.options.global {
		return c.showLimits(all, "vhost")
	}
	if err := c.vhostExists(); err != nil {
		return err
	}
	for _, row := range all {
		if limits, ok := row["value"].(object); ok && row["vhost"] == c.options.vhost && len(limits) > 0 {
			text, err := json.Marshal(limits)
			if err != nil {
				return err
			}
			c.say("%s", text)
			return nil
		}
	}
	return c.showNothing()
}

// showLimits prints limits as JSON in a column.
func (c *call) showLimits(all []object, owner string) error {
	for _, row := range all {
		text, err := json.Marshal(row["value"])
		if err != nil {
			return err
		}
		row["limits"] = string(text)
	}
	return c.show([]string{owner, "limits"}, all)
}

func (c *call) trace(setting object, done string) error {
	if err := c.vhostExists(); err != nil {
		return err
	}
	if err := c.do(http.MethodPut, at("vhosts", c.options.vhost), setting, nil); err != nil {
		return err
	}
	c.say(done, c.options.vhost)
	return nil
}
