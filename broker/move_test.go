package broker_test

import (
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/broker"
	"github.com/leveretmq/leveret/definitions"
	"github.com/leveretmq/leveret/message"
	"github.com/leveretmq/leveret/persistence"
	"github.com/leveretmq/leveret/queue"
)

// many is more than any of the tests moves.
const many = 1 << 20

func arguments(fields ...amqp.Field) func(*queue.Spec) {
	return func(s *queue.Spec) { s.Arguments = append(s.Arguments, fields...) }
}

func refusing(length int32) func(*queue.Spec) {
	return arguments(amqp.Field{Key: "x-max-length", Value: length}, amqp.Field{Key: "x-overflow", Value: "reject-publish"})
}

// move moves messages from one queue to another one.
func (f *fixture) move(from, to string, count int) (int, error) {
	f.t.Helper()
	destination, err := f.vhost.ToQueue(to)
	require.NoError(f.t, err)
	order := broker.Move{From: f.find(from), To: destination, Count: count}
	moved, err := order.Run(f.t.Context())
	return moved.Messages, err
}

// requireMoved moves all messages, which have to be so many.
func (f *fixture) requireMoved(from, to string, count int) {
	f.t.Helper()
	moved, err := f.move(from, to, many)
	require.NoError(f.t, err)
	require.Equal(f.t, count, moved)
}

func TestMove_KeepsOrderAndSurvivesARestart(t *testing.T) {
	f := start(t)
	f.queue("from", durableQueue)
	f.queue("to", durableQueue)
	var bodies []string
	for i := range 1500 { // more than a batch
		bodies = append(bodies, fmt.Sprint(i))
	}
	f.keep("", "from", bodies...)
	moved, err := f.move("from", "to", 3)
	require.NoError(t, err)
	require.Equal(t, 3, moved)
	f.requireMoved("from", "to", 1497)
	f.requireMoved("from", "to", 0)
	require.NoError(t, f.vhost.Barrier())
	f = f.reopen()
	require.Empty(t, f.drained("from"))
	require.Equal(t, bodies, f.drained("to"))
}

// What a message is does not change, but for where it was published to.
func TestMove_KeepsWhatAMessageIs(t *testing.T) {
	f := start(t)
	f.queue("from", durableQueue)
	f.queue("to", durableQueue)
	f.queue("copy")
	properties := amqp.PropertyList{
		DeliveryMode: 2, MessageID: "m", UserID: "somebody", Expiration: "600000", Priority: 3, Timestamp: 7, ContentType: "a/b",
		Headers: amqp.Table{{Key: "CC", Value: amqp.Array{"copy"}}, {Key: "x", Value: int32(1)}},
	}.Encode()
	f.find("from").Publish([]queue.Publication{{Message: &message.Message{
		Exchange: "e", RoutingKey: "k", Properties: properties, Body: []byte("body"), Persistent: true, Arrived: time.Now().UnixMilli(),
	}}})
	f.requireMoved("from", "to", 1)
	require.Zero(t, f.find("copy").Counts().Ready, "nobody else gets it")
	d, _, ok := f.find("to").Get(queue.AutoAck)
	require.True(t, ok)
	require.Equal(t, properties, d.Message.Properties)
	require.Equal(t, "body", string(d.Message.Body))
	require.True(t, d.Message.Persistent)
	require.Equal(t, "", d.Message.Exchange)
	require.Equal(t, "to", d.Message.RoutingKey)
	require.NotZero(t, d.Message.Arrived, "its time begins anew")
	require.False(t, d.Redelivered())
}

func TestMove_ThroughAnExchange(t *testing.T) {
	f := start(t)
	for _, name := range []string{"from", "a", "b"} {
		f.queue(name, durableQueue)
	}
	f.bind(toQueue("amq.topic", "a", "from"), toQueue("amq.topic", "b", "#"))
	f.keep("", "from", "1", "2")
	order := broker.Move{From: f.find("from"), To: broker.ToExchange(f.vhost.NewPublisher("guest"), "amq.topic", nil), Count: 1}
	_, err := order.Run(t.Context())
	require.NoError(t, err)
	other := "other"
	order.To = broker.ToExchange(f.vhost.NewPublisher("guest"), "amq.topic", &other)
	_, err = order.Run(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{"1"}, f.drained("a"))
	require.Equal(t, []string{"1", "2"}, f.drained("b"))
}

