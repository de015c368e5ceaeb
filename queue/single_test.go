package queue_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/queue"
)

func singleActive(t *testing.T, queueType string) *queue.Queue {
	t.Helper()
	return newQueue(t, queue.Spec{Arguments: arg("x-single-active-consumer", true, ofType(queueType))})
}

// hold takes what the consumer is given and holds it.
func hold(q *queue.Queue, c *queue.Consumer) []queue.Delivery {
	entries, _ := q.Fetch(c, nil, plenty)
	return deliveries(q, c, entries)
}

// Of those that wait, the one of the highest priority takes over, and of these the
// one that came first.
func TestSingle_FailsOverInOrder(t *testing.T) {
	for _, queueType := range []string{"classic", "quorum"} {
		t.Run(queueType, func(t *testing.T) {
			q := singleActive(t, queueType)
			var consumers []*queue.Consumer
			for i, priority := range []int64{5, 1, 3, 3, 1} {
				c, _ := addConsumer(t, q, queue.ConsumerOptions{Tag: fmt.Sprint(i), Priority: priority})
				consumers = append(consumers, c)
			}
			for n, next := range []int{0, 2, 3, 1, 4} {
				publish(q, "a", "b")
				held := hold(q, consumers[next])
				require.Len(t, held, 2, "consumer %d is number %d", next, n)
				for i, c := range consumers {
					require.Empty(t, fetch(q, c), "consumer %d waits for %d", i, next)
				}
				q.Ack(held)
				q.RemoveConsumer(consumers[next])
			}
			publish(q, "nobody's")
			require.Equal(t, queue.Counts{Ready: 1}, q.Counts())
		})
	}
}

// What was assigned to the consumer that goes is given to the next one, in order;
// what it holds comes later.
func TestSingle_NextOneGetsWhatWasAssigned(t *testing.T) {
	q := singleActive(t, "classic")
	first, _ := addConsumer(t, q, queue.ConsumerOptions{Tag: "first", Prefetch: 2})
	second, told := addConsumer(t, q, queue.ConsumerOptions{Tag: "second"})
	publish(q, "a", "b", "c")
	require.Zero(t, told.count())
	q.RemoveConsumer(first)
	require.Equal(t, 1, told.count())
	require.Equal(t, []string{"a", "b", "c"}, fetch(q, second))
}

// In a classic queue the active consumer stays, in a quorum queue one of a higher
// priority takes over when everything is settled.
func TestSingle_HigherPriorityTakesOver(t *testing.T) {
	for queueType, takesOver := range map[string]bool{"classic": false, "quorum": true} {
		t.Run(queueType, func(t *testing.T) {
			q := singleActive(t, queueType)
			low, _ := addConsumer(t, q, queue.ConsumerOptions{Tag: "low", Prefetch: 3})
			publish(q, "a", "b")
			held := hold(q, low)
			high, _ := addConsumer(t, q, queue.ConsumerOptions{Tag: "high", Priority: 1})
			publish(q, "c", "d")
			require.Empty(t, fetch(q, high))
			q.Ack(held[:1])
			require.Empty(t, fetch(q, high), "one is not settled")
			requeue(q, queue.Nacked, held[1])
			if takesOver {
				require.Equal(t, []string{"b", "c", "d"}, fetch(q, high))
				require.Empty(t, fetch(q, low))
			} else {
				require.Empty(t, fetch(q, high))
				require.Equal(t, []string{"c", "d", "b"}, fetch(q, low), "b comes when the others are assigned")
			}
		})
	}
}

// An active consumer that waits to be replaced goes on when its successor goes.
func TestSingle_SuccessorGoes(t *testing.T) {
	q := singleActive(t, "quorum")
	low, _ := addConsumer(t, q, queue.ConsumerOptions{Tag: "low"})
	publish(q, "a")
	require.Len(t, hold(q, low), 1)
	high, _ := addConsumer(t, q, queue.ConsumerOptions{Tag: "high", Priority: 1})
	publish(q, "b")
	require.Empty(t, fetch(q, low))
	q.RemoveConsumer(high)
	require.Equal(t, []string{"b"}, fetch(q, low))
}

func TestSingle_NobodyHasTheQueueForItself(t *testing.T) {
	q := singleActive(t, "classic")
	err := q.AddConsumer(queue.NewConsumer(q, new(waker), queue.ConsumerOptions{Exclusive: true}))
	var refusal *amqp.Error
	require.ErrorAs(t, err, &refusal)
	require.Equal(t, amqp.CodeAccessRefused, refusal.Code)
}

// Declared tells of all consumers of a classic queue, and of the active one of a
// quorum queue.
func TestSingle_Declared(t *testing.T) {
	for queueType, want := range map[string]int{"classic": 3, "quorum": 1} {
		q := singleActive(t, queueType)
		_, consumers := q.Declared()
		require.Zero(t, consumers)
		for range 3 {
			addConsumer(t, q, queue.ConsumerOptions{})
		}
		_, consumers = q.Declared()
		require.Equal(t, want, consumers)
		require.Equal(t, 3, q.Counts().Consumers)
	}
}
