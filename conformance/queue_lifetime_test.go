package conformance

import (
	"testing"

	"github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

func TestQueue_AutoDeleteGoesWithTheLastConsumer(t *testing.T) {
	rule(t, "queue")
	other := dial(t)
	for row, end := range map[string]func(*amqp091.Connection, *amqp091.Channel) error{
		"cancel":           func(_ *amqp091.Connection, ch *amqp091.Channel) error { return ch.Cancel("tag", false) },
		"channel close":    func(_ *amqp091.Connection, ch *amqp091.Channel) error { return ch.Close() },
		"connection close": func(c *amqp091.Connection, _ *amqp091.Channel) error { return c.Close() },
	} {
		t.Run(row, func(t *testing.T) {
			rule(t, "queue")
			c := dial(t)
			ch := channelOn(t, c)
			q := queueSpec{autoDelete: true}.mustDeclare(t, ch)
			queueConsume(t, ch, q, "tag")
			queueMustExist(t, other, q)
			require.NoError(t, end(c, ch))
			queueMustNotExist(t, other, q)
		})
	}
}

func TestQueue_AutoDeleteGoesWhenAnErrorClosesTheChannel(t *testing.T) {
	rule(t, "queue")
	c := dial(t)
	ch := channelOn(t, c)
	q, gone := queueSpec{autoDelete: true}.mustDeclare(t, ch), uniqueName(t, "gone")
	queueConsume(t, ch, q, "tag")
	requireChannelError(t, ch, queueSpec{name: gone}.declaringPassive(ch), amqp091.NotFound, queueMissing(gone))
	eventually(t, "the queue is gone", func() bool {
		_, err := queueSpec{name: q}.declarePassive(channelOn(t, c))
		return queueErrorCode(err) == amqp091.NotFound
	})
}

func TestQueue_AutoDeleteWaitsForTheLastConsumer(t *testing.T) {
	rule(t, "queue")
	c := dial(t)
	first, second := channelOn(t, c), channelOn(t, dial(t))
	q := queueSpec{autoDelete: true}.mustDeclare(t, first)
	queueConsume(t, first, q, "first")
	queueConsume(t, second, q, "second")
	require.NoError(t, first.Cancel("first", false))
	queueMustExist(t, c, q)
	require.NoError(t, second.Cancel("second", false))
	queueMustNotExist(t, c, q)
}

func TestQueue_AutoDeleteNeedsAConsumerFirst(t *testing.T) {
	rule(t, "queue")
	c, other := dial(t), dial(t)
	ch := channelOn(t, c)
	q := queueSpec{autoDelete: true}.mustDeclare(t, ch)
	publish(t, ch, "", q, "m")
	require.Equal(t, "m", getBody(t, ch, q), "basic.get is no consumer")
	requireEmpty(t, ch, q)
	queueMustExist(t, other, q)
	require.NoError(t, ch.Close())
	queueMustExist(t, other, q)
	require.NoError(t, c.Close())
	queueMustExist(t, other, q)
}

func TestQueue_AutoDeleteDropsMessagesAndBindings(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	s := queueSpec{autoDelete: true}
	s.name = s.mustDeclare(t, ch)
	x := tempExchange(t, ch, "fanout")
	exchangeBinding{source: x, destination: s.name}.bindQueue(t, ch)
	ds, err := ch.Consume(s.name, "tag", false, false, false, false, nil)
	require.NoError(t, err)
	publish(t, ch, x, "", "unacknowledged")
	receive(t, ds)
	require.NoError(t, ch.Cancel("tag", false))
	q, err := s.declare(ch)
	require.NoError(t, err)
	require.Zero(t, q.Messages)
	require.Zero(t, exchangeCopies(t, ch, x, "", s.name), "the binding is gone")
}

func TestQueue_WithoutAutoDeleteStays(t *testing.T) {
	rule(t, "queue")
	c, other := dial(t), dial(t)
	ch := channelOn(t, c)
	q := tempQueue(t, ch)
	publish(t, ch, "", q, "m")
	ds := queueConsume(t, ch, q, "tag")
	receive(t, ds)
	publish(t, ch, "", q, "kept")
	require.Equal(t, "kept", string(receive(t, ds).Body))
	require.NoError(t, ch.Cancel("tag", false))
	queueMustExist(t, other, q)
	require.NoError(t, c.Close())
	queueMustExist(t, other, q)
}
