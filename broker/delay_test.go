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

// arrivals takes the next messages of a queue as they come: their bodies, and how
// long after the beginning each was there.
func (f *fixture) arrivals(name string, began time.Time, n int) (bodies []string, after []time.Duration) {
	f.t.Helper()
	require.Eventually(f.t, func() bool {
		for {
			d, _, ok := f.find(name).Get(queue.AutoAck)
			if !ok {
				return len(bodies) == n
			}
			bodies, after = append(bodies, string(d.Message.Body)), append(after, time.Since(began))
		}
	}, 30*time.Second, time.Millisecond)
	return bodies, after
}

// start of a test's time: what arrives knows milliseconds only.
func beginning() time.Time { return time.Now().Truncate(time.Millisecond) }

func TestDelay_MessagesComeAtTheirTime(t *testing.T) {
	f := start(t)
	f.exchange("later", exchange.Delayed, delayedExchange)
	f.queue("q")
	f.bind(toQueue("later", "q", "a.*"))
	began := beginning()
	f.postpone("later", "a.b", "third", 300*time.Millisecond)
	f.postpone("later", "a.b", "second", 200*time.Millisecond)
	f.postpone("later", "c", "nowhere", 10*time.Millisecond)
	f.postpone("later", "a.b", "first", 0)
	bodies, after := f.arrivals("q", began, 3)
	require.Equal(t, []string{"first", "second", "third"}, bodies)
	require.GreaterOrEqual(t, after[1], 200*time.Millisecond)
	require.GreaterOrEqual(t, after[2], 300*time.Millisecond)
	require.Eventually(t, func() bool { return f.vhost.Held("later") == 0 }, 30*time.Second, time.Millisecond)
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
	began := beginning()
	f.postpone("later", "x", "b", 600*time.Millisecond)
	f.postpone("later", "x", "a", time.Millisecond) // its time may come while nobody is there
	f.postpone("gone", "x", "lost with its exchange", time.Minute)
	f = f.reopen()
	bodies, after := f.arrivals("q", began, 2)
	require.Equal(t, []string{"a", "b"}, bodies)
	require.GreaterOrEqual(t, after[1], 600*time.Millisecond)
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
	began := beginning()
	f.postpone("", "q", "late", 300*time.Millisecond)
	f.postpone("", "q", "later", 600*time.Millisecond)
	f.postpone("", "q", "at once", 0)
	bodies, after := f.arrivals("q", began, 3)
	require.Equal(t, []string{"at once", "late", "later"}, bodies)
	require.GreaterOrEqual(t, after[1], 300*time.Millisecond)
	require.GreaterOrEqual(t, after[2], 600*time.Millisecond)
}