// What cannot go where it should stays where it was, as if nobody had looked at it, and
// so does what comes behind.
func TestMove_StopsWhereAMessageIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		to    func(f *fixture) broker.Destination
		moved int
		text  string
	}{
		"a full queue": {func(f *fixture) broker.Destination {
			f.queue("to", durableQueue, refusing(2))
			d, err := f.vhost.ToQueue("to")
			require.NoError(f.t, err)
			return d
		}, 2, "PRECONDITION_FAILED - queue 'to' in vhost '/' is full and refuses messages"},
		"a full queue that dead-letters": {func(f *fixture) broker.Destination {
			f.queue("to", durableQueue, lettered("dead", amqp.Field{Key: "x-max-length", Value: int32(1)},
				amqp.Field{Key: "x-overflow", Value: "reject-publish-dlx"}))
			d, err := f.vhost.ToQueue("to")
			require.NoError(f.t, err)
			return d
		}, 1, "PRECONDITION_FAILED - queue 'to' in vhost '/' is full and refuses messages"},
		"a queue that is deleted meanwhile": {func(f *fixture) broker.Destination {
			f.queue("to", durableQueue)
			d, err := f.vhost.ToQueue("to")
			require.NoError(f.t, err)
			f.deleteQueue("to")
			return d
		}, 0, "NOT_FOUND - no queue 'to' in vhost '/'"},
		"an exchange that does not exist": {func(f *fixture) broker.Destination {
			return broker.ToExchange(f.vhost.NewPublisher("guest"), "nowhere", nil)
		}, 0, "NOT_FOUND - no exchange 'nowhere' in vhost '/'"},
		"an exchange without queues": {func(f *fixture) broker.Destination {
			return broker.ToExchange(f.vhost.NewPublisher("guest"), "amq.direct", nil)
		}, 0, "PRECONDITION_FAILED - no queue gets messages of exchange 'amq.direct' in vhost '/' with the routing key 'from'"},
		"an exchange that leads back": {func(f *fixture) broker.Destination {
			return broker.ToExchange(f.vhost.NewPublisher("guest"), "", nil)
		}, 0, "PRECONDITION_FAILED - queue 'from' in vhost '/' gets messages of exchange '' with the routing key 'from' itself"},
		"itself": {func(f *fixture) broker.Destination {
			d, err := f.vhost.ToQueue("from")
			require.NoError(f.t, err)
			return d
		}, 0, "PRECONDITION_FAILED - queue 'from' in vhost '/' cannot be moved to itself"},
	} {
		t.Run(name, func(t *testing.T) {
			f := start(t)
			f.queue("dead", durableQueue)
			// A message that comes back is counted here, and the second return is one too many.
			f.queue("from", durableQueue, arguments(
				amqp.Field{Key: "x-queue-type", Value: "quorum"}, amqp.Field{Key: "x-delivery-limit", Value: int32(1)}))
			f.keep("", "from", "1", "2", "3", "4")
			order := broker.Move{From: f.find("from"), To: c.to(f), Count: many}
			moved, err := order.Run(t.Context())
			requireRefused(t, c.text, err)
			require.Equal(t, c.moved, moved.Messages)
			for range 3 {
				_, err = order.Run(t.Context())
				require.Error(t, err)
			}
			require.Zero(t, f.find("dead").Counts().Ready)
			require.Equal(t, []string{"1", "2", "3", "4"}[c.moved:], f.drained("from"), "in order, and not flagged")
		})
	}
	f := start(t)
	_, err := f.vhost.ToQueue("nowhere")
	requireCode(t, amqp.CodeNotFound, err)
}

