package exchange

import (
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
			return amqp.Inequivalent(f.name, describe(s.Name, s.VHost), f.received, f.current)
		}
	}
	return amqp.CompareArgument(AlternateExchange, describe(s.Name, s.VHost), requested.Arguments, s.Arguments)
}

// atom prints a name as an Erlang atom: quoted unless it is one plain word.
// RabbitMQ keeps the types of exchanges as atoms.
func atom(name string) string {
	plain := func(i int) bool {
		c := name[i]
		lower := c >= 'a' && c <= 'z'
		return lower || i > 0 && (c == '_' || c == '@' || c >= '0' && c <= '9' || c >= 'A' && c <= 'Z')
	}
	for i := range len(name) {
		if !plain(i) {
			return "'" + name + "'"
		}
	}
	return name
}
