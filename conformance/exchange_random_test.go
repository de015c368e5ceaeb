package conformance

import (
	"testing"

	"github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

func TestExchange_RandomPicksOneBinding(t *testing.T) {
	rule(t, "exchange")
	ch := openChannel(t)
	x := tempExchange(t, ch, "x-random")
	require.NotNil(t, exchangeMandatory(t, x, "k"), "without bindings")
	first, second := tempQueue(t, ch), tempQueue(t, ch)
	exchangeBinding{source: x, destination: first}.bindQueue(t, ch)
	require.Equal(t, 10, sum(exchangeSpread(t, ch, x, 10, []string{first})), "the only binding, whatever the key")
	exchangeBinding{source: x, destination: second, key: "ignored"}.bindQueue(t, ch)
	for range 2 { // the first time with copies, too
		copies := func(_ int, p *amqp091.Publishing) { p.Headers = amqp091.Table{"CC": []any{"a", "b"}} }
		counts := exchangeSpread(t, ch, x, 300, []string{first, second}, copies)
		require.Equal(t, 300, sum(counts))
		require.InDelta(t, 150, counts[0], 60)
	}
}

func TestExchange_RandomIsWeightedByBindings(t *testing.T) {
	rule(t, "exchange")
	ch := openChannel(t)
	x := tempExchange(t, ch, "x-random")
	often, seldom := tempQueue(t, ch), tempQueue(t, ch)
	for _, key := range []string{"a", "b", "c"} {
		exchangeBinding{source: x, destination: often, key: key}.bindQueue(t, ch)
	}
	exchangeBinding{source: x, destination: seldom}.bindQueue(t, ch)
	counts := exchangeSpread(t, ch, x, 400, []string{often, seldom})
	require.InDelta(t, 300, counts[0], 60)
}

func TestExchange_LocalRandomPicksOneQueue(t *testing.T) {
	rule(t, "exchange")
	ch := openChannel(t)
	x := tempExchange(t, ch, "x-local-random")
	require.NotNil(t, exchangeMandatory(t, x, "k"), "without bindings")
	first, second := tempQueue(t, ch), tempQueue(t, ch)
	exchangeBinding{source: x, destination: first}.bindQueue(t, ch)
	exchangeBinding{source: x, destination: second}.bindQueue(t, ch)
	counts := exchangeSpread(t, ch, x, 300, []string{first, second})
	require.Equal(t, 300, sum(counts))
	require.InDelta(t, 150, counts[0], 60)
}

func TestExchange_LocalRandomRefusesBindings(t *testing.T) {
	rule(t, "exchange")
	c := dial(t)
	setup := openChannel(t)
	x, other, q := tempExchange(t, setup, "x-local-random"), tempExchange(t, setup, "fanout"), tempQueue(t, setup)
	quorum := uniqueName(t, "q")
	_, err := setup.QueueDeclare(quorum, true, false, false, false, amqp091.Table{"x-queue-type": "quorum"})
	require.NoError(t, err)
	deleteQueueLater(t, quorum)
	for text, bind := range map[string]func(*amqp091.Channel) error{
		"Non empty binding 'k' key not permitted": func(ch *amqp091.Channel) error {
			return ch.QueueBind(q, "k", x, false, nil)
		},
		"Queue type rabbit_quorum_queue not valid for this exchange type": func(ch *amqp091.Channel) error {
			return ch.QueueBind(quorum, "", x, false, nil)
		},
		"Destination not found": func(ch *amqp091.Channel) error {
			return ch.ExchangeBind(other, "", x, false, nil)
		},
	} {
		ch := channelOn(t, c)
		requireChannelError(t, ch, func() error { return bind(ch) }, amqp091.PreconditionFailed, "PRECONDITION_FAILED - "+text)
	}
}
