package configs

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Outcome is what became of a setting in RabbitMQ's terms.
type Outcome int

// The outcomes.
const (
	// Honoured means that a setting of ours has the value.
	Honoured Outcome = iota
	// Ignored means that it has no effect, for a reason.
	Ignored
	// Unknown means that RabbitMQ has no such setting, either.
	Unknown
)

// Finding is one setting in RabbitMQ's terms, and what became of it.
type Finding struct {
	Outcome Outcome
	// From is where it stands: file and line, or environment.
	From string
	// Name is its key or variable, Ours the key of ours that has its value.
	Name, Ours string
	// Note is why it is ignored, what it should perhaps be called, or how what is
	// done differs from what RabbitMQ does.
	Note string
	// Matters says that without it the broker does something else than RabbitMQ
	// would, in a way that users of it can notice.
	Matters bool
}

// Value is a setting that has another value than the default.
type Value struct {
	Key  string
	Text string // without passwords
	From string // flag, variable, or file and line
}

// Report tells what a configuration was made of.
type Report struct {
	// Files are those of RabbitMQ's form that were read, in their order.
	Files []string
	// Findings are the settings in RabbitMQ's terms, in the order of the files,
	// then variables.
	Findings []Finding
	// Values are all settings that differ from the defaults, in the order of the
	// sample file.
	Values []Value
}

// Of lists the findings with an outcome.
func (r Report) Of(o Outcome) (found []Finding) {
	for _, f := range r.Findings {
		if f.Outcome == o {
			found = append(found, f)
		}
	}
	return found
}

// Group is what is ignored for one reason.
type Group struct {
	Note    string
	Names   []string
	Matters bool
}

// Ignored puts together what is ignored for the same reason, in the order of the
// first of each: what a log has room for.
func (r Report) Ignored() (groups []Group) {
	for _, f := range r.Of(Ignored) {
		i := slices.IndexFunc(groups, func(g Group) bool { return g.Note == f.Note })
		if i < 0 {
			i = len(groups)
			groups = append(groups, Group{Note: f.Note})
		}
		groups[i].Names = append(groups[i].Names, f.Name)
		groups[i].Matters = groups[i].Matters || f.Matters
	}
	return groups
}

// shown is the value of a setting as a report shows it.
func shown(s setting, c *Config) string {
	switch v := s.field(c).(type) {
	case *[]User:
		names := make([]string, len(*v))
		for i, u := range *v {
			names[i] = u.Name
		}
		return strings.Join(names, ", ")
	case *[]string:
		return strings.Join(*v, ", ")
	case *string:
		return *v
	default:
		return fmt.Sprint(reflect.ValueOf(v).Elem())
	}
}
