package conformance

import (
	"fmt"
	"testing"

	"github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

// exchangesPredeclared exist in each virtual host, durable and not auto-delete.
var exchangesPredeclared = [...]exchangeSpec{
	{name: "amq.direct", kind: "direct", durable: true},
	{name: "amq.fanout", kind: "fanout", durable: true},
	{name: "amq.topic", kind: "topic", durable: true},
	{name: "amq.headers", kind: "headers", durable: true},
	{name: "amq.match", kind: "headers", durable: true},
	{name: "amq.rabbitmq.trace", kind: "topic", durable: true, internal: true},
}

func TestExchange_PredeclaredExchangesExist(t *testing.T) {
	rule(t, "exchange")
	c := dial(t)
	for _, x := range exchangesPredeclared {
		t.Run(x.name, func(t *testing.T) {
			rule(t, "exchange")
			ch := channelOn(t, c)
			require.NoError(t, x.declarePassive(ch), "passive")
			require.NoError(t, x.declare(ch), "declared again with its own properties")
		})
	}
}

func TestExchange_DeclareIsIdempotent(t *testing.T) {
	rule(t, "exchange")
	ch := openChannel(t)
	for _, x := range []exchangeSpec{
		{kind: "direct"},
		{kind: "fanout", durable: true},
		{kind: "topic", autoDelete: true},
		{kind: "headers", internal: true},
		{kind: "direct", durable: true, autoDelete: true, internal: true},
		{kind: "direct", args: amqp091.Table{"alternate-exchange": "amq.fanout"}},
	} {
		t.Run(fmt.Sprintf("%s durable=%v auto-delete=%v internal=%v args=%d", x.kind, x.durable, x.autoDelete, x.internal, len(x.args)),
			func(t *testing.T) {
				rule(t, "exchange")
				x.name = x.mustDeclare(t, ch)
				require.NoError(t, x.declare(ch), "second declaration")
			})
	}
}

func TestExchange_DeclareUnknownTypeIsPreconditionFailed(t *testing.T) {
	rule(t, "exchange")
	c := dial(t)
	ch := channelOn(t, c)
	name := uniqueName(t, "x")
	action := func() error { return exchangeSpec{name: name, kind: "no-such-type"}.declare(ch) }
	oneOf(
		// 3.13.0 and before close the connection (section 3.2).
		func() {
			requireConnectionError(t, c, action, amqp091.CommandInvalid, "COMMAND_INVALID - unknown exchange type 'no-such-type'")
		},
		func() {
			requireChannelError(t, ch, action, amqp091.PreconditionFailed, "PRECONDITION_FAILED - unknown exchange type 'no-such-type'")
		})()
}

func TestExchange_DeclareOfTheDefaultExchangeIsRefused(t *testing.T) {
	rule(t, "exchange")
	c := dial(t)
	x := exchangeSpec{name: "", kind: "direct", durable: true}
	for name, declare := range map[string]func(*amqp091.Channel) error{"active": x.declare, "passive": x.declarePassive} {
		t.Run(name, func(t *testing.T) {
			rule(t, "exchange")
			ch := channelOn(t, c)
			requireChannelError(t, ch, func() error { return declare(ch) }, amqp091.AccessRefused, exchangeDefaultRefused)
		})
	}
}

func TestExchange_DeclareOfAReservedNameIsRefused(t *testing.T) {
	rule(t, "exchange")
	c := dial(t)
	for _, name := range []string{"amq.", "amq.custom", "amq.gen-exchange"} {
		t.Run(name, func(t *testing.T) {
			rule(t, "exchange")
			ch := channelOn(t, c)
			requireChannelError(t, ch, func() error { return exchangeSpec{name: name, kind: "direct"}.declare(ch) },
				amqp091.AccessRefused, fmt.Sprintf("ACCESS_REFUSED - exchange name '%s' contains reserved prefix 'amq.*'", name))
		})
	}
}

func TestExchange_OnlyAmqDotIsReserved(t *testing.T) {
	rule(t, "exchange")
	ch := openChannel(t)
	for _, prefix := range []string{"amq", "amqx.", "AMQ.", "x.amq."} {
		t.Run(prefix, func(t *testing.T) {
			rule(t, "exchange")
			exchangeSpec{name: uniqueName(t, prefix), kind: "direct"}.mustDeclare(t, ch)
		})
	}
}

func TestExchange_DeclareOfAReservedNameChecksWhatExists(t *testing.T) {
	rule(t, "exchange")
	ch := openChannel(t)
	requireChannelError(t, ch, func() error { return exchangeSpec{name: "amq.direct", kind: "fanout", durable: true}.declare(ch) },
		amqp091.PreconditionFailed, exchangeInequivalent("type", "amq.direct", "'fanout'", "'direct'"))
}

func TestExchange_PassiveDeclareOfAMissingExchangeIsNotFound(t *testing.T) {
	rule(t, "exchange")
	exchangeMustNotExist(t, dial(t), uniqueName(t, "x"))
}

func TestExchange_PassiveDeclareComparesNothing(t *testing.T) {
	rule(t, "exchange")
	ch := openChannel(t)
	name := tempExchange(t, ch, "direct")
	for row, x := range map[string]exchangeSpec{
		"type":               {kind: "topic"},
		"unknown type":       {kind: "no-such-type"},
		"durable":            {kind: "direct", durable: true},
		"auto-delete":        {kind: "direct", autoDelete: true},
		"internal":           {kind: "direct", internal: true},
		"alternate exchange": {kind: "direct", args: amqp091.Table{"alternate-exchange": "other"}},
	} {
		t.Run(row, func(t *testing.T) {
			rule(t, "exchange")
			x.name = name
			require.NoError(t, x.declarePassive(ch))
		})
	}
}

func TestExchange_RedeclareMustBeEquivalent(t *testing.T) {
	rule(t, "exchange")
	c := dial(t)
	alternate := func(v any) amqp091.Table { return amqp091.Table{"alternate-exchange": v} }
	for _, row := range []struct {
		name              string
		current, received exchangeSpec
		field             string
		newText, oldText  string
	}{
		{"type", exchangeSpec{kind: "direct"}, exchangeSpec{kind: "topic"}, "type", "'topic'", "'direct'"},
		{"durable", exchangeSpec{kind: "direct"}, exchangeSpec{kind: "direct", durable: true}, "durable", "'true'", "'false'"},
		{"not durable", exchangeSpec{kind: "direct", durable: true}, exchangeSpec{kind: "direct"}, "durable", "'false'", "'true'"},
		{"auto-delete", exchangeSpec{kind: "direct"}, exchangeSpec{kind: "direct", autoDelete: true}, "auto_delete", "'true'", "'false'"},
		{"internal", exchangeSpec{kind: "direct"}, exchangeSpec{kind: "direct", internal: true}, "internal", "'true'", "'false'"},
		{
			"alternate exchange added", exchangeSpec{kind: "direct"}, exchangeSpec{kind: "direct", args: alternate("ae")},
			"alternate-exchange", "the value 'ae' of type 'longstr'", "none",
		},
		{
			"alternate exchange left out", exchangeSpec{kind: "direct", args: alternate("ae")}, exchangeSpec{kind: "direct"},
			"alternate-exchange", "none", "the value 'ae' of type 'longstr'",
		},
		{
			"another alternate exchange", exchangeSpec{kind: "direct", args: alternate("a")}, exchangeSpec{kind: "direct", args: alternate("b")},
			"alternate-exchange", "'b'", "'a'",
		},
		{
			"type comes first", exchangeSpec{kind: "direct"},
			exchangeSpec{kind: "fanout", durable: true, autoDelete: true, internal: true, args: alternate("a")}, "type", "'fanout'", "'direct'",
		},
		{
			"durable comes second", exchangeSpec{kind: "direct"},
			exchangeSpec{kind: "direct", durable: true, autoDelete: true, internal: true, args: alternate("a")}, "durable", "'true'", "'false'",
		},
		{
			"auto-delete comes third", exchangeSpec{kind: "direct"},
			exchangeSpec{kind: "direct", autoDelete: true, internal: true, args: alternate("a")}, "auto_delete", "'true'", "'false'",
		},
		{
			"internal comes fourth", exchangeSpec{kind: "direct"},
			exchangeSpec{kind: "direct", internal: true, args: alternate("a")}, "internal", "'true'", "'false'",
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			rule(t, "exchange")
			ch := channelOn(t, c)
			row.received.name = row.current.mustDeclare(t, ch)
			requireChannelError(t, ch, func() error { return row.received.declare(ch) }, amqp091.PreconditionFailed,
				exchangeInequivalent(row.field, row.received.name, row.newText, row.oldText))
		})
	}
}

