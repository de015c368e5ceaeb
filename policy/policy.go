package policy

import (
	"encoding/json"
	"fmt"
	"sync/atomic"

	"github.com/leveretmq/leveret/internal/pattern"
)

// Kind tells policies from operator policies. Its values are the components of the
// parameters in which they are stored.
type Kind string

// Ordinary policies are what users set; Operator policies bound what these may ask for.
const (
	Ordinary Kind = "policy"
	Operator Kind = "operator_policy"
)

// Target is what a policy applies to.
type Target string

// The targets. Queues are those of all types.
const (
	All           Target = "all"
	Queues        Target = "queues"
	ClassicQueues Target = "classic_queues"
	QuorumQueues  Target = "quorum_queues"
	Streams       Target = "streams"
	Exchanges     Target = "exchanges"
)

// Definition is what a policy says, by key. The values are those of JSON, where
// integers are int64 or, beyond that, json.Number. Nobody changes a definition that is
// in use.
type Definition map[string]any

// Policy is a policy or an operator policy. It does not change once it is parsed, and
// may be used by many at a time.
type Policy struct {
	Kind        Kind
	VHost, Name string
	// Pattern is a regular expression that is searched for in names.
	Pattern    string
	ApplyTo    Target
	Priority   float64
	Definition Definition

	names     *pattern.Pattern
	strangers []Target // that the policy does not reach, as they do not know all of it
	lapses    atomic.Int32
}

// Parse reads a policy from the value of its parameter. An error is an *Error.
func Parse(kind Kind, vhost, name, value string) (*Policy, error) {
	content, err := decode(value)
	if err != nil {
		return nil, &Error{Problems: []string{fmt.Sprintf("%s is no JSON: %s", name, err)}}
	}
	if problems := check(kind, name, content); len(problems) > 0 {
		return nil, &Error{Problems: problems}
	}
	return read(kind, vhost, name, content)
}

// read makes the policy of a content that is as it has to be.
func read(kind Kind, vhost, name string, content any) (*Policy, error) {
	fields, _ := content.(map[string]any)
	p := &Policy{Kind: kind, VHost: vhost, Name: name, ApplyTo: All}
	p.Pattern, _ = fields["pattern"].(string)
	p.Priority, _ = number(fields["priority"])
	if to, ok := fields["apply-to"].(string); ok {
		p.ApplyTo = Target(to)
	}
	definition, _ := fields["definition"].(map[string]any)
	p.Definition = definition
	names, err := compile(p.Pattern)
	if err != nil {
		return nil, &Error{Problems: []string{regexpProblem(p.Pattern, err)}}
	}
	p.names, p.strangers = names, strangers(p.ApplyTo, p.Definition)
	return p, nil
}

// Value is the policy as the value of its parameter.
func (p *Policy) Value() (string, error) {
	text, err := json.Marshal(struct {
		Pattern    string     `json:"pattern"`
		Definition Definition `json:"definition"`
		Priority   float64    `json:"priority"`
		ApplyTo    Target     `json:"apply-to"`
	}{p.Pattern, p.Definition, p.Priority, p.ApplyTo})
	if err != nil {
		return "", fmt.Errorf("the policy %q cannot be written: %w", p.Name, err)
	}
	return string(text), nil
}

// compile makes the pattern. An empty one is found in every name.
func compile(source string) (*pattern.Pattern, error) {
	if source == "" {
		return pattern.Compile("^")
	}
	return pattern.Compile(source)
}
