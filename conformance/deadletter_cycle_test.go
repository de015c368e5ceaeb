package conformance

import (
	"testing"

	"github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

// A message that would come back to a queue for ever is dropped there.

func TestQueue_DeadLetterCyclesEnd(t *testing.T) {
	rule(t, "queue")
	short := amqp091.Table{"x-message-ttl": int32(1)}
	t.Run("of one queue", func(t *testing.T) {
		rule(t, "queue")
		ch := openChannel(t)
		q := queueSpec{args: amqp091.Table{"x-message-ttl": int32(1), "x-dead-letter-exchange": ""}}.mustDeclare(t, ch)
		publish(t, ch, "", q, "m")
		awaitGone(t, ch, q)
	})
	t.Run("of two queues", func(t *testing.T) {
		rule(t, "queue")
		ch := openChannel(t)
		first, second := uniqueName(t, "q"), uniqueName(t, "q")
		queueSpec{name: first, args: deadAmong(short, second)}.mustDeclare(t, ch)
		queueSpec{name: second, args: deadAmong(short, first)}.mustDeclare(t, ch)
		publish(t, ch, "", first, "m")
		awaitGone(t, ch, first, second)
	})
	t.Run("of limits", func(t *testing.T) {
		rule(t, "queue")
		ch := openChannel(t)
		none := amqp091.Table{"x-max-length": int32(0)}
		first, second := uniqueName(t, "q"), uniqueName(t, "q")
		queueSpec{name: first, args: deadAmong(none, second)}.mustDeclare(t, ch)
		queueSpec{name: second, args: deadAmong(none, first)}.mustDeclare(t, ch)
		publish(t, ch, "", first, "m")
		awaitGone(t, ch, first, second)
	})
}

// awaitGone waits until all queues are empty at once, and requires that they stay so.
func awaitGone(t *testing.T, ch *amqp091.Channel, queues ...string) {
	t.Helper()
	empty := func() bool {
		for _, q := range queues {
			if readyCount(t, ch, q) > 0 {
				return false
			}
		}
		return true
	}
	const looks = 4
	barrier(t)
	for range looks {
		eventually(t, "all queues are empty", empty)
		barrier(t)
	}
	for _, q := range queues {
		requireEmpty(t, ch, q)
	}
}

// Only the queue from which the message would come back is left out, and the other
// queues of the exchange have it.
func TestQueue_DeadLetterCyclesEndWhereTheyClose(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	dead := tempExchange(t, ch, "fanout")
	q := queueSpec{args: amqp091.Table{"x-message-ttl": int32(1), "x-dead-letter-exchange": dead}}.mustDeclare(t, ch)
	outside := tempQueue(t, ch)
	for _, queue := range []string{q, outside} {
		exchangeBinding{source: dead, destination: queue}.bindQueue(t, ch)
	}
	publish(t, ch, "", q, "m")
	requireDeaths(t, requireLettered(t, ch, outside, "m"), death{count: 1, reason: "expired", queue: q, keys: []any{q}})
	requireEmpty(t, ch, q)
}

// Somebody who rejects a message wants it to go round: a queue for retries later.
func TestQueue_DeadLetterCyclesWithARejectionGoRound(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	work, wait := uniqueName(t, "q"), uniqueName(t, "q")
	queueSpec{name: work, args: deadAmong(nil, wait)}.mustDeclare(t, ch)
	queueSpec{name: wait, args: deadAmong(amqp091.Table{"x-message-ttl": int32(1)}, work)}.mustDeclare(t, ch)
	publish(t, ch, "", work, "m")
	const rounds = 5
	for round := int64(1); round <= rounds; round++ {
		rejected(t, ch, work)
		basicAwaitReady(t, ch, work, 1)
		requireDeaths(t, basicTakeBack(t, ch, work),
			death{count: round, reason: "expired", queue: wait, keys: []any{wait}},
			death{count: round, reason: "rejected", queue: work, keys: []any{work}},
		)
	}
}

// A rejection itself always goes through, to the own queue as well.
func TestQueue_DeadLettersMayComeBackAtOnce(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	q := queueSpec{args: amqp091.Table{"x-dead-letter-exchange": ""}}.mustDeclare(t, ch)
	basicFill(t, ch, q, 2)
	require.NoError(t, basicTake(t, ch, q).Reject(basicDrop))
	require.Equal(t, []basicReady{{"1", false}, {"0", false}}, basicDrain(t, ch, q, 2))
}
