package ctl

import (
	"encoding/json"
	"fmt"
	"net/http"
)

func policyCommands() []command {
	return []command{
		{"set_policy", "[--vhost <vhost>] [--priority <priority>] [--apply-to <apply-to>] <name> <pattern> <definition>", 3, 3, "Sets a policy", setting("policy"), func(c *call) error { return c.setPolicy("policies") }},
		{"clear_policy", "[--vhost <vhost>] <name>", 1, 1, "Clears a policy", within("Clearing policy \"%s\" on vhost \"%s\" ..."), func(c *call) error { return c.clear("policies") }},
		{"list_policies", "[--vhost <vhost>] [--no-table-headers] [--timeout <timeout>]", 0, 0, "Lists the policies of a virtual host", within("Listing policies for vhost \"%s\" ..."), func(c *call) error { return c.listPolicies("policies") }},
		{"set_operator_policy", "[--vhost <vhost>] [--priority <priority>] [--apply-to <apply-to>] <name> <pattern> <definition>", 3, 3, "Sets an operator policy", setting("operator policy override"), func(c *call) error { return c.setPolicy("operator-policies") }},
		{"clear_operator_policy", "[--vhost <vhost>] <name>", 1, 1, "Clears an operator policy", within("Clearing operator policy \"%s\" on vhost \"%s\" ..."), func(c *call) error { return c.clear("operator-policies") }},
		{"list_operator_policies", "[--vhost <vhost>] [--no-table-headers] [--timeout <timeout>]", 0, 0, "Lists the operator policies of a virtual host", within("Listing operator policy overrides for vhost \"%s\" ..."), func(c *call) error { return c.listPolicies("operator-policies") }},
		{"set_parameter", "[--vhost <vhost>] <component_name> <name> <value>", 3, 3, "Sets a parameter", func(c *call) string {
			return fmt.Sprintf("Setting runtime parameter \"%s\" for component \"%s\" to \"%s\" in vhost \"%s\" ...", c.args[1], c.args[0], c.args[2], c.options.vhost)
		}, func(c *call) error {
			return c.setValue(at("parameters", c.args[0], c.options.vhost, c.args[1]), c.args[2], object{"vhost": c.options.vhost, "component": c.args[0], "name": c.args[1]})
		}},
		{"clear_parameter", "[--vhost <vhost>] <component_name> <name>", 2, 2, "Clears a parameter", func(c *call) string {
			return fmt.Sprintf("Clearing runtime parameter \"%s\" for component \"%s\" on vhost \"%s\" ...", c.args[1], c.args[0], c.options.vhost)
		}, func(c *call) error {
			return c.drop(at("parameters", c.args[0], c.options.vhost, c.args[1]))
		}},
		{"list_parameters", "[--vhost <vhost>] [--no-table-headers] [--timeout <timeout>]", 0, 0, "Lists the parameters of a virtual host", within("Listing runtime parameters for vhost \"%s\" ..."), listParameters},
		{"set_global_parameter", "<name> <value>", 2, 2, "Sets a global parameter", announce("Setting global runtime parameter \"%s\" to \"%s\" ..."), func(c *call) error {
			return c.setValue(at("global-parameters", c.args[0]), c.args[1], object{"name": c.args[0]})
		}},
		{"clear_global_parameter", "<name>", 1, 1, "Clears a global parameter", announce("Clearing global runtime parameter \"%s\" ..."), func(c *call) error {
			return c.drop(at("global-parameters", c.args[0]))
		}},
		{"list_global_parameters", "[--no-table-headers] [--timeout <timeout>]", 0, 0, "Lists the global parameters", announce("Listing global runtime parameters ..."), func(c *call) error {
			var all []object
			if err := c.get(at("global-parameters"), &all); err != nil {
				return err
			}
			return c.showJSON(all, "value", "name", "value")
		}},
	}
}

// setting announces a policy.
func setting(kind string) func(*call) string {
	return func(c *call) string {
		return fmt.Sprintf("Setting %s \"%s\" for pattern \"%s\" to \"%s\" with priority \"%d\" for vhost \"%s\" ...",
			kind, c.args[0], c.args[1], c.args[2], c.options.priority, c.options.vhost)
	}
}

func (c *call) setPolicy(kind string) error {
	if !json.Valid([]byte(c.args[2])) {
		return noJSON(c.args[2])
	}
	p := object{"pattern": c.args[1], "definition": json.RawMessage(c.args[2]), "priority": c.options.priority, "apply-to": c.options.applyTo}
	return c.do(http.MethodPut, at(kind, c.options.vhost, c.args[0]), p, nil)
}

func (c *call) clear(kind string) error { return c.drop(at(kind, c.options.vhost, c.args[0])) }

// drop deletes a parameter or a policy.
func (c *call) drop(path string) error {
	err := c.do(http.MethodDelete, path, nil, nil)
	if missing(err) {
		return &failure{unavailable, "Parameter does not exist"}
	}
	return err
}

func (c *call) setValue(path, value string, of object) error {
	if !json.Valid([]byte(value)) {
		return noJSON(value)
	}
	of["value"] = json.RawMessage(value)
	return c.do(http.MethodPut, path, of, nil)
}

func (c *call) listPolicies(kind string) error {
	var all []object
	if err := c.get(at(kind, c.options.vhost), &all); err != nil {
		return err
	}
	return c.showJSON(all, "definition", "vhost", "name", "pattern", "apply-to", "definition", "priority")
}

func listParameters(c *call) error {
	var all, own []object
	if err := c.get(at("parameters"), &all); err != nil {
		return err
	}
	for _, p := range all {
		if p["vhost"] == c.options.vhost {
			own = append(own, p)
		}
	}
	if err := c.vhostExists(); err != nil {
		return err
	}
	return c.showJSON(own, "value", "component", "name", "value")
}

// showJSON shows a table with one column as JSON.
func (c *call) showJSON(rows []object, inner string, columns ...string) error {
	for _, row := range rows {
		text, err := json.Marshal(row[inner])
		if err != nil {
			return err
		}
		row[inner] = string(text)
	}
	return c.show(columns, rows)
}
