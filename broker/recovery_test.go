package broker_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/exchange"
	"github.com/leveretmq/leveret/message"
	"github.com/leveretmq/leveret/queue"
)

// keep publishes persistent messages through an exchange and returns when they
// are durable.
func (f *fixture) keep(exchange, key string, bodies ...string) {
	f.t.Helper()
	for _, body := range bodies {
		m := &message.Message{
			Exchange: exchange, RoutingKey: key, Persistent: true, Body: []byte(body),
			Properties: amqp.PropertyList{DeliveryMode: 2, MessageID: body}.Encode(),
		}
		queues, err := f.vhost.NewPublisher("guest").Route(m)
		require.NoError(f.t, err)
		for _, q := range queues {
			q.Publish([]queue.Publication{{Message: m}})
		}
	}
	require.NoError(f.t, f.vhost.Barrier())
}

// find is a queue that has to exist.
func (f *fixture) find(name string) *queue.Queue {
	f.t.Helper()
	q, err := f.vhost.Queue(name, nil)
	require.NoError(f.t, err)
	return q
}

// drained takes all messages of a queue: their bodies, with a star at those
// that are flagged as redelivered.
func (f *fixture) drained(name string) []string {
	f.t.Helper()
	list := []string{}
	for {
		d, _, ok := f.find(name).Get(queue.AutoAck)
		if !ok {
			return list
		}
		body := string(d.Message.Body)
		require.Equal(f.t, body, d.Message.Properties.MessageID())
		if d.Redelivered() {
			body += "*"
		}
		list = append(list, body)
	}
}

func TestRecovery_Definitions(t *testing.T) {
	f := start(t)
	ttl := amqp.Table{{Key: "x-message-ttl", Value: int32(60000)}, {Key: "mine", Value: amqp.Table{{Key: "a", Value: nil}}}}
	f.exchange("durable", exchange.Topic, durableExchange, internalExchange, alternate("rest"))
	f.exchange("rest", exchange.Fanout, durableExchange, autoDeleteExchange)
	f.exchange("transient", exchange.Direct)
	f.exchange("deleted", exchange.Direct, durableExchange)
	f.queue("durable", durableQueue, func(s *queue.Spec) { s.Arguments = ttl })
	f.queue("auto-delete", durableQueue, autoDeleteQueue)
	f.queue("transient")
	f.queue("deleted", durableQueue)
	f.bind(
		toQueue("durable", "durable", "a.#"), toQueue("durable", "transient", "b"), toQueue("rest", "durable", ""),
		toQueue("transient", "durable", "c"), toExchange("amq.topic", "durable", "d.#"), toExchange("durable", "transient", "e"),
		toQueue("amq.headers", "durable", "", amqp.Field{Key: "x-match", Value: "any"}, amqp.Field{Key: "n", Value: int64(1)}),
		toQueue("deleted", "durable", "f"), toQueue("amq.direct", "deleted", "g"), toQueue("amq.direct", "durable", "h"),
	)
	f.unbind(toQueue("amq.direct", "durable", "h"))
	require.NoError(t, f.vhost.DeleteExchange("deleted", false))
	f.deleteQueue("deleted")

	for range 2 { // a second stop changes nothing
		f = f.reopen()
		f.requireNoExchange("transient")
		f.requireNoExchange("deleted")
		f.requireNoQueue("transient")
		f.requireNoQueue("deleted")
		require.Equal(t, ttl, f.find("durable").Spec().Arguments)
		require.True(t, f.find("auto-delete").Spec().AutoDelete)
		f.exchange("durable", exchange.Topic, durableExchange, internalExchange, alternate("rest"))
		require.Equal(t, []string{"durable"}, f.routed("rest", ""))
		require.Equal(t, []string{"durable"}, f.routed("amq.topic", "d.x")) // by durable's alternate exchange
		require.Equal(t, []string{"durable"}, f.routedMessage(withHeaders("amq.headers", "", amqp.Field{Key: "n", Value: int32(1)})))
		require.Empty(t, f.routed("amq.direct", "g"))
		require.Empty(t, f.routed("amq.direct", "h"))
	}
	f.deleteQueue("durable")
	f = f.reopen()
	f.requireNoQueue("durable")
	f.requireNoExchange("rest") // it was auto-delete, and that its last binding
}

func TestRecovery_MessagesInOrder(t *testing.T) {
	f := start(t)
	f.queue("q", durableQueue)
	f.queue("copy", durableQueue)
	f.queue("transient")
	f.queue("quorum", durableQueue, func(s *queue.Spec) {
		s.Arguments = amqp.Table{{Key: "x-queue-type", Value: "quorum"}}
	})
	for _, name := range []string{"q", "copy", "transient", "quorum"} {
		f.bind(toQueue("amq.fanout", name, ""))
	}
	var want []string
	for i := range 300 {
		want = append(want, fmt.Sprint(i))
	}
	f.keep("amq.fanout", "", want[:200]...)
	put(f.find("q"), "not kept")
	f.find("quorum").Publish([]queue.Publication{{Message: &message.Message{
		Body: []byte("kept"), Properties: amqp.PropertyList{MessageID: "kept"}.Encode(),
	}}})
	f = f.reopen()
	f.keep("amq.fanout", "", want[200:]...)
	f = f.reopen()
	f.requireNoQueue("transient")
	require.Equal(t, want, f.drained("q"))
	require.Equal(t, want, f.drained("copy"))
	require.Equal(t, append(append(append([]string{}, want[:200]...), "kept"), want[200:]...), f.drained("quorum"))
	f = f.reopen()
	require.Empty(t, f.drained("q"), "what was taken is gone")
}

