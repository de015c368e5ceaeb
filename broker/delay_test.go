package broker_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/exchange"
	"github.com/leveretmq/leveret/message"
	"github.com/leveretmq/leveret/queue"
)

// delayedExchange routes like a topic exchange, later.
func delayedExchange(s *exchange.Spec) {
	s.Type = exchange.Delayed
	s.Arguments = amqp.Table{{Key: "x-delayed-type", Value: "topic"}}
}

// postpone publishes a message that arrives now and asks for a delay.
func (f *fixture) postpone(to, key, body string, delay time.Duration) {
	f.t.Helper()
	m := &message.Message{
		Exchange: to, RoutingKey: key, Body: []byte(body), Arrived: time.Now().UnixMilli(), Persistent: true,
		Properties: amqp.PropertyList{DeliveryMode: 2, MessageID: body, Headers: amqp.Table{{Key: queue.DelayHeader, Value: int32(delay.Milliseconds())}}}.Encode(),
	}
	queues, err := f.vhost.NewPublisher("guest").Route(m)
	require.NoError(f.t, err)
	for _, q := range queues {
		q.Publish([]queue.Publication{{Message: m}})
	}
	require.NoError(f.t, f.vhost.Barrier())
}

// taken is the bodies that are ready in a queue, with the time at which the last
// of them was seen to be there.
func (f *fixture) awaited(name string, n int) []string {
	f.t.Helper()
	require.Eventually(f.t, func() bool { return f.find(name).Counts().Ready >= n }, 5*time.Second, time.Millisecond)
	return f.drained(name)
}

func TestDelay_MessagesComeAtTheirTime(t *testing.T) {
	f := start(t)
	f.exchange("later", exchange.Delayed, delayedExchange)
	f.queue("q")
	f.bind(toQueue("later", "q", "a.*"))
	began := time.Now().Truncate(time.Millisecond)
	f.postpone("later", "a.b", "third", 300*time.Millisecond)
	f.postpone("later", "a.b", "second", 200*time.Millisecond)
	f.postpone("later", "c", "nowhere", 10*time.Millisecond)
	f.postpone("later", "a.b", "first", 0)
	require.Equal(t, 3, f.vhost.Held("later"))
	require.Equal(t, []string{"first"}, f.drained("q"))
	require.Equal(t, []string{"second"}, f.awaited("q", 1))
	require.GreaterOrEqual(t, time.Since(began), 200*time.Millisecond)
	require.Equal(t, []string{"third"}, f.awaited("q", 1))
	require.GreaterOrEqual(t, time.Since(began), 300*time.Millisecond)
	require.Zero(t, f.vhost.Held("later"))
}

// A message that has been held back says so, and is not held back once more.
func TestDelay_HeaderTellsThatItIsOver(t *testing.T) {
	f := start(t)
	f.exchange("later", "fanout", func(s *exchange.Spec) { s.Arguments = amqp.Table{{Key: "x-delayed", Value: true}} })
	f.queue("q")
	f.bind(toQueue("later", "q", ""))
	f.postpone("later", "", "x", 20*time.Millisecond)
	require.Eventually(t, func() bool { return f.find("q").Counts().Ready == 1 }, 5*time.Second, time.Millisecond)
	d, _, _ := f.find("q").Get(queue.AutoAck)
	delay, _ := d.Message.Headers().Lookup(queue.DelayHeader)
	require.Equal(t, int32(-20), delay)
	require.Zero(t, queue.Delay(d.Message))
}

func TestDelay_SurvivesARestart(t *testing.T) {
	f := start(t)
	f.exchange("later", exchange.Delayed, delayedExchange, durableExchange)
	f.exchange("gone", exchange.Delayed, delayedExchange)
	f.queue("q", durableQueue)
	f.bind(toQueue("later", "q", "#"))
	f.bind(toQueue("gone", "q", "#"))
	began := time.Now().Truncate(time.Millisecond)
	f.postpone("later", "x", "b", 600*time.Millisecond)
	f.postpone("later", "x", "a", time.Millisecond) // its time comes while nobody is there
	f.postpone("gone", "x", "lost with its exchange", time.Minute)
	f = f.reopen()
	require.Equal(t, []string{"a", "b"}, append(f.awaited("q", 1), f.awaited("q", 1)...))
	require.GreaterOrEqual(t, time.Since(began), 600*time.Millisecond)
	f = f.reopen()
	require.Zero(t, f.vhost.Held("later"))
	require.NoError(t, f.vhost.DeleteExchange("later", false))
}

func TestDelay_EndsWithItsExchange(t *testing.T) {
	f := start(t)
	f.exchange("later", exchange.Delayed, delayedExchange, durableExchange)
	f.queue("q", durableQueue)
	f.bind(toQueue("later", "q", "#"))
	f.postpone("later", "x", "never", 50*time.Millisecond)
	require.NoError(t, f.vhost.DeleteExchange("later", false))
	f = f.reopen()
	f.exchange("later", exchange.Delayed, delayedExchange, durableExchange)
	require.Zero(t, f.vhost.Held("later"))
}

// A queue that holds messages back itself gives them out in the order of their
// times, before what has come later.
func TestDelay_OfAQueue(t *testing.T) {
	f := start(t)
	f.queue("q", durableQueue, func(s *queue.Spec) { s.Arguments = amqp.Table{{Key: "x-delayed", Value: true}} })
	f.postpone("", "q", "late", 100*time.Millisecond)
	f.postpone("", "q", "later", 200*time.Millisecond)
	f.postpone("", "q", "at once", 0)
	require.Equal(t, queue.Counts{Ready: 1, Delayed: 2}, f.find("q").Counts())
	require.Equal(t, []string{"at once"}, f.drained("q"))
	require.Equal(t, []string{"late", "later"}, append(f.awaited("q", 1), f.awaited("q", 1)...))
}
