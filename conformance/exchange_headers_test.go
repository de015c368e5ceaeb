package conformance

import (
	"fmt"
	"testing"

	"github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

func TestExchange_HeadersMatchesByXMatch(t *testing.T) {
	rule(t, "exchange")
	ch := openChannel(t)
	type table = amqp091.Table
	for _, row := range []struct {
		name          string
		bound, header table
		copies        int
	}{
		{"all: each present", table{"x-match": "all", "a": "1", "b": "2"}, table{"a": "1", "b": "2"}, 1},
		{"all: more in the message", table{"x-match": "all", "a": "1"}, table{"a": "1", "c": "3"}, 1},
		{"all: one missing", table{"x-match": "all", "a": "1", "b": "2"}, table{"a": "1"}, 0},
		{"all: one differs", table{"x-match": "all", "a": "1", "b": "2"}, table{"a": "1", "b": "3"}, 0},
		{"all: names are case-sensitive", table{"x-match": "all", "a": "1"}, table{"A": "1"}, 0},
		{"all is the default", table{"a": "1", "b": "2"}, table{"a": "1"}, 0},
		{"all is the default, each present", table{"a": "1", "b": "2"}, table{"a": "1", "b": "2"}, 1},
		{"any: one present", table{"x-match": "any", "a": "1", "b": "2"}, table{"b": "2"}, 1},
		{"any: one of two differs", table{"x-match": "any", "a": "1", "b": "2"}, table{"a": "9", "b": "2"}, 1},
		{"any: none equal", table{"x-match": "any", "a": "1", "b": "2"}, table{"a": "2", "b": "1"}, 0},
		{"any: no headers", table{"x-match": "any", "a": "1"}, nil, 0},
		{"empty binding matches everything", nil, table{"a": "1"}, 1},
		{"empty binding matches no headers", nil, nil, 1},
		{"all without keys matches everything", table{"x-match": "all"}, table{"a": "1"}, 1},
		{"any without keys matches nothing", table{"x-match": "any"}, table{"a": "1"}, 0},
		{"all skips x- keys", table{"x-match": "all", "x-a": "1", "b": "2"}, table{"b": "2"}, 1},
		{"all skips x- keys that differ", table{"x-match": "all", "x-a": "1", "b": "2"}, table{"x-a": "9", "b": "2"}, 1},
		{"all with x- keys only", table{"x-match": "all", "x-a": "1"}, nil, 1},
		{"any skips x- keys", table{"x-match": "any", "x-a": "1", "b": "2"}, table{"x-a": "1"}, 0},
		{"all-with-x: x- key missing", table{"x-match": "all-with-x", "x-a": "1", "b": "2"}, table{"b": "2"}, 0},
		{"all-with-x: each present", table{"x-match": "all-with-x", "x-a": "1", "b": "2"}, table{"x-a": "1", "b": "2"}, 1},
		{"all-with-x: x- key differs", table{"x-match": "all-with-x", "x-a": "1"}, table{"x-a": "2"}, 0},
		{"all-with-x without keys", table{"x-match": "all-with-x"}, nil, 1},
		{"any-with-x: x- key present", table{"x-match": "any-with-x", "x-a": "1", "b": "2"}, table{"x-a": "1"}, 1},
		{"any-with-x: none equal", table{"x-match": "any-with-x", "x-a": "1"}, table{"x-a": "2"}, 0},
		{"x-match itself is not compared", table{"x-match": "all-with-x", "a": "1"}, table{"x-match": "other", "a": "1"}, 1},
		{"x-match of the message is nothing", table{"x-match": "any-with-x"}, table{"x-match": "any-with-x"}, 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			rule(t, "exchange")
			x, q := tempExchange(t, ch, "headers"), tempQueue(t, ch)
			exchangeBinding{source: x, destination: q, args: row.bound}.bindQueue(t, ch)
			require.Equal(t, row.copies, exchangeCopies(t, ch, x, "", q, exchangeHeaders(row.header)))
		})
	}
}

func TestExchange_HeadersComparesValues(t *testing.T) {
	rule(t, "exchange")
	ch := openChannel(t)
	for _, row := range []struct {
		name           string
		bound, message any
		copies         int
	}{
		{"integers of other widths", int8(5), int64(5), 1},
		{"unsigned and signed", byte(5), int32(5), 1},
		{"other integers", int32(5), int32(6), 0},
		{"negative integers", int16(-5), int64(-5), 1},
		{"text and number", "5", int32(5), 0},
		{"number and text", int32(5), "5", 0},
		{"text", "text", "text", 1},
		{"empty text", "", "", 1},
		{"text in another case", "text", "Text", 0},
		{"true", true, true, 1},
		{"true and false", true, false, 0},
		{"boolean and number", true, int32(1), 0},
		{"boolean and text", true, "true", 0},
		{"doubles", 1.5, 1.5, 1},
		{"other doubles", 1.5, 2.5, 0},
		// Up to 3.12 the integer 5 equals 5.0 (section 13).
		{"integer and double", int32(5), 5.0, oneOf(1, 0)},
		{"arrays", []any{"a", int32(1)}, []any{"a", int32(1)}, 1},
		{"other arrays", []any{"a"}, []any{"b"}, 0},
		{"tables", amqp091.Table{"k": "v"}, amqp091.Table{"k": "v"}, 1},
		{"other tables", amqp091.Table{"k": "v"}, amqp091.Table{"k": "w"}, 0},
		{"void in the binding, any text", nil, "text", 1},
		{"void in the binding, any number", nil, int32(7), 1},
		{"void in the binding, void", nil, nil, 1},
		{"void in the message", "text", nil, 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			rule(t, "exchange")
			x, q := tempExchange(t, ch, "headers"), tempQueue(t, ch)
			exchangeBinding{source: x, destination: q, args: amqp091.Table{"h": row.bound}}.bindQueue(t, ch)
			require.Equal(t, row.copies, exchangeCopies(t, ch, x, "", q, exchangeHeaders(amqp091.Table{"h": row.message})))
		})
	}
}

