package conformance

import (
	"fmt"
	"testing"
	"time"

	"github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

// exchangeWithAlternate is an exchange that hands what it cannot route to another.
func exchangeWithAlternate(kind, alternate string) exchangeSpec {
	return exchangeSpec{kind: kind, args: amqp091.Table{"alternate-exchange": alternate}}
}

func TestExchange_AlternateExchangeMustBeAString(t *testing.T) {
	rule(t, "exchange")
	c := dial(t)
	for wireType, value := range exchangeValuesByType() {
		if wireType == "longstr" {
			continue
		}
		t.Run(wireType, func(t *testing.T) {
			rule(t, "exchange")
			ch := channelOn(t, c)
			x := exchangeSpec{name: uniqueName(t, "x"), kind: "direct", args: amqp091.Table{"alternate-exchange": value}}
			requireChannelError(t, ch, func() error { return x.declare(ch) }, amqp091.PreconditionFailed,
				fmt.Sprintf("PRECONDITION_FAILED - invalid type '%s' for arg 'alternate-exchange' in exchange '%s' in vhost '/'", wireType, x.name))
		})
	}
}

// exchangeValuesByType has one value of each wire type that the client library
// writes, under the name that RabbitMQ's texts give the type.
func exchangeValuesByType() map[string]any {
	return map[string]any{
		"longstr":       "text",
		"bool":          true,
		"byte":          int8(-7),
		"unsignedbyte":  byte(7),
		"short":         int16(-7),
		"unsignedshort": uint16(7),
		"signedint":     int32(-7),
		"unsignedint":   uint32(7),
		"long":          int64(-7),
		"float":         float32(1.5),
		"double":        1.5,
		"decimal":       amqp091.Decimal{Scale: 1, Value: 15},
		"timestamp":     time.Unix(100, 0),
		"array":         []any{"text"},
		"table":         amqp091.Table{"key": "text"},
		"binary":        []byte("text"),
		"void":          nil,
	}
}

func TestExchange_AlternateExchangeGetsWhatIsUnroutable(t *testing.T) {
	rule(t, "exchange")
	ch := openChannel(t)
	alternate := tempExchange(t, ch, "fanout")
	x := exchangeWithAlternate("direct", alternate).mustDeclare(t, ch)
	bound, caught := tempQueue(t, ch), tempQueue(t, ch)
	exchangeBinding{source: x, destination: bound, key: "k"}.bindQueue(t, ch)
	exchangeBinding{source: alternate, destination: caught}.bindQueue(t, ch)
	t.Run("unroutable", func(t *testing.T) {
		rule(t, "exchange")
		require.Equal(t, 1, exchangeCopies(t, ch, x, "other", caught))
		requireEmpty(t, ch, bound)
	})
	t.Run("routable", func(t *testing.T) {
		rule(t, "exchange")
		require.Equal(t, 1, exchangeCopies(t, ch, x, "k", bound))
		requireEmpty(t, ch, caught)
	})
}

func TestExchange_AlternateExchangeServesEachType(t *testing.T) {
	rule(t, "exchange")
	ch := openChannel(t)
	for _, kind := range []string{"direct", "fanout", "topic", "headers"} {
		t.Run(kind, func(t *testing.T) {
			rule(t, "exchange")
			alternate, caught := tempExchange(t, ch, "fanout"), tempQueue(t, ch)
			exchangeBinding{source: alternate, destination: caught}.bindQueue(t, ch)
			x := exchangeWithAlternate(kind, alternate).mustDeclare(t, ch)
			require.Equal(t, 1, exchangeCopies(t, ch, x, "k", caught))
		})
	}
}

func TestExchange_AlternateExchangeRoutesByTheOriginalKey(t *testing.T) {
	rule(t, "exchange")
	ch := openChannel(t)
	alternate := tempExchange(t, ch, "topic")
	x := exchangeWithAlternate("fanout", alternate).mustDeclare(t, ch)
	q := tempQueue(t, ch)
	exchangeBinding{source: alternate, destination: q, key: "a.*"}.bindQueue(t, ch)
	require.Zero(t, exchangeCopies(t, ch, x, "b.c", q))
	publish(t, ch, x, "a.b", "kept")
	d := queueGetUnacked(t, ch, q)
	require.Equal(t, x, d.Exchange, "exchange of the delivery")
	require.Equal(t, "a.b", d.RoutingKey, "routing key of the delivery")
}

func TestExchange_AlternateExchangesChain(t *testing.T) {
	rule(t, "exchange")
	ch := openChannel(t)
	last, q := tempExchange(t, ch, "fanout"), tempQueue(t, ch)
	exchangeBinding{source: last, destination: q}.bindQueue(t, ch)
	middle := exchangeWithAlternate("direct", last).mustDeclare(t, ch)
	first := exchangeWithAlternate("direct", middle).mustDeclare(t, ch)
	require.Equal(t, 1, exchangeCopies(t, ch, first, "k", q))
}

func TestExchange_AlternateExchangesInACircleEnd(t *testing.T) {
	rule(t, "exchange")
	ch := openChannel(t)
	a, b := uniqueName(t, "a"), uniqueName(t, "b")
	first, second := exchangeWithAlternate("direct", b), exchangeWithAlternate("direct", a)
	first.name, second.name = a, b
	first.mustDeclare(t, ch)
	second.mustDeclare(t, ch)
	require.NotNil(t, exchangeMandatory(t, a, "k"))
}

func TestExchange_AlternateExchangeMayBeMissing(t *testing.T) {
	rule(t, "exchange")
	ch := openChannel(t)
	x := exchangeWithAlternate("direct", uniqueName(t, "gone")).mustDeclare(t, ch)
	returned := exchangeMandatory(t, x, "k")
	require.NotNil(t, returned, "mandatory message")
	require.EqualValues(t, amqp091.NoRoute, returned.ReplyCode)
}

func TestExchange_AlternateExchangeMayComeLater(t *testing.T) {
	rule(t, "exchange")
	ch := openChannel(t)
	alternate, q := uniqueName(t, "later"), tempQueue(t, ch)
	x := exchangeWithAlternate("direct", alternate).mustDeclare(t, ch)
	exchangeSpec{name: alternate, kind: "fanout"}.mustDeclare(t, ch)
	exchangeBinding{source: alternate, destination: q}.bindQueue(t, ch)
	require.Equal(t, 1, exchangeCopies(t, ch, x, "k", q))
}

func TestExchange_AlternateExchangeSatisfiesMandatory(t *testing.T) {
	rule(t, "exchange")
	ch := openChannel(t)
	alternate, q := tempExchange(t, ch, "direct"), tempQueue(t, ch)
	exchangeBinding{source: alternate, destination: q, key: "k"}.bindQueue(t, ch)
	x := exchangeWithAlternate("direct", alternate).mustDeclare(t, ch)
	require.Nil(t, exchangeMandatory(t, x, "k"), "the alternate exchange routes it")
	returned := exchangeMandatory(t, x, "other")
	require.NotNil(t, returned, "the alternate exchange does not route it")
	require.Equal(t, x, returned.Exchange)
}

func TestExchange_AlternateExchangeMayBeInternal(t *testing.T) {
	rule(t, "exchange")
	ch := openChannel(t)
	alternate, q := exchangeSpec{kind: "fanout", internal: true}.mustDeclare(t, ch), tempQueue(t, ch)
	exchangeBinding{source: alternate, destination: q}.bindQueue(t, ch)
	x := exchangeWithAlternate("direct", alternate).mustDeclare(t, ch)
	require.Equal(t, 1, exchangeCopies(t, ch, x, "k", q))
}

func TestExchange_AlternateExchangeIsNeverTheDefaultExchange(t *testing.T) {
	rule(t, "exchange")
	ch := openChannel(t)
	q := tempQueue(t, ch)
	x := exchangeWithAlternate("direct", "").mustDeclare(t, ch)
	require.NotNil(t, exchangeMandatory(t, x, q), "the empty name stands for no exchange here")
}

func TestExchange_AlternateExchangeWorksForEachExchangeOnTheWay(t *testing.T) {
	rule(t, "exchange")
	ch := openChannel(t)
	alternate, q := tempExchange(t, ch, "fanout"), tempQueue(t, ch)
	exchangeBinding{source: alternate, destination: q}.bindQueue(t, ch)
	unbound := exchangeWithAlternate("direct", alternate).mustDeclare(t, ch)
	first := tempExchange(t, ch, "fanout")
	exchangeBinding{source: first, destination: unbound}.bindExchange(t, ch)
	require.Equal(t, 1, exchangeCopies(t, ch, first, "k", q))
}

func TestExchange_AlternateExchangeIgnoresWhatABoundExchangeDrops(t *testing.T) {
	rule(t, "exchange")
	ch := openChannel(t)
	alternate, q := tempExchange(t, ch, "fanout"), tempQueue(t, ch)
	exchangeBinding{source: alternate, destination: q}.bindQueue(t, ch)
	x := exchangeWithAlternate("fanout", alternate).mustDeclare(t, ch)
	exchangeBinding{source: x, destination: tempExchange(t, ch, "fanout")}.bindExchange(t, ch)
	require.Zero(t, exchangeCopies(t, ch, x, "k", q), "the binding to the empty exchange counts as a route")
}

func TestExchange_AlternateExchangeDoesNotKeepItInUse(t *testing.T) {
	rule(t, "exchange")
	c := dial(t)
	ch := channelOn(t, c)
	alternate := tempExchange(t, ch, "fanout")
	exchangeWithAlternate("direct", alternate).mustDeclare(t, ch)
	require.NoError(t, exchangeDeleteUnused(ch, alternate))
	exchangeMustNotExist(t, c, alternate)
}
