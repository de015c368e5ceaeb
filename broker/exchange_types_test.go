package broker_test

import (
	"fmt"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/broker"
	"github.com/leveretmq/leveret/exchange"
	"github.com/leveretmq/leveret/message"
	"github.com/leveretmq/leveret/queue"
)

func withArguments(args ...amqp.Field) func(*exchange.Spec) {
	return func(s *exchange.Spec) { s.Arguments = args }
}

// numbered is a message that fixture.drained knows.
func numbered(exchange, key, body string, headers ...amqp.Field) *message.Message {
	return &message.Message{
		Exchange: exchange, RoutingKey: key, Body: []byte(body),
		Properties: amqp.PropertyList{MessageID: body, Headers: headers}.Encode(),
	}
}

// send publishes one message through one publisher, so that a route that is
// remembered by mistake shows.
func (f *fixture) send(p *broker.Publisher, m *message.Message) {
	f.t.Helper()
	queues, err := p.Route(m)
	require.NoError(f.t, err)
	m.Share(len(queues))
	for _, q := range queues {
		q.Publish([]queue.Publication{{Message: m}})
	}
}

func TestExchangeTypes_RandomIsNotRemembered(t *testing.T) {
	for _, kind := range []string{exchange.Random, exchange.LocalRandom} {
		t.Run(kind, func(t *testing.T) {
			f := start(t)
			f.exchange("x", kind)
			a, b := f.queue("a"), f.queue("b")
			f.bind(toQueue("x", "a", ""), toQueue("x", "b", ""))
			p := f.vhost.NewPublisher("guest")
			for range 100 {
				f.send(p, &message.Message{Exchange: "x", RoutingKey: "k"})
			}
			require.Equal(t, 100, a.Counts().Ready+b.Counts().Ready)
			require.NotZero(t, a.Counts().Ready)
			require.NotZero(t, b.Counts().Ready)
		})
	}
}

func TestExchangeTypes_LocalRandomRefusesQuorumQueues(t *testing.T) {
	f := start(t)
	f.exchange("x", exchange.LocalRandom)
	f.exchange("y", exchange.Fanout)
	f.queue("q", durableQueue, func(s *queue.Spec) {
		s.Arguments = amqp.Table{{Key: "x-queue-type", Value: "quorum"}}
	})
	requireRefused(t, "PRECONDITION_FAILED - Queue type rabbit_quorum_queue not valid for this exchange type",
		f.vhost.Bind(toQueue("x", "q", ""), nil))
	requireRefused(t, "PRECONDITION_FAILED - Destination not found", f.vhost.Bind(toExchange("x", "y", ""), nil))
	require.Empty(t, f.routed("x", ""))
}

func TestExchangeTypes_HistoryGoesToNewBindings(t *testing.T) {
	f := start(t)
	f.exchange("x", exchange.RecentHistory, withArguments(amqp.Field{Key: "x-recent-history-length", Value: int32(3)}))
	f.queue("early")
	f.bind(toQueue("x", "early", ""))
	p := f.vhost.NewPublisher("guest")
	for i := range 5 {
		f.send(p, numbered("x", "k", strconv.Itoa(i)))
	}
	require.Equal(t, []string{"0", "1", "2", "3", "4"}, f.drained("early"))
	f.queue("late")
	f.bind(toQueue("x", "late", ""))
	require.Equal(t, []string{"2", "3", "4"}, f.drained("late"))
	f.bind(toQueue("x", "late", ""))
	require.Empty(t, f.drained("late"), "the binding was there")
	f.bind(toQueue("x", "late", "other"))
	require.Equal(t, []string{"2", "3", "4"}, f.drained("late"), "another binding")
}

func TestExchangeTypes_HistoryGoesThroughNewExchanges(t *testing.T) {
	f := start(t)
	f.exchange("x", exchange.RecentHistory)
	f.exchange("by-key", exchange.Direct)
	f.queue("a")
	f.queue("b")
	f.bind(toQueue("by-key", "a", "a"), toQueue("by-key", "b", "b"))
	p := f.vhost.NewPublisher("guest")
	for _, key := range []string{"a", "b", "c", "a"} {
		f.send(p, numbered("x", key, key))
	}
	f.send(p, numbered("x", "c", "copy", amqp.Field{Key: "CC", Value: amqp.Array{"b"}}))
	f.bind(toExchange("x", "by-key", ""))
	require.Equal(t, []string{"a", "a"}, f.drained("a"))
	require.Equal(t, []string{"b", "copy"}, f.drained("b"))
}

