package queue_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/message"
	"github.com/leveretmq/leveret/queue"
)

// offer publishes a message with something that tells it from others.
func offer(q *queue.Queue, body string, id any) {
	headers := amqp.Table{{Key: message.DeduplicationHeader, Value: id}}
	q.Publish([]queue.Publication{{Message: &message.Message{
		Body: []byte(body), Properties: amqp.PropertyList{Headers: headers}.Encode(),
	}}})
}

func uniqueQueue(t testing.TB) *queue.Queue {
	return newQueue(t, queue.Spec{Arguments: amqp.Table{{Key: "x-message-deduplication", Value: true}}})
}

func TestUnique_DropsWhatTheQueueHas(t *testing.T) {
	q := uniqueQueue(t)
	offer(q, "1", "a")
	offer(q, "2", "a")
	offer(q, "3", int64(5))
	offer(q, "4", "5") // another type is something else
	publish(q, "5", "5")
	require.Equal(t, 5, q.Counts().Ready)

	d, _, ok := q.Get(queue.ManualAck)
	require.True(t, ok)
	offer(q, "6", "a")
	require.Equal(t, 4, q.Counts().Ready, "unacknowledged ones count")
	q.Ack([]queue.Delivery{d})
	offer(q, "7", "a")
	require.Equal(t, 5, q.Counts().Ready)
}

func TestUnique_PurgeForgetsWhatWasReady(t *testing.T) {
	q := uniqueQueue(t)
	offer(q, "1", "held")
	offer(q, "2", "ready")
	d, _, _ := q.Get(queue.ManualAck)
	require.Equal(t, 1, q.Purge(nil))
	offer(q, "3", "held")
	offer(q, "4", "ready")
	require.Equal(t, 1, q.Counts().Ready)
	q.Requeue([]queue.Delivery{d}, queue.Nacked)
	require.Equal(t, 2, q.Counts().Ready)
}
