package conformance

import (
	"fmt"
	"testing"

	"github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

func TestQueue_PurgeRemovesAndCountsReadyMessages(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	q := tempQueue(t, ch)
	for range 3 {
		publish(t, ch, "", q, "m")
	}
	n, err := ch.QueuePurge(q, false)
	require.NoError(t, err)
	require.Equal(t, 3, n)
	requireEmpty(t, ch, q)
	n, err = ch.QueuePurge(q, false)
	require.NoError(t, err)
	require.Zero(t, n, "nothing is left")
}

func TestQueue_PurgeKeepsUnacknowledgedMessages(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	q := tempQueue(t, ch)
	publish(t, ch, "", q, "held")
	publish(t, ch, "", q, "ready")
	d := queueGetUnacked(t, ch, q)
	n, err := ch.QueuePurge(q, false)
	require.NoError(t, err)
	require.Equal(t, 1, n)
	require.NoError(t, d.Nack(false, true))
	require.Equal(t, "held", getBody(t, ch, q))
	requireEmpty(t, ch, q)
}

func TestQueue_PurgeTakesRequeuedMessagesAsWell(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	q := tempQueue(t, ch)
	publish(t, ch, "", q, "m")
	require.NoError(t, queueGetUnacked(t, ch, q).Nack(false, true))
	n, err := ch.QueuePurge(q, false)
	require.NoError(t, err)
	require.Equal(t, 1, n)
	requireEmpty(t, ch, q)
}

func TestQueue_PurgeOfAMissingQueueIsNotFound(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	gone := uniqueName(t, "gone")
	requireChannelError(t, ch, func() error {
		_, err := ch.QueuePurge(gone, false)
		return err
	}, amqp091.NotFound, queueMissing(gone))
}

func TestQueue_PurgeTouchesNoQueueOfASimilarName(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	q := tempQueue(t, ch)
	longer := queueSpec{name: q + ".more"}.mustDeclare(t, ch)
	publish(t, ch, "", q, "purged")
	publish(t, ch, "", longer, "kept")
	n, err := ch.QueuePurge(q, false)
	require.NoError(t, err)
	require.Equal(t, 1, n)
	require.Equal(t, "kept", getBody(t, ch, longer))
}

func TestQueue_KeepsTheOrderOfMessages(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	q, x := tempQueue(t, ch), tempExchange(t, ch, "fanout")
	exchangeBinding{source: x, destination: q}.bindQueue(t, ch)
	const messages = 200
	send := func() {
		for i := range messages {
			publish(t, ch, [2]string{"", x}[i%2], q, fmt.Sprint(i))
		}
	}
	t.Run("get", func(t *testing.T) {
		rule(t, "queue")
		send()
		for i := range messages {
			require.Equal(t, fmt.Sprint(i), getBody(t, ch, q))
		}
	})
	t.Run("consume", func(t *testing.T) {
		rule(t, "queue")
		send()
		ds := queueConsume(t, ch, q, "tag")
		for i := range messages {
			require.Equal(t, fmt.Sprint(i), string(receive(t, ds).Body))
		}
	})
}

func TestQueue_KeepsTheOrderOfPersistentAndTransientMessages(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	q := queueSpec{durable: true}.mustDeclare(t, ch)
	const messages = 20
	for i := range messages {
		publish(t, ch, "", q, fmt.Sprint(i), func(p *amqp091.Publishing) { p.DeliveryMode = uint8(1 + i%2) })
	}
	for i := range messages {
		require.Equal(t, fmt.Sprint(i), getBody(t, ch, q))
	}
}