// A message that is routed while its queue is being bound comes once: either it
// is in the history, or the binding was there.
func TestExchangeTypes_HistoryIsCompleteWhileMessagesCome(t *testing.T) {
	const messages = 2000
	f := start(t)
	f.exchange("x", exchange.RecentHistory, withArguments(amqp.Field{Key: "x-recent-history-length", Value: int32(messages)}))
	var group sync.WaitGroup
	group.Go(func() {
		p := f.vhost.NewPublisher("guest")
		for i := range messages {
			f.send(p, numbered("x", "k", strconv.Itoa(i)))
		}
	})
	names := make([]string, 5)
	for i := range names {
		names[i] = fmt.Sprint("q", i)
		f.queue(names[i])
		f.bind(toQueue("x", names[i], ""))
	}
	group.Wait()
	want := make(map[string]int)
	for i := range messages {
		want[strconv.Itoa(i)] = 1
	}
	for _, name := range names {
		got := make(map[string]int)
		for _, body := range f.drained(name) {
			got[body]++
		}
		require.Equal(t, want, got)
	}
}

func TestExchangeTypes_DeduplicationDropsRepeats(t *testing.T) {
	f := start(t)
	f.exchange("spare", exchange.Fanout)
	f.exchange("x", exchange.Deduplication, withArguments(
		amqp.Field{Key: "x-cache-size", Value: int32(100)},
		amqp.Field{Key: exchange.AlternateExchange, Value: "spare"},
	))
	q, spare := f.queue("q"), f.queue("spare")
	f.bind(toQueue("x", "q", ""), toQueue("spare", "spare", ""))
	p := f.vhost.NewPublisher("guest")
	for i := range 10 {
		f.send(p, withHeaders("x", "k", amqp.Field{Key: message.DeduplicationHeader, Value: int32(i % 3)}))
		f.send(p, &message.Message{Exchange: "x", RoutingKey: "k"})
	}
	require.Equal(t, 13, q.Counts().Ready)
	require.Equal(t, 7, spare.Counts().Ready, "a repeat is routed nowhere")
}

func TestExchangeTypes_SurviveARestartWithTheirArguments(t *testing.T) {
	f := start(t)
	size := amqp.Field{Key: "x-cache-size", Value: int32(1)}
	length := amqp.Field{Key: "x-recent-history-length", Value: int32(1)}
	f.exchange("hash", exchange.ConsistentHash, durableExchange, withArguments(amqp.Field{Key: "hash-header", Value: "h"}))
	f.exchange("unique", exchange.Deduplication, durableExchange, withArguments(size))
	f.exchange("history", exchange.RecentHistory, durableExchange, withArguments(length))
	for i := range 20 {
		name := fmt.Sprint("q", i)
		f.queue(name, durableQueue)
		f.bind(toQueue("hash", name, "1"))
	}
	f = f.reopen()
	same := make(map[string]struct{})
	for i := range 20 {
		m := withHeaders("hash", strconv.Itoa(i), amqp.Field{Key: "h", Value: "7"})
		same[fmt.Sprint(f.routedMessage(m))] = struct{}{}
	}
	require.Len(t, same, 1, "the header is hashed")
	f.queue("q")
	f.bind(toQueue("unique", "q", ""))
	seen := func(id string) bool {
		m := withHeaders("unique", "k", amqp.Field{Key: message.DeduplicationHeader, Value: id})
		return len(f.routedMessage(m)) == 0
	}
	require.Equal(t, []bool{false, true, false, false}, []bool{seen("a"), seen("a"), seen("b"), seen("a")})
	f.routedMessage(numbered("history", "k", "1"))
	f.routedMessage(numbered("history", "k", "2"))
	f.bind(toQueue("history", "q", ""))
	require.Equal(t, []string{"2"}, f.drained("q"))
}
