package exchange

import (
	"reflect"
	"strconv"

	"github.com/leveretmq/leveret/amqp"
)

// CheckEquivalent refuses with 406 to declare the existing exchange s again as
// something else. The first difference is told, in RabbitMQ's order. Of the
// arguments, only the alternate exchange is compared (RabbitMQ behaviour).
func (s Spec) CheckEquivalent(requested Spec) error {
	fields := []struct{ name, current, received string }{
		{"type", atom(s.Type), atom(requested.Type)},
		{"durable", strconv.FormatBool(s.Durable), strconv.FormatBool(requested.Durable)},
		{"auto_delete", strconv.FormatBool(s.AutoDelete), strconv.FormatBool(requested.AutoDelete)},
		{"internal", strconv.FormatBool(s.Internal), strconv.FormatBool(requested.Internal)},
	}
	for _, f := range fields {
		if f.current != f.received {
			return s.inequivalent(f.name, quoted(f.received), quoted(f.current))
		}
	}
	return s.checkEquivalentArgument(requested, AlternateExchange)
}

// checkEquivalentArgument compares one argument. Its value alone counts, not
// its wire type, and two different values are told without their types.
func (s Spec) checkEquivalentArgument(requested Spec, name string) error {
	current, was := s.Arguments.Lookup(name)
	received, is := requested.Arguments.Lookup(name)
	switch {
	case !was && !is:
		return nil
	case !was:
		return s.inequivalent(name, typed(received), absent)
	case !is:
		return s.inequivalent(name, absent, typed(current))
	case sameValue(current, received):
		return nil
	default:
		return s.inequivalent(name, untyped(received), untyped(current))
	}
}

func (s Spec) inequivalent(field, received, current string) error {
	return amqp.Errorf(amqp.CodePreconditionFailed,
		"inequivalent arg '%s' for %s: received %s but current is %s",
		field, describe(s.Name, s.VHost), received, current)
}

// sameValue compares two field values as the Erlang terms that they stand for:
// text and binary are one, and so are all widths of integers.
func sameValue(a, b any) bool {
	if x, ok := octets(a); ok {
		y, ok := octets(b)
		return ok && x == y
	}
	if x, ok := amqp.Integer(a); ok {
		y, ok := amqp.Integer(b)
		return ok && x == y
	}
	return reflect.DeepEqual(a, b)
}

// octets returns a text or binary value.
func octets(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case []byte:
		return string(v), true
	default:
		return "", false
	}
}

// absent is printed for an argument that is not there.
const absent = "none"

// typed prints an argument that is there on one side only.
func typed(v any) string {
	return "the value " + quoted(display(v)) + " of type " + quoted(amqp.TypeName(v))
}

// untyped prints an argument that is there on both sides. RabbitMQ takes a void
// for an absent one here.
func untyped(v any) string {
	if v == nil {
		return absent
	}
	return quoted(display(v))
}

func quoted(s string) string { return "'" + s + "'" }
