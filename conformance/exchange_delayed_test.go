package conformance

import (
	"testing"
	"time"

	"github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

// x-delayed-message is a plugin that RabbitMQ does not ship; the arguments x-delayed,
// x-message-ttl-anywhere and x-message-deduplication are Leveret's own.

// delayed consumes and returns the next messages with the times at which they came.
func delayed(t *testing.T, ch *amqp091.Channel, queue string, n int) (list []amqp091.Delivery, at []time.Time) {
	t.Helper()
	deliveries, err := ch.Consume(queue, "", true, false, false, false, nil)
	require.NoError(t, err)
	for range n {
		select {
		case d := <-deliveries:
			list, at = append(list, d), append(at, time.Now())
		case <-time.After(patience):
			require.FailNow(t, "a message did not come", "%d of %d came", len(list), n)
		}
	}
	return list, at
}

func delay(ms int32) func(*amqp091.Publishing) { return exchangeHeaders(amqp091.Table{"x-delay": ms}) }

// exactness is how late a delayed message may be; early it may not be, apart from the
// part of a millisecond that its header cannot tell.
const exactness = 50 * time.Millisecond

func requireAt(t *testing.T, began time.Time, delay time.Duration, at time.Time) {
	t.Helper()
	require.GreaterOrEqual(t, at.Sub(began), delay-2*time.Millisecond, "early")
	require.Less(t, at.Sub(began), delay+exactness+busy, "late")
}

// busy is what a busy machine may add.
const busy = 500 * time.Millisecond

func TestExchange_DelayedRoutesLater(t *testing.T) {
	rule(t, "exchange")
	for name, spec := range map[string]exchangeSpec{
		"type":     {kind: "x-delayed-message", args: amqp091.Table{"x-delayed-type": "topic"}},
		"argument": {kind: "topic", args: amqp091.Table{"x-delayed": true}},
	} {
		t.Run(name, func(t *testing.T) {
			ch := openChannel(t)
			x := spec.mustDeclare(t, ch)
			q := tempQueue(t, ch)
			exchangeBinding{source: x, destination: q, key: "a.*"}.bindQueue(t, ch)
			began := time.Now()
			publish(t, ch, x, "a.b", "second", delay(300))
			publish(t, ch, x, "c", "nowhere", delay(1))
			publish(t, ch, x, "a.b", "first", delay(150))
			publish(t, ch, x, "a.b", "at once")
			list, at := delayed(t, ch, q, 3)
			require.Equal(t, []string{"at once", "first", "second"},
				[]string{string(list[0].Body), string(list[1].Body), string(list[2].Body)})
			requireAt(t, began, 150*time.Millisecond, at[1])
			requireAt(t, began, 300*time.Millisecond, at[2])
			require.Equal(t, int32(-150), list[1].Headers["x-delay"], "the header tells that the wait is over")
			require.Equal(t, x, list[1].Exchange)
			require.Equal(t, "a.b", list[1].RoutingKey)
		})
	}
}

func TestExchange_DelayedRefusesArguments(t *testing.T) {
	rule(t, "exchange")
	c := dial(t)
	missing := "PRECONDITION_FAILED - Invalid argument, 'x-delayed-type' must be an existing exchange type"
	for _, row := range []struct {
		args amqp091.Table
		text string
	}{
		{nil, missing},
		{amqp091.Table{"x-delayed-type": "no such type"}, missing},
		{amqp091.Table{"x-delayed-type": int32(1)}, missing},
		{amqp091.Table{"x-delayed-type": "x-delayed-message"}, "PRECONDITION_FAILED - Invalid argument, 'x-delayed-message' can't be used for 'x-delayed-type'"},
	} {
		ch := channelOn(t, c)
		x := exchangeSpec{name: uniqueName(t, "x"), kind: "x-delayed-message", args: row.args}
		requireChannelError(t, ch, func() error { return x.declare(ch) }, amqp091.PreconditionFailed, row.text)
	}
}

func TestQueue_DelaysByArgument(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	q := queueSpec{exclusive: true, args: amqp091.Table{"x-delayed": true}}.mustDeclare(t, ch)
	began := time.Now()
	publish(t, ch, "", q, "late", delay(200))
	publish(t, ch, "", q, "at once")
	list, at := delayed(t, ch, q, 2)
	require.Equal(t, []string{"at once", "late"}, []string{string(list[0].Body), string(list[1].Body)})
	requireAt(t, began, 200*time.Millisecond, at[1])
	require.False(t, list[1].Redelivered)
}

func TestQueue_ExpiresAnywhere(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	q := queueSpec{exclusive: true, args: amqp091.Table{"x-message-ttl-anywhere": true}}.mustDeclare(t, ch)
	publish(t, ch, "", q, "stays")
	publish(t, ch, "", q, "goes", func(p *amqp091.Publishing) { p.Expiration = "100" })
	require.Eventually(t, func() bool {
		state, err := ch.QueueDeclarePassive(q, false, false, true, false, nil)
		require.NoError(t, err)
		return state.Messages == 1
	}, patience, patience/1000)
	require.Equal(t, 1, queueDrain(t, ch, q))
}

func TestQueue_Deduplicates(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	q := queueSpec{exclusive: true, args: amqp091.Table{"x-message-deduplication": true}}.mustDeclare(t, ch)
	same := exchangeHeaders(amqp091.Table{"x-deduplication-header": "a"})
	publish(t, ch, "", q, "first", same)
	publish(t, ch, "", q, "repeated", same)
	publish(t, ch, "", q, "another")
	require.Equal(t, 2, queueDrain(t, ch, q))
	publish(t, ch, "", q, "again", same)
	require.Equal(t, 1, queueDrain(t, ch, q))
}
