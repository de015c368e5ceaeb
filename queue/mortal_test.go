package queue_test

import (
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/message"
	"github.com/leveretmq/leveret/queue"
)

// expiring publishes a message that arrives now and lives for so long; zero is
// for ever.
func expiring(q *queue.Queue, body string, ttl time.Duration) {
	m := &message.Message{Body: []byte(body), Arrived: time.Now().UnixMilli()}
	if ttl > 0 {
		m.Properties = amqp.PropertyList{Expiration: strconv.FormatInt(ttl.Milliseconds(), 10)}.Encode()
	}
	q.Publish([]queue.Publication{{Message: m}})
}

func drain(q *queue.Queue) (list []string) {
	for {
		d, _, ok := q.Get(queue.AutoAck)
		if !ok {
			return list
		}
		list = append(list, string(d.Message.Body))
	}
}

// What expires behind other messages goes at its time, if the queue is asked for
// that, and otherwise when it comes to the front.
func TestMortal_ExpiresBehindOthers(t *testing.T) {
	for _, anywhere := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			q := newQueue(t, queue.Spec{Arguments: amqp.Table{{Key: "x-message-ttl-anywhere", Value: anywhere}}})
			expiring(q, "stays", 0)
			expiring(q, "goes", time.Second)
			expiring(q, "goes later", 3*time.Second)
			expiring(q, "stays, too", time.Hour)
			time.Sleep(2 * time.Second)
			synctest.Wait()
			want := 4
			if anywhere {
				want = 3
			}
			require.Equal(t, want, q.Counts().Ready)
			time.Sleep(2 * time.Second)
			synctest.Wait()
			require.Equal(t, []string{"stays", "stays, too"}, drain(q))
			require.Zero(t, q.Counts().Ready)
			require.Equal(t, 0, q.Purge(nil))
		})
	}
}

// What a client holds does not expire, and neither does what was taken.
func TestMortal_UnacknowledgedStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(t, queue.Spec{Arguments: amqp.Table{{Key: "x-message-ttl-anywhere", Value: true}}})
		expiring(q, "held", time.Second)
		expiring(q, "first", 0)
		expiring(q, "taken", time.Second)
		held, _, _ := q.Get(queue.ManualAck)
		time.Sleep(2 * time.Second)
		synctest.Wait()
		require.Equal(t, queue.Counts{Ready: 1, Unacked: 1}, q.Counts())
		q.Requeue([]queue.Delivery{held}, queue.Nacked)
		require.Equal(t, []string{"first"}, drain(q), "it has expired as soon as it is back")
	})
}
