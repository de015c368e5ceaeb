package queue_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/message"
	"github.com/leveretmq/leveret/queue"
)

// take gets the next message, which stays unacknowledged.
func take(t *testing.T, q *queue.Queue) queue.Delivery {
	t.Helper()
	d, _, ok := q.Get(queue.ManualAck)
	require.True(t, ok, "the queue is empty")
	return d
}

func requeue(q *queue.Queue, how queue.Return, deliveries ...queue.Delivery) {
	q.Requeue(deliveries, how)
}

func TestReturns_GoFirstInTheOrderOfTheirReturn(t *testing.T) {
	q := newQueue(t, queue.Spec{Arguments: amqp.Table{ofType("quorum")}})
	publish(q, "a", "b", "c")
	a, b := take(t, q), take(t, q)
	urgent := amqp.PropertyList{Priority: 9}.Encode()
	q.Publish([]queue.Publication{{Message: &message.Message{Body: []byte("urgent"), Properties: urgent}}})
	requeue(q, queue.Nacked, b)
	requeue(q, queue.Nacked, a)
	require.Equal(t, 4, q.Counts().Ready)
	require.Equal(t, []string{"b", "a", "urgent", "c"}, drain(q))
}

func TestReturns_AreCounted(t *testing.T) {
	own := amqp.Table{{Key: "x-delivery-count", Value: "the client's"}, {Key: "own", Value: int32(1)}}
	sent := amqp.PropertyList{ContentType: "text/plain", Headers: own}.Encode()
	for _, c := range []struct {
		arguments amqp.Table
		counts    bool
	}{
		{nil, false},
		{amqp.Table{ofType("quorum")}, true},
		{arg("x-delivery-limit", int32(-1)), false},
		{arg("x-delivery-limit", int32(5)), true},
	} {
		q := newQueue(t, queue.Spec{Arguments: c.arguments})
		q.Publish([]queue.Publication{{Message: &message.Message{Properties: sent}}})
		for returns := range 3 {
			d := take(t, q)
			want := sent
			if c.counts && returns > 0 {
				want = sent.WithHeaders(amqp.Table{own[1], {Key: "x-delivery-count", Value: int64(returns)}})
			}
			require.Equal(t, want.List(), d.Properties().List())
			requeue(q, queue.Nacked, d)
		}
	}
}

// A classic queue may have a limit, too, which RabbitMQ refuses.
func TestReturns_AreLimited(t *testing.T) {
	for _, typ := range []string{"classic", "quorum"} {
		q := newQueue(t, queue.Spec{Arguments: arg("x-delivery-limit", int32(2), ofType(typ))})
		publish(q, "m")
		for _, how := range []queue.Return{queue.Nacked, queue.Rejected, queue.Abandoned} {
			require.Equal(t, 1, q.Counts().Ready)
			requeue(q, how, take(t, q))
		}
		require.Equal(t, queue.Counts{}, q.Counts(), "the third return is one too many")
	}
}

func TestReturns_WaitForTheirRetry(t *testing.T) {
	all := []queue.Return{queue.Nacked, queue.Rejected, queue.Abandoned}
	for kind, delayed := range map[string][]queue.Return{
		"all": all, "failed": {queue.Rejected, queue.Abandoned}, "returned": {queue.Nacked}, "disabled": nil,
	} {
		for _, typ := range []string{"classic", "quorum"} {
			for _, how := range all {
				synctest.Test(t, func(t *testing.T) {
					q := newQueue(t, queue.Spec{Arguments: amqp.Table{
						ofType(typ),
						{Key: "x-delayed-retry-type", Value: kind},
						{Key: "x-delayed-retry-min", Value: int32(1000)},
						{Key: "x-delayed-retry-max", Value: int32(2500)},
					}})
					publish(q, "m")
					for _, wait := range []time.Duration{1000, 2000, 2500, 2500} {
						requeue(q, how, take(t, q))
						if !slices.Contains(delayed, how) {
							continue
						}
						require.Equal(t, queue.Counts{Delayed: 1}, q.Counts())
						time.Sleep(wait*time.Millisecond - time.Millisecond)
						synctest.Wait()
						require.Equal(t, queue.Counts{Delayed: 1}, q.Counts())
						time.Sleep(time.Millisecond)
						synctest.Wait()
						require.Equal(t, queue.Counts{Ready: 1}, q.Counts())
					}
				})
			}
		}
	}
}

// A queue that waits holds nobody up: what comes meanwhile is given out.
func TestReturns_DoNotHoldOthersUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(t, queue.Spec{Arguments: amqp.Table{
			{Key: "x-delayed-retry-type", Value: "all"}, {Key: "x-delayed-retry-min", Value: int32(1000)},
		}})
		publish(q, "again", "next")
		requeue(q, queue.Nacked, take(t, q))
		require.Equal(t, "next", string(take(t, q).Message.Body))
		time.Sleep(time.Second)
		synctest.Wait()
		d := take(t, q)
		require.Equal(t, "again", string(d.Message.Body))
		require.True(t, d.Redelivered())
	})
}

func TestReturns_ExclusiveConsumersOfQuorumQueues(t *testing.T) {
	q := newQueue(t, queue.Spec{Arguments: amqp.Table{ofType("quorum")}})
	addConsumer(t, q, queue.ConsumerOptions{Tag: "a", Exclusive: true})
	addConsumer(t, q, queue.ConsumerOptions{Tag: "b", Exclusive: true})
	require.Equal(t, 2, q.Counts().Consumers)
}