func TestExchange_RedeclareIgnoresOtherArguments(t *testing.T) {
	rule(t, "exchange")
	ch := openChannel(t)
	x := exchangeSpec{kind: "direct", args: amqp091.Table{"x-anything": int32(1)}}
	x.name = x.mustDeclare(t, ch)
	for row, args := range map[string]amqp091.Table{
		"left out":      nil,
		"another value": {"x-anything": int32(2)},
		"another one":   {"x-something": "else"},
	} {
		t.Run(row, func(t *testing.T) {
			rule(t, "exchange")
			x.args = args
			require.NoError(t, x.declare(ch))
		})
	}
}

func TestExchange_NamesMayBeAnyText(t *testing.T) {
	rule(t, "exchange")
	ch := openChannel(t)
	for row, name := range map[string]string{
		"255 octets":  exchangeLongName(t),
		"spaces":      uniqueName(t, "with some spaces"),
		"punctuation": uniqueName(t, `/\'"#*.{}[]`),
		"UTF-8":       uniqueName(t, "Feldhase-兔-🐇"),
	} {
		t.Run(row, func(t *testing.T) {
			rule(t, "exchange")
			x := exchangeSpec{name: name, kind: "fanout"}.mustDeclare(t, ch)
			q := tempQueue(t, ch)
			exchangeBinding{source: x, destination: q}.bindQueue(t, ch)
			require.Equal(t, 1, exchangeCopies(t, ch, x, "", q))
		})
	}
}