// The destination's own rules hold for what comes: what it drops goes where its dead
// letters go.
func TestMove_IntoAQueueThatDeadLetters(t *testing.T) {
	f := start(t)
	f.queue("dead", durableQueue)
	f.queue("from", durableQueue)
	f.queue("to", durableQueue, lettered("dead", amqp.Field{Key: "x-max-length", Value: int32(1)}))
	f.keep("", "from", "1", "2", "3")
	f.requireMoved("from", "to", 3)
	f.awaitReady("dead", 2)
	require.Equal(t, []string{"1", "2"}, f.drained("dead"))
	require.Equal(t, []string{"3"}, f.drained("to"))
}

func TestMove_OutOfADeadLetterQueue(t *testing.T) {
	f := start(t)
	f.queue("dead", durableQueue)
	f.queue("q", durableQueue, lettered("dead"))
	f.keep("", "q", "1", "2")
	f.reject("q", 2)
	f.awaitReady("dead", 2)
	f.requireMoved("dead", "q", 2)
	d, _, ok := f.find("q").Get(queue.AutoAck)
	require.True(t, ok)
	require.True(t, d.Message.Properties.HasHeader("x-death"), "its history stays")
}

func TestMove_ToAnotherVirtualHost(t *testing.T) {
	f := start(t)
	other, err := f.broker.CreateVHost(definitions.VHost{Name: "other"}, "")
	require.NoError(t, err)
	f.queue("from", durableQueue)
	_, err = other.DeclareQueue(queue.Spec{VHost: "other", Name: "to", Durable: true}, nil)
	require.NoError(t, err)
	f.keep("", "from", "1", "2")
	destination, err := other.ToQueue("to")
	require.NoError(t, err)
	order := broker.Move{From: f.find("from"), To: destination, Count: many}
	moved, err := order.Run(t.Context())
	require.NoError(t, err)
	require.Equal(t, broker.Moved{Messages: 2, Octets: 2}, moved)
	to, err := other.Queue("to", nil)
	require.NoError(t, err)
	require.Equal(t, 2, to.Counts().Ready)
}

// Messages come as a consumer would get them, and lie as the destination orders them.
func TestMove_Priorities(t *testing.T) {
	priorities := arguments(amqp.Field{Key: "x-max-priority", Value: int32(5)})
	f := start(t)
	f.queue("from", durableQueue, priorities)
	f.queue("plain", durableQueue)
	f.queue("to", durableQueue, priorities)
	for i, priority := range []uint8{1, 5, 3, 1} {
		f.keepOfPriority("from", priority, i)
	}
	f.requireMoved("from", "plain", 4)
	require.NoError(t, f.vhost.Barrier())
	f.requireMoved("plain", "to", 4)
	require.Equal(t, []string{"5-1", "3-2", "1-0", "1-3"}, f.drained("to"))
}

// A message is as safe as the queue that it is in makes it.
func TestMove_TransientMessagesAndQueues(t *testing.T) {
	f := start(t)
	f.queue("quorum", durableQueue, arguments(amqp.Field{Key: "x-queue-type", Value: "quorum"}))
	f.queue("transient")
	f.queue("durable", durableQueue)
	m := &message.Message{RoutingKey: "transient", Body: []byte("t"), Properties: amqp.PropertyList{MessageID: "t", Present: amqp.FlagMessageID}.Encode()}
	f.find("transient").Publish([]queue.Publication{{Message: m}})
	f.keep("", "transient", "p")
	f.requireMoved("transient", "quorum", 2)
	f = f.reopen()
	f.requireMoved("quorum", "durable", 2)
	f = f.reopen()
	require.Equal(t, []string{"p"}, f.drained("durable"), "which keeps what is persistent")
}

