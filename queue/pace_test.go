package queue_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/message"
	"github.com/leveretmq/leveret/queue"
)

// patience is how long publishers wait in these tests, in virtual time.
const patience = 10 * time.Millisecond

// crowd publishes so much that consumers are busy with it for a while.
func crowd(q *queue.Queue) (messages int) {
	batch := make([]queue.Publication, 6000)
	for i := range batch {
		batch[i].Message = &message.Message{Body: make([]byte, 100)}
	}
	q.Publish(batch)
	return len(batch)
}

// waited is how long a publisher is held back.
func waited(q *queue.Queue) time.Duration {
	began := time.Now()
	q.Pace(patience)
	return time.Since(began)
}

func TestPace_WaitsForABusyConsumer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, c := crowdedQueue(t)
		held := make(chan time.Duration)
		go func() { held <- waited(q) }()
		synctest.Wait()
		time.Sleep(patience / 2)
		fetchAll(q, c)
		require.Equal(t, patience/2, <-held)
		require.Zero(t, waited(q), "the queue is drained")
		crowd(q)
		require.Equal(t, patience, waited(q), "it is crowded again")
	})
}

func TestPace_WaitsOnceForAConsumerThatTakesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, c := crowdedQueue(t)
		require.Equal(t, patience, waited(q))
		require.Zero(t, waited(q))
		crowd(q)
		require.Zero(t, waited(q), "more of the same")
		fetchAll(q, c)
		crowd(q)
		require.Equal(t, patience, waited(q), "the consumer has taken everything in between")
	})
}

func TestPace_DoesNotWaitWithoutConsumers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, c := crowdedQueue(t)
		q.RemoveConsumer(c)
		require.Zero(t, waited(q))
		crowd(q)
		require.Zero(t, waited(q))
	})
}

func TestPace_EndsWithTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, _ := crowdedQueue(t)
		held := make(chan time.Duration)
		go func() { held <- waited(q) }()
		synctest.Wait()
		_, err := q.Delete(queue.Condition{})
		require.NoError(t, err)
		require.Zero(t, <-held)
	})
}

// crowdedQueue is a crowded queue with a consumer.
func crowdedQueue(t *testing.T) (*queue.Queue, *queue.Consumer) {
	q, err := queue.New(queue.Spec{Name: "q"}, queue.Options{})
	require.NoError(t, err)
	c := queue.NewConsumer(q, deaf{}, queue.ConsumerOptions{NoAck: true})
	require.NoError(t, q.AddConsumer(c))
	crowd(q)
	return q, c
}

func fetchAll(q *queue.Queue, c *queue.Consumer) {
	for more := queue.More; more == queue.More; {
		_, more = q.Fetch(c, nil, 64<<10)
	}
}

// deaf is a connection that fetches when the test says so.
type deaf struct{}

func (deaf) Wake(*queue.Consumer) {}
