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
	for _, a := range arguments() {
		if !slices.Contains(a.types, q.args.Type) {
			continue
		}
		if err := amqp.CompareArgument(a.name, current.String(), requested.Arguments, current.Arguments); err != nil {
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
	return amqp.Inequivalent("x-queue-type", s.String(), received, current)
}

func (s Spec) typeName() string {
	value, ok := s.Arguments.Lookup("x-queue-type")
	if !ok || value == "" || value == "undefined" {
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
