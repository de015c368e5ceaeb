package conformance

import (
	"testing"

	"github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

func TestQueue_BindToWhatIsMissingIsNotFound(t *testing.T) {
	rule(t, "queue")
	c := dial(t)
	q, gone, goneToo := tempQueue(t, channelOn(t, c)), uniqueName(t, "gone"), uniqueName(t, "gone-too")
	for row, b := range map[string]struct{ queue, exchange, text string }{
		"exchange":                   {q, gone, exchangeMissing(gone)},
		"queue":                      {gone, "amq.direct", queueMissing(gone)},
		"both, the exchange is told": {gone, goneToo, exchangeMissing(goneToo)},
	} {
		t.Run(row, func(t *testing.T) {
			rule(t, "queue")
			ch := channelOn(t, c)
			requireChannelError(t, ch, func() error { return ch.QueueBind(b.queue, "k", b.exchange, false, nil) },
				amqp091.NotFound, b.text)
		})
	}
}

func TestQueue_UnbindOfWhatIsMissingIsOk(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	q, gone := tempQueue(t, ch), uniqueName(t, "gone")
	for row, b := range map[string]exchangeBinding{
		"binding":         {source: "amq.direct", destination: q, key: "never bound"},
		"exchange":        {source: gone, destination: q},
		"queue":           {source: "amq.direct", destination: gone},
		"both":            {source: gone, destination: gone},
		"invalid x-match": {source: "amq.headers", destination: q, args: amqp091.Table{"x-match": "foo"}},
	} {
		t.Run(row, func(t *testing.T) {
			rule(t, "queue")
			b.unbindQueue(t, ch)
		})
	}
}

func TestQueue_BoundTwiceIsOneBinding(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	for _, kind := range []string{"direct", "fanout", "topic", "headers"} {
		t.Run(kind, func(t *testing.T) {
			rule(t, "queue")
			x, q := tempExchange(t, ch, kind), tempQueue(t, ch)
			b := exchangeBinding{source: x, destination: q, key: "k"}
			b.bindQueue(t, ch)
			b.bindQueue(t, ch)
			require.Equal(t, 1, exchangeCopies(t, ch, x, "k", q))
			b.unbindQueue(t, ch)
			require.Zero(t, exchangeCopies(t, ch, x, "k", q), "one unbind undoes both")
		})
	}
}

func TestQueue_BindingArgumentsArePartOfItsIdentity(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	for _, kind := range []string{"direct", "fanout", "topic"} {
		t.Run(kind, func(t *testing.T) {
			rule(t, "queue")
			x, q := tempExchange(t, ch, kind), tempQueue(t, ch)
			plain := exchangeBinding{source: x, destination: q, key: "k"}
			first, second := plain, plain
			first.args = amqp091.Table{"a": "1", "b": "2"}
			second.args = amqp091.Table{"a": "1", "b": "3"}
			plain.bindQueue(t, ch)
			first.bindQueue(t, ch)
			second.bindQueue(t, ch)
			for _, b := range []exchangeBinding{plain, first, second} {
				require.Equal(t, 1, exchangeCopies(t, ch, x, "k", q))
				b.unbindQueue(t, ch)
			}
			require.Zero(t, exchangeCopies(t, ch, x, "k", q), "all three are gone")
		})
	}
}

func TestQueue_BindingArgumentsHaveNoOrder(t *testing.T) {
	rule(t, "queue")
	x, q := tempExchange(t, openChannel(t), "fanout"), tempQueue(t, openChannel(t))
	a, b := stringField("a", "1"), stringField("b", "2")
	c := rawOpen(t)
	c.openChannel(1)
	c.sendMethod(1, 50, 20, u16(0), shortStr(q), shortStr(x), shortStr("k"), u8(0), fieldTable(a, b))
	c.expectMethod(50, 21)
	require.Nil(t, exchangeMandatory(t, x, ""))
	c.sendMethod(1, 50, 50, u16(0), shortStr(q), shortStr(x), shortStr("k"), fieldTable(b, a))
	c.expectMethod(50, 51)
	require.NotNil(t, exchangeMandatory(t, x, ""))
}

func TestQueue_BindingKeyIsPartOfItsIdentityForAFanout(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	x, q := tempExchange(t, ch, "fanout"), tempQueue(t, ch)
	first, second := exchangeBinding{source: x, destination: q, key: "1"}, exchangeBinding{source: x, destination: q, key: "2"}
	first.bindQueue(t, ch)
	second.bindQueue(t, ch)
	first.unbindQueue(t, ch)
	require.Equal(t, 1, exchangeCopies(t, ch, x, "", q))
	second.unbindQueue(t, ch)
	require.Zero(t, exchangeCopies(t, ch, x, "", q))
}

func TestQueue_UnbindEndsOnlyItsBinding(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	x, q, other := tempExchange(t, ch, "direct"), tempQueue(t, ch), tempQueue(t, ch)
	kept := exchangeBinding{source: x, destination: q, key: "kept"}
	gone := exchangeBinding{source: x, destination: q, key: "gone"}
	kept.bindQueue(t, ch)
	gone.bindQueue(t, ch)
	exchangeBinding{source: x, destination: other, key: "gone"}.bindQueue(t, ch)
	gone.unbindQueue(t, ch)
	publish(t, ch, x, "gone", "m")
	require.Equal(t, []int{0, 1}, []int{queueDrain(t, ch, q), queueDrain(t, ch, other)})
	require.Equal(t, 1, exchangeCopies(t, ch, x, "kept", q))
}

func TestQueue_UnbindLeavesMessagesInTheQueue(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	x, q := tempExchange(t, ch, "fanout"), tempQueue(t, ch)
	b := exchangeBinding{source: x, destination: q}
	b.bindQueue(t, ch)
	publish(t, ch, x, "", "before")
	b.unbindQueue(t, ch)
	publish(t, ch, x, "", "after")
	require.Equal(t, "before", getBody(t, ch, q))
	requireEmpty(t, ch, q)
}
