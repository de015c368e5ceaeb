package queue_test

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/message"
	"github.com/leveretmq/leveret/queue"
)

// slowHost takes its time to delete queues that expire, and does not do it in the end.
type slowHost struct {
	expired atomic.Int32
	takes   time.Duration
}

func (h *slowHost) Bury(*queue.Queue, []queue.Dead) {}

func (h *slowHost) Expired(*queue.Queue) {
	h.expired.Add(1)
	time.Sleep(h.takes)
}

func unusedQueue(t *testing.T, h *slowHost, queueType string) *queue.Queue {
	t.Helper()
	q, err := queue.New(queue.Spec{VHost: "/", Name: "q", Arguments: amqp.Table{
		{Key: "x-expires", Value: int32(1000)}, {Key: "x-queue-type", Value: queueType},
	}}, queue.Options{Host: h})
	require.NoError(t, err)
	return q
}

// A queue expires once, however long it takes to delete it. If it was used
// meanwhile, it goes on, and expires later.
func TestQueueExpiresOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &slowHost{takes: time.Minute}
		q := unusedQueue(t, h, "classic")
		time.Sleep(30 * time.Second)
		synctest.Wait()
		require.EqualValues(t, 1, h.expired.Load())
		require.True(t, q.Unused())
		time.Sleep(30*time.Second + 500*time.Millisecond)
		q.Touch() // it is not gone yet
		require.False(t, q.Unused())
		time.Sleep(999 * time.Millisecond)
		synctest.Wait()
		require.EqualValues(t, 1, h.expired.Load(), "not before its time")
		time.Sleep(time.Millisecond)
		synctest.Wait()
		require.EqualValues(t, 2, h.expired.Load())
		q.End()
		time.Sleep(time.Hour)
		synctest.Wait()
		require.EqualValues(t, 2, h.expired.Load())
	})
}

// A declaration is a use of a classic queue only, basic.get of any.
func TestQueueExpiresLaterWhenItIsUsed(t *testing.T) {
	uses := map[string]func(*queue.Queue){
		"touch":    (*queue.Queue).Touch,
		"declared": func(q *queue.Queue) { q.Declared() },
		"get":      func(q *queue.Queue) { q.Get(queue.AutoAck) },
		"counts":   func(q *queue.Queue) { q.Counts() },
	}
	for _, row := range []struct {
		queueType, use string
		expired        int
	}{
		{"classic", "touch", 0},
		{"classic", "declared", 0},
		{"classic", "get", 0},
		{"classic", "counts", 1},
		{"quorum", "touch", 1},
		{"quorum", "declared", 1},
		{"quorum", "get", 0},
	} {
		t.Run(row.queueType+" "+row.use, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := &slowHost{}
				q := unusedQueue(t, h, row.queueType)
				time.Sleep(700 * time.Millisecond)
				uses[row.use](q)
				time.Sleep(700 * time.Millisecond)
				synctest.Wait()
				require.EqualValues(t, row.expired, h.expired.Load())
				q.End()
			})
		})
	}
}

// The time of a message that is held back begins when it is ready.
func TestQueueExpiresMessagesAfterTheirDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, err := queue.New(queue.Spec{VHost: "/", Name: "q", Arguments: amqp.Table{
			{Key: "x-delayed", Value: true}, {Key: "x-message-ttl", Value: int32(100)},
		}}, queue.Options{})
		require.NoError(t, err)
		m := &message.Message{Arrived: time.Now().UnixMilli(), Properties: amqp.PropertyList{
			Headers: amqp.Table{{Key: "x-delay", Value: int32(1000)}},
		}.Encode()}
		q.Publish([]queue.Publication{{Message: m}})
		require.Equal(t, queue.Counts{Delayed: 1}, q.Counts())
		time.Sleep(1099 * time.Millisecond)
		require.Equal(t, queue.Counts{Ready: 1}, q.Counts())
		time.Sleep(2 * time.Millisecond)
		require.Equal(t, queue.Counts{}, q.Counts())
	})
}
