package exchange

import (
	"testing"

	"github.com/leveretmq/leveret/amqp"
)

// inequivalent is the reply for exchange 'x' in vhost '/'.
func inequivalent(field, received, current string) string {
	return "PRECONDITION_FAILED - inequivalent arg '" + field + "' for exchange 'x' in vhost '/': received " +
		received + " but current is " + current
}

func TestCheckEquivalentComparesFieldsInOrder(t *testing.T) {
	current := Spec{VHost: "/", Name: "x", Type: "direct"}
	requested := Spec{
		VHost: "/", Name: "x", Type: "topic", Durable: true, AutoDelete: true, Internal: true,
		Arguments: argument("alternate-exchange", "ae"),
	}
	requireError(t, inequivalent("type", "'topic'", "'direct'"), current.CheckEquivalent(requested))
	requested.Type = current.Type
	requireError(t, inequivalent("durable", "'true'", "'false'"), current.CheckEquivalent(requested))
	requireError(t, inequivalent("durable", "'false'", "'true'"), requested.CheckEquivalent(current))
	requested.Durable = current.Durable
	requireError(t, inequivalent("auto_delete", "'true'", "'false'"), current.CheckEquivalent(requested))
	requested.AutoDelete = current.AutoDelete
	requireError(t, inequivalent("internal", "'true'", "'false'"), current.CheckEquivalent(requested))
	requested.Internal = current.Internal
	requireError(t, inequivalent("alternate-exchange", "the value 'ae' of type 'longstr'", "none"),
		current.CheckEquivalent(requested))
	requested.Arguments = argument("x-unknown", int32(1))
	requireError(t, "", current.CheckEquivalent(requested))
}

// RabbitMQ keeps types as atoms, and prints them with Erlang's quotes inside of
// its own.
func TestCheckEquivalentQuotesTypesAsAtoms(t *testing.T) {
	random := Spec{VHost: "/", Name: "x", Type: "x-local-random"}
	direct := Spec{VHost: "/", Name: "x", Type: "direct"}
	requireError(t, inequivalent("type", "''x-local-random''", "'direct'"), direct.CheckEquivalent(random))
	requireError(t, inequivalent("type", "'direct'", "''x-local-random''"), random.CheckEquivalent(direct))
	requireError(t, "", random.CheckEquivalent(random))
}

// The texts of this test were seen on RabbitMQ 4.0, but for those where the
// current value is no text, which no exchange can have.
func TestCheckEquivalentOfAlternateExchange(t *testing.T) {
	type field = amqp.Field
	for _, c := range []struct {
		current, requested amqp.Table
		received, is       string
	}{
		{argument("alternate-exchange", "ae1"), argument("alternate-exchange", "ae1"), "", ""},
		{argument("alternate-exchange", "ae1"), argument("alternate-exchange", []byte("ae1")), "", ""},
		{
			argument("alternate-exchange", "ae1"),
			amqp.Table{field{Key: "alternate-exchange", Value: "ae1"}, field{Key: "alternate-exchange", Value: "y"}}, "", "",
		},
		{argument("alternate-exchange", "ae1"), nil, "none", "the value 'ae1' of type 'longstr'"},
		{nil, argument("alternate-exchange", nil), "the value 'undefined' of type 'void'", "none"},
		{nil, argument("alternate-exchange", int32(-7)), "the value '-7' of type 'signedint'", "none"},
		{
			nil, argument("alternate-exchange", amqp.Array{"a", int32(5)}),
			`the value '[{longstr,<<"a">>},{signedint,5}]' of type 'array'`, "none",
		},
		{argument("alternate-exchange", "ae1"), argument("alternate-exchange", nil), "none", "'ae1'"},
		{argument("alternate-exchange", "ae1"), argument("alternate-exchange", "ae2"), "'ae2'", "'ae1'"},
		{argument("alternate-exchange", "5"), argument("alternate-exchange", int32(5)), "'5'", "'5'"},
		{argument("alternate-exchange", int32(5)), argument("alternate-exchange", int8(5)), "", ""},
		{argument("alternate-exchange", int32(5)), argument("alternate-exchange", 5.0), "'5.0'", "'5'"},
		{argument("alternate-exchange", "ae1"), argument("alternate-exchange", true), "'true'", "'ae1'"},
		{argument("alternate-exchange", "ae1"), argument("alternate-exchange", amqp.Timestamp(9)), "'9'", "'ae1'"},
		{argument("alternate-exchange", "ae1"), argument("alternate-exchange", []byte("\xff")), "'ÿ'", "'ae1'"},
		{argument("alternate-exchange", amqp.Array{"a"}), argument("alternate-exchange", amqp.Array{"a"}), "", ""},
		{
			argument("alternate-exchange", "ae1"),
			argument("alternate-exchange", amqp.Table{field{Key: "k", Value: "v"}, field{Key: "n", Value: amqp.Table{}}}),
			`'[{<<"k">>,longstr,<<"v">>},{<<"n">>,table,[]}]'`, "'ae1'",
		},
	} {
		reply := ""
		if c.received != "" {
			reply = inequivalent("alternate-exchange", c.received, c.is)
		}
		current := Spec{VHost: "/", Name: "x", Type: "direct", Arguments: c.current}
		requested := Spec{VHost: "/", Name: "x", Type: "direct", Arguments: c.requested}
		requireError(t, reply, current.CheckEquivalent(requested))
	}
}
