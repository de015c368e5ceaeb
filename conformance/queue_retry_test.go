package conformance

import (
	"testing"
	"time"

	"github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

func TestQueue_ClassicDropsWhatComesBackTooOften(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	q := queueSpec{args: amqp091.Table{"x-delivery-limit": int32(1)}}.mustDeclare(t, ch)
	publish(t, ch, "", q, "m")
	for i := range 2 {
		d := quorumTake(t, ch, q)
		quorumRequireCount(t, d, i, nil)
		require.NoError(t, d.Nack(basicSingle, basicRequeue))
	}
	basicEmptyEventually(t, ch, q)
}

func TestQueue_ClassicRetriesLater(t *testing.T) {
	rule(t, "queue")
	retriesLater(t, "classic")
}

func TestQueue_QuorumRetriesLater(t *testing.T) {
	rule(t, "queue")
	retriesLater(t, "quorum")
}

// retriesLater requires that a message waits longer each time that it comes back.
// The figures leave room for a machine that is slow, but not for one that is early.
func retriesLater(t *testing.T, queueType string) {
	t.Helper()
	const step = 100 * time.Millisecond
	ch := openChannel(t)
	q := queueSpec{durable: true, args: amqp091.Table{
		"x-queue-type": queueType, "x-delayed-retry-type": "all",
		"x-delayed-retry-min": step.Milliseconds(), "x-delayed-retry-max": 2 * step.Milliseconds(),
	}}.mustDeclare(t, ch)
	publish(t, ch, "", q, "m")
	for _, wait := range []time.Duration{0, step, 2 * step, 2 * step} {
		began := time.Now()
		d := quorumTake(t, ch, q)
		require.GreaterOrEqual(t, time.Since(began), wait-5*time.Millisecond)
		require.NoError(t, d.Nack(basicSingle, basicRequeue))
	}
}

// Arguments that RabbitMQ does not know for classic queues.
func TestQueue_OurArgumentsAreValidated(t *testing.T) {
	rule(t, "queue")
	c := dial(t)
	for argument, row := range map[string]struct {
		value  any
		reason string
	}{
		"x-delivery-limit":     {"many", `"expected integer, got longstr"`},
		"x-delayed-retry-type": {"sometimes", "invalid_delayed_retry_type"},
		"x-delayed-retry-min":  {int32(-1), "{value_negative,-1}"},
		"x-delayed-retry-max":  {"long", `"expected integer, got longstr"`},
		"x-delayed":            {"yes", "{unacceptable_type,longstr}"},
	} {
		queueRequireRefused(t, c, argument, amqp091.Table{argument: row.value}, row.reason)
	}
}
