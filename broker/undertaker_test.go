package broker_test

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/broker"
	"github.com/leveretmq/leveret/exchange"
	"github.com/leveretmq/leveret/message"
	"github.com/leveretmq/leveret/persistence"
	"github.com/leveretmq/leveret/queue"
)

// soon bounds what the broker does by itself.
const soon = 10 * time.Second

// lettered are the arguments of a queue that dead-letters to another one through the
// default exchange.
func lettered(to string, more ...amqp.Field) func(*queue.Spec) {
	return func(s *queue.Spec) {
		s.Arguments = append(amqp.Table{
			{Key: "x-dead-letter-exchange", Value: ""}, {Key: "x-dead-letter-routing-key", Value: to},
		}, more...)
	}
}

// careful are the arguments of a quorum queue whose dead messages must not be lost.
func careful(to string) func(*queue.Spec) {
	return lettered(to,
		amqp.Field{Key: "x-queue-type", Value: "quorum"},
		amqp.Field{Key: "x-overflow", Value: "reject-publish"},
		amqp.Field{Key: "x-dead-letter-strategy", Value: "at-least-once"},
	)
}

// reject takes the next n messages of a queue and rejects them in one go.
func (f *fixture) reject(name string, n int) {
	f.t.Helper()
	q := f.find(name)
	var batch []queue.Delivery
	for range n {
		d, _, ok := q.Get(queue.ManualAck)
		require.True(f.t, ok)
		batch = append(batch, d)
	}
	q.Reject(batch)
}

// awaitReady waits until a queue has n ready messages.
func (f *fixture) awaitReady(name string, n int) {
	f.t.Helper()
	q := f.find(name)
	require.Eventually(f.t, func() bool { return q.Counts().Ready == n }, soon, time.Millisecond)
}

// What is dead when the broker stops is where it belongs at the next start: in one
// queue, once.
func TestUndertaker_CleanStop(t *testing.T) {
	f := start(t)
	f.queue("dead", durableQueue)
	f.queue("q", durableQueue, lettered("dead"))
	f.keep("", "q", "a", "b", "c")
	f.reject("q", 2)
	f = f.reopen()
	require.Equal(t, []string{"a", "b"}, f.drained("dead"))
	require.Equal(t, []string{"c"}, f.drained("q"))
	f = f.reopen()
	require.Empty(t, f.drained("dead"))
	require.Empty(t, f.drained("q"))
}

// A message that must not be lost stays where it died until another queue has it, a
// restart included.
func TestUndertaker_AtLeastOnceWaitsForAQueue(t *testing.T) {
	f := start(t)
	f.queue("q", durableQueue, careful("dead"))
	f.keep("", "q", "a")
	f.reject("q", 1)
	f = f.reopen()
	require.Equal(t, 1, f.find("q").Counts().Ready, "it has nowhere to go, and comes back")
	f.reject("q", 1)
	f.queue("dead", durableQueue)
	f.awaitReady("dead", 1)
	require.NoError(t, f.vhost.Barrier()) // it is there for good
	f = f.reopen()
	require.Equal(t, []string{"a"}, f.drained("dead"))
	require.Empty(t, f.drained("q"))
}

// A queue that is full takes what must not be lost when it has room again.
func TestUndertaker_AtLeastOnceWaitsForRoom(t *testing.T) {
	f := start(t)
	f.queue("q", durableQueue, careful("dead"))
	f.queue("dead", durableQueue, func(s *queue.Spec) {
		s.Arguments = amqp.Table{{Key: "x-max-length", Value: int32(1)}, {Key: "x-overflow", Value: "reject-publish"}}
	})
	f.keep("", "q", "a", "b")
	f.reject("q", 2)
	f.awaitReady("dead", 1)
	require.Equal(t, []string{"a"}, f.drained("dead"))
	f.awaitReady("dead", 1)
	require.Equal(t, []string{"b"}, f.drained("dead"))
}

