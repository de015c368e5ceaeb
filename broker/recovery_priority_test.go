package broker_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/message"
	"github.com/leveretmq/leveret/queue"
)

// keepOfPriority publishes a persistent message of the priority straight into a
// queue. Its body is the priority and the given number.
func (f *fixture) keepOfPriority(name string, priority uint8, number int) {
	f.t.Helper()
	body := fmt.Sprintf("%d-%d", priority, number)
	p := amqp.PropertyList{DeliveryMode: 2, MessageID: body, Priority: priority}
	m := &message.Message{RoutingKey: name, Persistent: true, Body: []byte(body), Properties: p.Encode()}
	f.find(name).Publish([]queue.Publication{{Message: m}})
}

// What is stored comes back in the order of its priority, and what comes later
// finds its place among it.
func TestRecovery_Priorities(t *testing.T) {
	for name, arguments := range map[string]amqp.Table{
		"classic": {{Key: "x-max-priority", Value: int32(5)}},
		"quorum":  {{Key: "x-queue-type", Value: "quorum"}},
	} {
		t.Run(name, func(t *testing.T) {
			f := start(t)
			f.queue("q", durableQueue, func(s *queue.Spec) { s.Arguments = arguments })
			for i, priority := range []uint8{1, 5, 3, 1, 5} {
				f.keepOfPriority("q", priority, i)
			}
			require.NoError(t, f.vhost.Barrier())
			f = f.reopen()
			f.keepOfPriority("q", 3, 5)
			f.keepOfPriority("q", 2, 6)
			f = f.reopen()
			require.Equal(t, 7, f.find("q").Counts().Ready)
			require.Equal(t, []string{"5-1", "5-4", "3-2", "3-5", "2-6", "1-0", "1-3"}, f.drained("q"))
			require.Empty(t, f.reopen().drained("q"), "what was taken is gone")
		})
	}
}

// What was settled within a priority stays so, and what is unacknowledged comes
// back to its priority, flagged.
func TestRecovery_PrioritiesSettled(t *testing.T) {
	f := start(t)
	f.queue("q", durableQueue, func(s *queue.Spec) { s.Arguments = amqp.Table{{Key: "x-max-priority", Value: int32(5)}} })
	for i, priority := range []uint8{1, 5, 5, 1} {
		f.keepOfPriority("q", priority, i)
	}
	q := f.find("q")
	acked, _, _ := q.Get(queue.ManualAck)
	back, _, _ := q.Get(queue.ManualAck)
	q.Ack([]queue.Delivery{acked})
	q.Requeue([]queue.Delivery{back}, queue.Nacked)
	require.NoError(t, f.vhost.Barrier())
	require.Equal(t, []string{"5-2*", "1-0", "1-3"}, f.reopen().drained("q"))
}

// The delivery limit holds after a restart, too.
func TestRecovery_DeliveryLimit(t *testing.T) {
	f := start(t)
	f.queue("q", durableQueue, func(s *queue.Spec) {
		s.Arguments = amqp.Table{
			{Key: "x-queue-type", Value: "quorum"}, {Key: "x-delivery-limit", Value: int32(1)},
		}
	})
	f.keepOfPriority("q", 0, 0)
	require.NoError(t, f.vhost.Barrier())
	q := f.reopen().find("q")
	for range 2 {
		d, _, ok := q.Get(queue.ManualAck)
		require.True(t, ok)
		q.Requeue([]queue.Delivery{d}, queue.Rejected)
	}
	require.Zero(t, q.Counts().Ready)
}
