package ctl

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// importOwn imports a file, or tells what that would do.
func importOwn(c *call) error {
	file, err := c.input(c.args[0])
	if err != nil {
		return &failure{dataError, err.Error()}
	}
	if !c.options.dry {
		return c.importFile(file)
	}
	return c.tellDifferences(file)
}

// importPace is how often an import is looked at.
const importPace = 200 * time.Millisecond

// importFile imports a file, and shows how many queues and exchanges there are already of
// those that it has.
func (c *call) importFile(file []byte) error {
	var made struct{ Queues, Exchanges []json.RawMessage }
	if err := json.Unmarshal(file, &made); err != nil {
		return &failure{dataError, "the file is no JSON object: " + err.Error()}
	}
	bar := c.progress("importing", int64(len(made.Queues)+len(made.Exchanges)))
	if bar == nil {
		return c.do(http.MethodPost, at("definitions"), file, nil)
	}
	defer bar.end()
	before, err := c.objects()
	if err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- c.do(http.MethodPost, at("definitions"), file, nil) }()
	for {
		select {
		case err := <-ended:
			return err
		case <-time.After(importPace):
		}
		if now, err := c.objects(); err == nil { // if not, the import tells what is wrong
			bar.at(now - before)
		}
	}
}

// objects is how many queues and exchanges there are.
func (c *call) objects() (int64, error) {
	var o struct {
		Totals struct{ Queues, Exchanges int64 } `json:"object_totals"`
	}
	err := c.get(at("overview")+"?columns=object_totals", &o)
	return o.Totals.Queues + o.Totals.Exchanges, err
}

// tellDifferences tells what an import of the file would do.
func (c *call) tellDifferences(file []byte) error {
	var wanted, current map[string]json.RawMessage
	if err := json.Unmarshal(file, &wanted); err != nil {
		return &failure{dataError, "the file is no JSON object: " + err.Error()}
	}
	if err := c.get(at("definitions"), &current); err != nil {
		return err
	}
	if err := checkBelonging(wanted, current); err != nil {
		return err
	}
	var differences []difference
	for _, kind := range definitionKinds() {
		list, err := listOf(kind, wanted[kind])
		if err != nil {
			return err
		}
		there, err := listOf(kind, current[kind])
		if err != nil {
			return err
		}
		differences = append(differences, differing(kind, list, there)...)
	}
	return c.showDifferences(differences)
}

// definitionKinds are the lists of a file of definitions, in the order of an import.
func definitionKinds() []string {
	return strings.Fields("users vhosts permissions topic_permissions global_parameters policies parameters exchanges queues bindings")
}

func listOf(kind string, raw json.RawMessage) ([]object, error) {
	var list []object
	if raw == nil {
		return nil, nil
	}
	if err := json.Unmarshal(raw, &list); err != nil {
		return nil, &failure{dataError, kind + " is no list of objects: " + err.Error()}
	}
	return list, nil
}

// difference is something that an import would make or change.
type difference struct{ kind, name, key, was, wanted string }

// String is the difference as people read it.
func (d difference) String() string {
	if d.key == "" {
		return fmt.Sprintf("+ %s %s", d.kind, d.name)
	}
	return fmt.Sprintf("~ %s %s: %s is %q, would be %q", d.kind, d.name, d.key, d.was, d.wanted)
}

func (c *call) showDifferences(list []difference) error {
	if c.options.formatter != formatTable {
		rows := make([]object, len(list))
		for i, d := range list {
			rows[i] = object{"kind": d.kind, "name": d.name, "key": d.key, "is": d.was, "would_be": d.wanted}
		}
		return c.show([]string{"kind", "name", "key", "is", "would_be"}, rows)
	}
	for _, d := range list {
		c.say("%s", d)
	}
	if len(list) == 0 {
		c.say("nothing would change")
	}
	return nil
}

// differing tells of what is new, and of what is there and would be changed.
func differing(kind string, wanted, current []object) (list []difference) {
	for _, w := range wanted {
		name := identity(w)
		i := slices.IndexFunc(current, func(o object) bool { return identity(o) == name })
		if i < 0 {
			list = append(list, difference{kind: kind, name: name})
			continue
		}
		if kind == "exchanges" || kind == "queues" {
			continue // which stay as they are
		}
		for key, value := range w {
			if was := term(current[i][key]); was != term(value) {
				list = append(list, difference{kind, name, key, was, term(value)})
			}
		}
	}
	slices.SortFunc(list, func(a, b difference) int { return strings.Compare(a.String(), b.String()) })
	return list
}

// identity is what tells an object of its kind from the others.
func identity(o object) string {
	var parts []string
	for _, key := range strings.Fields("vhost component name user exchange source destination_type destination routing_key") {
		if v, ok := o[key]; ok {
			parts = append(parts, term(v))
		}
	}
	if _, binding := o["source"]; binding {
		parts = append(parts, term(o["arguments"]))
	}
	return strings.Join(parts, " ")
}
