package amqp

import "reflect"

// Inequivalent refuses with 406 to declare something again that exists with
// another property. The resource is described as in all texts, like "queue 'q'
// in vhost '/'".
func Inequivalent(field, resource, received, current string) *Error {
	return inequivalent(field, resource, quoted(received), quoted(current))
}

// CompareArgument refuses with 406 to declare something again with another
// value of an argument, or with the argument on one side only. The value alone
// counts, not its wire type; two different values are told without their types
// (RabbitMQ behaviour).
func CompareArgument(name, resource string, received, current Table) error {
	old, was := current.Lookup(name)
	wanted, is := received.Lookup(name)
	switch {
	case !was && !is:
		return nil
	case !was:
		return inequivalent(name, resource, typed(wanted), absent)
	case !is:
		return inequivalent(name, resource, absent, typed(old))
	case sameValue(old, wanted):
		return nil
	default:
		return inequivalent(name, resource, untyped(wanted), untyped(old))
	}
}

func inequivalent(field, resource, received, current string) *Error {
	return Errorf(CodePreconditionFailed, "inequivalent arg '%s' for %s: received %s but current is %s",
		field, resource, received, current)
}

// sameValue compares two field values as the Erlang terms that they stand for:
// text and binary are one, and so are all widths of integers.
func sameValue(a, b any) bool {
	if x, ok := octets(a); ok {
		y, ok := octets(b)
		return ok && x == y
	}
	if x, ok := Integer(a); ok {
		y, ok := Integer(b)
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
	return "the value " + quoted(display(v)) + " of type " + quoted(TypeName(v))
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