func TestExchange_HeadersVoidInTheBindingAsksForPresence(t *testing.T) {
	rule(t, "exchange")
	ch := openChannel(t)
	for _, match := range []string{"all", "any"} {
		t.Run(match, func(t *testing.T) {
			rule(t, "exchange")
			x, q := tempExchange(t, ch, "headers"), tempQueue(t, ch)
			exchangeBinding{source: x, destination: q, args: amqp091.Table{"x-match": match, "h": nil}}.bindQueue(t, ch)
			require.Zero(t, exchangeCopies(t, ch, x, "", q, exchangeHeaders(amqp091.Table{"other": "1"})), "absent")
			require.Equal(t, 1, exchangeCopies(t, ch, x, "", q, exchangeHeaders(amqp091.Table{"h": "1"})), "present")
		})
	}
}

func TestExchange_HeadersIgnoresTheKey(t *testing.T) {
	rule(t, "exchange")
	ch := openChannel(t)
	x, q := tempExchange(t, ch, "headers"), tempQueue(t, ch)
	exchangeBinding{source: x, destination: q, key: "bound", args: amqp091.Table{"a": "1"}}.bindQueue(t, ch)
	require.Equal(t, 1, exchangeCopies(t, ch, x, "other", q, exchangeHeaders(amqp091.Table{"a": "1"})))
	require.Zero(t, exchangeCopies(t, ch, x, "bound", q))
}

func TestExchange_HeadersBindingsAreIndependent(t *testing.T) {
	rule(t, "exchange")
	ch := openChannel(t)
	x, q := tempExchange(t, ch, "headers"), tempQueue(t, ch)
	first := exchangeBinding{source: x, destination: q, args: amqp091.Table{"a": "1"}}
	second := exchangeBinding{source: x, destination: q, args: amqp091.Table{"b": "2"}}
	first.bindQueue(t, ch)
	second.bindQueue(t, ch)
	both := exchangeHeaders(amqp091.Table{"a": "1", "b": "2"})
	require.Equal(t, 1, exchangeCopies(t, ch, x, "", q, both), "both match")
	first.unbindQueue(t, ch)
	require.Equal(t, 1, exchangeCopies(t, ch, x, "", q, both), "the second is left")
	require.Zero(t, exchangeCopies(t, ch, x, "", q, exchangeHeaders(amqp091.Table{"a": "1"})), "the first is gone")
}

func TestExchange_HeadersBindingNeedsAValidXMatch(t *testing.T) {
	rule(t, "exchange")
	c := dial(t)
	setup := channelOn(t, c)
	x, q, down := tempExchange(t, setup, "headers"), tempQueue(t, setup), tempExchange(t, setup, "fanout")
	value := func(v string) string {
		return fmt.Sprintf("PRECONDITION_FAILED - Invalid x-match field value %s; expected all, any, all-with-x, or any-with-x", v)
	}
	wireType := func(v string) string {
		return fmt.Sprintf("PRECONDITION_FAILED - Invalid x-match field type %s; expected longstr", v)
	}
	for _, row := range []struct {
		name  string
		match any
		text  string
	}{
		{"unknown", "foo", value(`<<"foo">>`)},
		{"empty", "", value(`<<>>`)},
		{"in capitals", "ALL", value(`<<"ALL">>`)},
		{"signed integer", int32(5), wireType("signedint (value 5)")},
		{"long", int64(5), wireType("long (value 5)")},
		{"boolean", true, wireType("bool (value true)")},
		{"void", nil, wireType("void (value undefined)")},
	} {
		t.Run(row.name, func(t *testing.T) {
			rule(t, "exchange")
			args := amqp091.Table{"x-match": row.match}
			ch := channelOn(t, c)
			requireChannelError(t, ch, func() error { return ch.QueueBind(q, "", x, false, args) },
				amqp091.PreconditionFailed, row.text)
			ch = channelOn(t, c)
			requireChannelError(t, ch, func() error { return ch.ExchangeBind(down, "", x, false, args) },
				amqp091.PreconditionFailed, row.text)
		})
	}
}

func TestExchange_OtherTypesIgnoreXMatch(t *testing.T) {
	rule(t, "exchange")
	ch := openChannel(t)
	for _, kind := range []string{"direct", "fanout", "topic"} {
		t.Run(kind, func(t *testing.T) {
			rule(t, "exchange")
			x, q := tempExchange(t, ch, kind), tempQueue(t, ch)
			exchangeBinding{source: x, destination: q, key: "k", args: amqp091.Table{"x-match": "foo"}}.bindQueue(t, ch)
			require.Equal(t, 1, exchangeCopies(t, ch, x, "k", q))
		})
	}
}
