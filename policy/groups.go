package policy

import (
	"fmt"
)

// group is keys that are checked together.
type group struct {
	keys []key
	// check returns what is wrong with what a definition says of the group; nil checks
	// each key for itself.
	check func(d map[string]any) string
}

// groups lists everything that a policy may say, in the order in which RabbitMQ looks
// for faults.
func groups() []group {
	mirrors := []Target{QuorumQueues, Streams}
	return []group{
		{named(nil, "shards-per-node", "routing-key"), checkSharding},
		{commonKeys(), nil},
		{named(mirrors, "ha-mode", "ha-params", "ha-sync-mode", "ha-sync-batch-size", "ha-promote-on-shutdown",
			"ha-promote-on-failure"), checkMirroring},
		{named(nil, "federation-upstream", "federation-upstream-set", "federation-upstream-pattern"), checkFederation},
	}
}

// named are keys that are checked as a group.
func named(without []Target, names ...string) []key {
	list := make([]key, len(names))
	for i, name := range names {
		list[i] = key{name: name, without: without}
	}
	return list
}

// find is the key of that name.
func find(name string) (key, bool) {
	for _, g := range groups() {
		for _, k := range g.keys {
			if k.name == name {
				return k, true
			}
		}
	}
	return key{}, false
}

// checkDefinition says what is wrong with a definition: the first wrong value, or all
// keys that are not known.
func checkDefinition(kind Kind, value any) string {
	definition, problem := asDefinition(kind, value)
	if problem != "" {
		return problem
	}
	unknown := make(map[string]any, len(definition))
	for name, v := range definition {
		unknown[name] = v
	}
	for _, g := range groups() {
		said := make(map[string]any)
		for _, k := range g.keys {
			if v, ok := definition[k.name]; ok && (kind == Ordinary || k.operator) {
				said[k.name] = v
				delete(unknown, k.name)
			}
		}
		if problem := g.problem(said); problem != "" {
			return problem
		}
	}
	if len(unknown) > 0 {
		return pairs(unknown) + " are not recognised policy settings"
	}
	return ""
}

func asDefinition(kind Kind, value any) (map[string]any, string) {
	const nothing = "no policy provided"
	switch v := value.(type) {
	case map[string]any:
		if len(v) == 0 {
			return nil, nothing
		}
		return v, ""
	case []any:
		if len(v) == 0 {
			return nil, nothing
		}
		return nil, "definition must be a dictionary: " + term(v)
	}
	return nil, fmt.Sprintf("parse error while reading policy definition: %s. Validator: %s_validator.", term(value), kind)
}

// problem is what is wrong with what a definition says of the group.
func (g group) problem(said map[string]any) string {
	if len(said) == 0 {
		return ""
	}
	if g.check != nil {
		return g.check(said)
	}
	for _, k := range g.keys {
		if v, ok := said[k.name]; ok {
			if problem := k.check(v); problem != "" {
				return problem
			}
		}
	}
	return ""
}

// checkSharding is for the keys of the sharding plugin.
func checkSharding(d map[string]any) string {
	shards, ok := d["shards-per-node"]
	if !ok {
		return "shards-per-node must be specified"
	}
	switch n, ok := number(shards); {
	case !ok:
		return "shards-per-node should be a number, actually was " + term(shards)
	case n < 0:
		return "shards-per-node should be greater than 0, actually was " + term(shards)
	}
	if routing, ok := d["routing-key"]; ok {
		if _, ok := routing.(string); !ok {
			return "routing-key should be binary, actually was " + term(routing)
		}
	}
	return ""
}

// checkMirroring is for the mirrored queues that RabbitMQ had up to 3.13. There are
// none here, and no need of them: the keys are kept and mean nothing.
func checkMirroring(d map[string]any) string {
	mode, ok := d["ha-mode"]
	if !ok {
		return "ha-mode must be specified to specify ha-params, ha-sync-mode or ha-promote-on-shutdown"
	}
	if problem := checkMode(mode, d); problem != "" {
		return problem
	}
	if v, ok := d["ha-sync-mode"]; ok && v != "manual" && v != "automatic" {
		return `ha-sync-mode must be "manual" or "automatic", got ` + term(v)
	}
	if v, ok := d["ha-sync-batch-size"]; ok {
		if n, ok := Integer(v); !ok || n <= 0 {
			return "ha-sync-batch-size takes an integer greater than 0, " + term(v) + " given"
		}
	}
	for _, name := range []string{"ha-promote-on-shutdown", "ha-promote-on-failure"} {
		if v, ok := d[name]; ok && v != "always" && v != "when-synced" {
			return name + ` must be "always" or "when-synced", got ` + term(v)
		}
	}
	return ""
}

func checkMode(mode any, d map[string]any) string {
	params, given := d["ha-params"]
	switch mode {
	case "all":
		if given {
			return `ha-mode="all" does not take parameters`
		}
	case "exactly":
		if n, ok := Integer(params); !ok || n <= 0 {
			return `ha-mode="exactly" takes an integer, ` + orNone(params, given) + " given"
		}
	case "nodes":
		return checkNodes(params, given)
	default:
		return invalid(mode, "ha-mode value")
	}
	return ""
}

func checkNodes(params any, given bool) string {
	nodes, ok := params.([]any)
	switch {
	case !ok:
		return `ha-mode="nodes" takes a list, ` + orNone(params, given) + " given"
	case len(nodes) == 0:
		return `ha-mode="nodes" list must be non-empty`
	}
	var wrong []any
	for _, node := range nodes {
		if _, ok := node.(string); !ok {
			wrong = append(wrong, node)
		}
	}
	if len(wrong) > 0 {
		return `ha-mode="nodes" takes a list of strings, ` + term(wrong) + " was not a string"
	}
	return ""
}

func orNone(value any, given bool) string {
	if !given {
		return "none"
	}
	return term(value)
}

// checkFederation is for the keys of the federation plugin.
func checkFederation(d map[string]any) string {
	if len(d) > 1 {
		return "cannot specify federation-upstream, federation-upstream-set or federation-upstream-pattern together"
	}
	for name, value := range d {
		source, ok := value.(string)
		switch {
		case !ok:
			return invalid(value, map[string]string{
				"federation-upstream":         "federation upstream name",
				"federation-upstream-set":     "federation upstream set name",
				"federation-upstream-pattern": "federation upstream pattern name",
			}[name])
		case name == "federation-upstream-pattern":
			return checkUpstreamPattern(source)
		}
	}
	return ""
}

func checkUpstreamPattern(source string) string {
	if _, err := compile(source); err != nil {
		reason, at := pcreReason(source, err)
		return fmt.Sprintf("could not compile pattern %s to a regular expression. Error: {%s,%d}", source, quoted(reason), at)
	}
	return ""
}
