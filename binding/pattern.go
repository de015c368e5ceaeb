package binding

import (
	"strings"

	"github.com/leveretmq/leveret/amqp"
)

// MatchArgument is the argument of a binding to a headers exchange that chooses
// how the other arguments are compared; its value is one of the words below.
const MatchArgument = "x-match"

// The words of x-match. Without the argument, MatchAll holds.
const (
	// MatchAll wants all arguments but those that start with "x-".
	MatchAll = "all"
	// MatchAny wants one of the arguments but those that start with "x-".
	MatchAny = "any"
	// MatchAllWithX wants all arguments but x-match itself.
	MatchAllWithX = "all-with-x"
	// MatchAnyWithX wants one of the arguments but x-match itself.
	MatchAnyWithX = "any-with-x"
)

// pattern is what a binding wants of a message's headers.
type pattern struct {
	conditions []condition
	// any says that one condition is enough.
	any bool
}

// condition wants one header to have a value.
type condition struct {
	key  string
	want value
}

// compile makes the pattern of a binding's arguments. An x-match that is none
// of the known words counts as "all": such bindings are refused before they
// come here.
func compile(args amqp.Table) pattern {
	mode := MatchAll
	if v, ok := args.Lookup(MatchArgument); ok {
		mode, _ = v.(string)
	}
	skipped := func(key string) bool { return strings.HasPrefix(key, "x-") }
	if mode == MatchAllWithX || mode == MatchAnyWithX {
		skipped = func(key string) bool { return key == MatchArgument }
	}
	p := pattern{any: mode == MatchAny || mode == MatchAnyWithX}
	for _, f := range args {
		if !skipped(f.Key) {
			p.conditions = append(p.conditions, condition{f.Key, argumentValue(f.Value)})
		}
	}
	return p
}

// unconditional says that the pattern matches every message.
func (p *pattern) unconditional() bool { return !p.any && len(p.conditions) == 0 }

// matches looks for the first condition that decides.
func (p *pattern) matches(r *received) bool {
	for i := range p.conditions {
		if p.conditions[i].holds(r) == p.any {
			return p.any
		}
	}
	return !p.any
}

func (c *condition) holds(r *received) bool {
	i := r.find(c.key)
	if i < 0 {
		return false
	}
	if c.want.kind == kindPresent {
		return true
	}
	header := r.fields[i].Value
	if got, ok := headerValue(header); ok {
		return got == c.want
	}
	return c.want.kind == kindList && listText(header) == c.want.text
}
