package queue

import (
	"slices"
	"strconv"

	"github.com/leveretmq/leveret/amqp"
)

// CheckEquivalent says whether the existing queue may be declared once more
// as requested, by the given connection. The order of the checks is
// RabbitMQ's. Of the arguments, only those that a queue type knows count.
func (q *Queue) CheckEquivalent(requested Spec, owner any) error {
	current := q.spec
	if q.LockedFor(owner) || requested.Exclusive != current.Exclusive {
		return current.Locked()
	}
	if requested.Durable != current.Durable {
		return inequivalentFlag("durable", current, requested.Durable)
	}
	if requested.AutoDelete != current.AutoDelete {
		return inequivalentFlag("auto_delete", current, requested.AutoDelete)
	}
	if err := current.compareType(requested); err != nil {
		return err
	}
	for _, a := range knownArguments(q.args.Type) {
		if !slices.Contains(a.types, q.args.Type) {
			continue
		}
		if err := amqp.CompareArgument(a.name, current.String(), requested.Arguments, current.Arguments); err != nil {
			return err
		}
	}
	return q.compareOurs(requested)
}

// compareOurs compares the arguments that RabbitMQ does not know for the type, and
// therefore ignores. A queue that has none of them does so, too.
func (q *Queue) compareOurs(requested Spec) error {
	for _, a := range ourArguments(q.args.Type) {
		if _, has := q.spec.Arguments.Lookup(a.name); !has {
			continue
		}
		if err := amqp.CompareArgument(a.name, q.spec.String(), requested.Arguments, q.spec.Arguments); err != nil {
			return err
		}
	}
	return nil
}

// compareType compares the types by their names, even if there is no such
// type. Absent means classic.
func (s Spec) compareType(requested Spec) error {
	received, current := requested.typeName(), s.typeName()
	if received == current {
		return nil
	}
	return amqp.Inequivalent(typeArgument, s.String(), received, current)
}

func (s Spec) typeName() string {
	value, _ := s.Arguments.Lookup(typeArgument)
	if !s.NamesType() {
		return string(Classic)
	}
	if name, ok := value.(string); ok {
		return name
	}
	return amqp.Term(value)
}

// inequivalentFlag tells of a flag that was declared as the opposite.
func inequivalentFlag(name string, current Spec, received bool) error {
	return amqp.Inequivalent(name, current.String(), strconv.FormatBool(received), strconv.FormatBool(!received))
}
