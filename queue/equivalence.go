package queue

import (
	"fmt"

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
		return current.inequivalent("durable", quoted(requested.Durable), quoted(current.Durable))
	}
	if requested.AutoDelete != current.AutoDelete {
		return current.inequivalent("auto_delete", quoted(requested.AutoDelete), quoted(current.AutoDelete))
	}
	if err := current.compareType(requested); err != nil {
		return err
	}
	for _, a := range arguments() {
		received, _ := requested.Arguments.Lookup(a.name)
		existing, _ := current.Arguments.Lookup(a.name)
		if !sameArgument(received, existing) {
			return current.inequivalent(a.name, described(received), described(existing))
		}
	}
	return nil
}

// compareType treats an absent type as classic.
func (s Spec) compareType(requested Spec) error {
	wanted, err := requested.arguments()
	if err != nil {
		return err
	}
	have, err := s.arguments()
	if err != nil {
		return err
	}
	if wanted.Type == have.Type {
		return nil
	}
	return s.inequivalent("x-queue-type", described(string(wanted.Type)), described(string(have.Type)))
}

func (s Spec) inequivalent(field, received, current string) error {
	return amqp.Errorf(amqp.CodePreconditionFailed, "inequivalent arg '%s' for %s: received %s but current is %s",
		field, s, received, current)
}

func quoted(v any) string { return fmt.Sprintf("'%v'", v) }

func described(v any) string {
	if v == nil {
		return "none"
	}
	return fmt.Sprintf("the value '%v' of type '%s'", v, amqp.TypeName(v))
}

// sameArgument compares values; all integer types of the wire are one.
func sameArgument(a, b any) bool {
	if x, ok := amqp.Integer(a); ok {
		y, ok := amqp.Integer(b)
		return ok && x == y
	}
	switch a.(type) {
	case amqp.Table, amqp.Array, []byte:
		return fmt.Sprint(a) == fmt.Sprint(b)
	}
	return a == b
}