// Publishers are held back by what waits to be dead-lettered, and by nothing that is
// done with.
func TestUndertaker_HoldsNobodyBackInTheEnd(t *testing.T) {
	f := start(t)
	f.queue("dead", durableQueue)
	f.queue("careful", durableQueue, careful("dead"))
	f.queue("careless", durableQueue, lettered("dead"))
	const rounds = 12
	body := strings.Repeat("b", 2<<20)
	for range rounds {
		for _, name := range []string{"careful", "careless"} {
			m := &message.Message{RoutingKey: name, Body: []byte(body), Persistent: true, Properties: amqp.Properties{0, 0}}
			f.find(name).Publish([]queue.Publication{{Message: m}})
			f.reject(name, 1)
		}
		f.awaitReady("dead", 2)
		_, err := f.vhost.PurgeQueue("dead", nil)
		require.NoError(t, err)
	}
	free := make(chan struct{})
	go func() {
		f.broker.Throttle(queue.Flood)
		close(free)
	}()
	select {
	case <-free:
	case <-time.After(soon):
		t.Fatal("publishers are held back")
	}
}

// A queue may be deleted while its dead messages are on their way: they arrive.
func TestUndertaker_QueueIsDeletedMeanwhile(t *testing.T) {
	f := start(t)
	f.queue("dead", durableQueue)
	for round := range 20 {
		name := fmt.Sprint("q", round)
		f.queue(name, durableQueue, lettered("dead"))
		f.keep("", name, "m")
		f.reject(name, 1)
		f.deleteQueue(name)
	}
	f.awaitReady("dead", 20)
}

// An exchange that holds messages back does so with dead ones.
func TestUndertaker_DeadLettersMayBeDelayed(t *testing.T) {
	f := start(t)
	f.exchange("late", "fanout", func(s *exchange.Spec) { s.Arguments = amqp.Table{{Key: "x-delayed", Value: true}} })
	f.queue("to")
	f.bind(toQueue("late", "to", ""))
	f.queue("q", func(s *queue.Spec) {
		s.Arguments = amqp.Table{{Key: "x-dead-letter-exchange", Value: "late"}}
	})
	const delay = 300 * time.Millisecond
	m := withHeaders("", "q", amqp.Field{Key: "x-delay", Value: int32(delay.Milliseconds())})
	f.find("q").Publish([]queue.Publication{{Message: m}})
	began := time.Now()
	f.reject("q", 1)
	f.awaitReady("to", 1)
	require.GreaterOrEqual(t, time.Since(began), delay-time.Millisecond)
	d, _, ok := f.find("to").Get(queue.AutoAck)
	require.True(t, ok)
	require.Equal(t, "late", d.Message.Exchange)
	require.True(t, d.Message.Properties.HasHeader("x-death"))
}

// The log tells of a circle once, not for each message.
func TestUndertaker_TellsOfACircleOnce(t *testing.T) {
	var log strings.Builder
	store, err := persistence.Open(persistence.Options{
		Dir: t.TempDir(), Durability: persistence.OS, Logger: slog.New(slog.DiscardHandler),
	})
	require.NoError(t, err)
	b, err := broker.New(broker.Options{Store: store, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	require.NoError(t, err)
	vhost, ok := b.VHost("/")
	require.True(t, ok)
	f := &fixture{t: t, broker: b, vhost: vhost}
	for _, name := range []string{"q", "r"} {
		f.queue(name, lettered(name, amqp.Field{Key: "x-message-ttl", Value: int32(0)}))
		put(f.find(name), "1", "2", "3")
	}
	require.NoError(t, b.Close()) // which waits for the dead
	const told = "messages are dead-lettered in a circle and dropped"
	require.Equal(t, 2, strings.Count(log.String(), told))
	require.Contains(t, log.String(), "from=\"queue 'q' in vhost '/'\" to=\"queue 'q' in vhost '/'\"")
}