// exchangeLongName is a unique name of the greatest length that the protocol has.
func exchangeLongName(t *testing.T) string {
	t.Helper()
	name := []byte(uniqueName(t, "long"))
	for len(name) < 255 {
		name = append(name, 'n')
	}
	return string(name)
}

func TestExchange_LineEndsAreStrippedFromNames(t *testing.T) {
	rule(t, "exchange")
	c := dial(t)
	ch := channelOn(t, c)
	name := uniqueName(t, "x")
	broken := "\r" + name[:1] + "\r\n" + name[1:] + "\n"
	deleteExchangeLater(t, name)
	for _, step := range []struct {
		name string
		do   func() error
	}{
		{"declare", func() error { return exchangeSpec{name: broken, kind: "direct"}.declare(ch) }},
		{"passive declare", func() error { return exchangeSpec{name: broken, kind: "direct"}.declarePassive(ch) }},
		{"bind the destination", func() error { return ch.ExchangeBind(broken, "k", "amq.direct", false, nil) }},
		{"unbind the destination", func() error { return ch.ExchangeUnbind(broken, "k", "amq.direct", false, nil) }},
		{"bind the source", func() error { return ch.ExchangeBind("amq.direct", "k", broken, false, nil) }},
		{"unbind the source", func() error { return ch.ExchangeUnbind("amq.direct", "k", broken, false, nil) }},
	} {
		t.Run(step.name, func(t *testing.T) {
			rule(t, "exchange")
			require.NoError(t, step.do())
			exchangeMustExist(t, c, name)
		})
	}
	t.Run("delete", func(t *testing.T) {
		rule(t, "exchange")
		require.NoError(t, ch.ExchangeDelete(broken, false, false))
		exchangeMustNotExist(t, c, name)
	})
}

func TestExchange_InternalExchangeRefusesPublishes(t *testing.T) {
	rule(t, "exchange")
	ch := openChannel(t)
	x := exchangeSpec{kind: "fanout", internal: true}.mustDeclare(t, ch)
	requireChannelError(t, ch, func() error { return ch.PublishWithContext(t.Context(), x, "", false, false, amqp091.Publishing{}) },
		amqp091.AccessRefused, fmt.Sprintf("ACCESS_REFUSED - cannot publish to internal exchange '%s' in vhost '/'", x))
}