// A consumer that is there meanwhile gets some, and the other queue the others.
func TestMove_BesideConsumers(t *testing.T) {
	f := start(t)
	from := f.queue("from", durableQueue)
	f.queue("to", durableQueue)
	const total = 4000
	for i := range total {
		put(from, fmt.Sprint(i))
	}
	var wait sync.WaitGroup
	taken := 0
	wait.Go(func() {
		for ok := true; ok; {
			if _, _, ok = from.Get(queue.AutoAck); ok {
				taken++
			}
		}
	})
	moved, err := f.move("from", "to", many)
	require.NoError(t, err)
	wait.Wait()
	require.Equal(t, total, taken+moved)
	require.Equal(t, queue.Counts{Ready: moved}, f.find("to").Counts())
	require.Equal(t, queue.Counts{}, from.Counts())
}

// ledger is a store that notes where messages are, unit by unit: a crash may come
// after each of them.
type ledger struct {
	*persistence.Store
	t          *testing.T
	mu         sync.Mutex
	from, to   uint32               // the queues
	persisted  map[string]int       // in how many of the queues each message is; by body
	in         map[queue.Ack]string // the bodies of the messages
	unsettled  map[string]struct{}  // written to the destination, and not confirmed
	duplicates int
}

// Submit implements queue.Store.
func (l *ledger) Submit(u queue.Unit) {
	l.mu.Lock()
	for i := range u.Enqueue {
		e := &u.Enqueue[i]
		body := string(e.Message.Body)
		l.persisted[body]++
		l.in[queue.Ack{Queue: e.Queue, Seq: e.Seq}] = body
		if e.Queue == l.to {
			l.unsettled[body] = struct{}{}
			e.Receipt = message.NewReceipt(settles{l, body, e.Receipt}, 0, 1)
		}
	}
	for _, a := range u.Ack {
		body := l.in[a]
		require.NotContains(l.t, l.unsettled, body, "it left its queue before it was confirmed")
		l.duplicates = max(l.duplicates, l.persisted[body]-1)
		l.persisted[body]--
		require.Positive(l.t, l.persisted[body], "a crash would lose it")
	}
	l.mu.Unlock()
	l.Store.Submit(u)
}

// settles notes that a message is confirmed.
type settles struct {
	ledger  *ledger
	body    string
	receipt *message.Receipt
}

// Settle implements message.Settler.
func (s settles) Settle(_ uint64, accepted bool) {
	s.ledger.mu.Lock()
	delete(s.ledger.unsettled, s.body)
	s.ledger.mu.Unlock()
	s.receipt.Done(accepted)
}

// TestMove_LosesNothing looks at the store after each of its units: whatever the moment
// of a crash, each message is in one of the queues, or in both.
func TestMove_LosesNothing(t *testing.T) {
	store, err := persistence.Open(persistence.Options{Dir: t.TempDir(), Durability: persistence.OS, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	l := &ledger{
		Store: store, t: t, persisted: map[string]int{}, in: map[queue.Ack]string{}, unsettled: map[string]struct{}{},
	}
	b, err := broker.New(broker.Options{Store: l})
	require.NoError(t, err)
	t.Cleanup(func() { _ = b.Close() })
	vhost, _ := b.VHost("/")
	f := &fixture{t: t, broker: b, vhost: vhost}
	l.from, l.to = f.queue("from", durableQueue).ID(), f.queue("to", durableQueue, refusing(700)).ID()
	var bodies []string
	for i := range 1000 {
		bodies = append(bodies, fmt.Sprint(i))
	}
	f.keep("", "from", bodies...)
	moved, err := f.move("from", "to", many)
	requireCode(t, amqp.CodePreconditionFailed, err)
	require.Equal(t, 700, moved)
	require.Equal(t, 1, l.duplicates)
	require.Equal(t, bodies[700:], f.bodiesOf("from"))
	require.Equal(t, bodies[:700], f.bodiesOf("to"))
}

// bodiesOf are the bodies of the messages of a queue, which keeps them.
func (f *fixture) bodiesOf(name string) (list []string) {
	q := f.find(name)
	var out []queue.Delivery
	for d, _, ok := q.Get(queue.ManualAck); ok; d, _, ok = q.Get(queue.ManualAck) {
		list, out = append(list, string(d.Message.Body)), append(out, d)
	}
	q.PutBack(out)
	return list
}