// What was settled does not come back; what was delivered only comes back at
// its place, and flagged.
func TestRecovery_Settled(t *testing.T) {
	f := start(t)
	f.queue("q", durableQueue)
	f.keep("", "q", "1", "2", "3", "4", "5", "6")
	q := f.find("q")
	var taken []queue.Delivery
	for range 5 {
		d, _, ok := q.Get(queue.ManualAck)
		require.True(t, ok)
		taken = append(taken, d)
	}
	q.Ack(taken[1:2])
	q.Requeue(taken[2:3], queue.Nacked)
	q.Requeue(taken[:1], queue.Nacked)
	q.Ack(taken[4:])
	q.Requeue(taken[3:4], queue.Nacked)
	f = f.reopen()
	require.Equal(t, []string{"1*", "3*", "4*", "6"}, f.drained("q"))
}

func TestRecovery_PurgedAndDeleted(t *testing.T) {
	f := start(t)
	f.queue("purged", durableQueue)
	f.queue("deleted", durableQueue)
	for _, name := range []string{"purged", "deleted"} {
		f.bind(toQueue("amq.fanout", name, ""))
	}
	f.keep("amq.fanout", "", "1", "2")
	n, err := f.vhost.PurgeQueue("purged", nil)
	require.NoError(t, err)
	require.Equal(t, 2, n)
	f.deleteQueue("deleted")
	f.queue("deleted", durableQueue) // a new one of the same name
	f.keep("", "purged", "3")
	highest := f.find("deleted").ID()
	f = f.reopen()
	require.Equal(t, []string{"3"}, f.drained("purged"))
	require.Empty(t, f.drained("deleted"))
	require.Greater(t, f.queue("new", durableQueue).ID(), highest)
}

// A transaction over several queues is durable as a whole when Commit returns.
func TestRecovery_Transaction(t *testing.T) {
	f := start(t)
	f.queue("from", durableQueue)
	f.queue("to", durableQueue)
	f.keep("", "from", "1", "2", "3")
	from, to := f.find("from"), f.find("to")
	var taken []queue.Delivery
	for range 3 {
		d, _, _ := from.Get(queue.ManualAck)
		taken = append(taken, d)
	}
	moved := &message.Message{Persistent: true, Body: []byte("moved"), Properties: amqp.PropertyList{MessageID: "moved"}.Encode()}
	require.NoError(t, f.vhost.Commit([]queue.Part{
		{Queue: to, Publish: []queue.Publication{{Message: moved}}},
		{Queue: from, Ack: taken[:1], Requeue: taken[1:2]},
	}))
	require.NoError(t, f.vhost.Commit(nil))
	from.Requeue(taken[2:], queue.Nacked)
	f = f.reopen()
	require.Equal(t, []string{"2*", "3*"}, f.drained("from"))
	require.Equal(t, []string{"moved"}, f.drained("to"))
}

// A queue that drops repeats knows after a restart what it has.
func TestRecovery_Deduplication(t *testing.T) {
	f := start(t)
	f.queue("q", durableQueue, func(s *queue.Spec) {
		s.Arguments = amqp.Table{{Key: "x-message-deduplication", Value: true}}
	})
	offer := func(body, id string) {
		headers := amqp.Table{{Key: message.DeduplicationHeader, Value: id}}
		f.find("q").Publish([]queue.Publication{{Message: &message.Message{
			Body: []byte(body), Persistent: true,
			Properties: amqp.PropertyList{MessageID: body, Headers: headers}.Encode(),
		}}})
		require.NoError(t, f.vhost.Barrier())
	}
	offer("1", "a")
	f = f.reopen()
	offer("2", "a")
	offer("3", "b")
	require.Equal(t, []string{"1", "3"}, f.drained("q"))
	offer("4", "a")
	require.Equal(t, []string{"4"}, f.drained("q"))
}

// A paused queue takes messages and gives none out, also after a restart.
func TestRecovery_PausedQueue(t *testing.T) {
	f := start(t)
	f.queue("q", durableQueue)
	require.NoError(t, f.vhost.PauseQueue("q", true))
	f.keep("", "q", "1")
	require.Empty(t, f.drained("q"))
	f = f.reopen()
	require.Empty(t, f.drained("q"))
	require.Equal(t, 1, f.find("q").Counts().Ready)
	require.NoError(t, f.vhost.PauseQueue("q", false))
	f = f.reopen()
	require.Equal(t, []string{"1"}, f.drained("q"))
	require.Error(t, f.vhost.PauseQueue("missing", true))
}

// Who has declared an exchange is known after a restart.
func TestRecovery_UserOfExchange(t *testing.T) {
	f := start(t)
	spec := exchange.Spec{VHost: "/", Name: "x", Type: exchange.Fanout, Durable: true, By: "somebody"}
	require.NoError(t, f.vhost.DeclareExchange(spec))
	again := spec
	again.By = "another"
	require.NoError(t, f.vhost.DeclareExchange(again))
	f = f.reopen()
	x, ok := f.broker.Exchange("/", "x")
	require.True(t, ok)
	require.Equal(t, spec, x.Spec)
	predeclared, _ := f.broker.Exchange("/", "amq.topic")
	require.Empty(t, predeclared.Spec.By)
}
