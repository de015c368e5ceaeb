package server_test

import (
	"fmt"
	"maps"
	"net"
	"testing"
	"time"

	amqp091 "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/message"
	"github.com/leveretmq/leveret/server"
)

// counting is a client with a queue that is bound to an exchange by the key "here".
type counting struct {
	t  *testing.T
	n  *network
	c  *amqp091.Connection
	ch *amqp091.Channel
}

func startCounting(t *testing.T) *counting {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	n := &network{service: serve(t, l, newVolatile(), server.Options{}), address: l.Addr().String()}
	c, err := amqp091.Dial("amqp://guest:guest@" + n.address)
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	s := &counting{t: t, n: n, c: c}
	s.ch = s.channel()
	require.NoError(t, s.ch.ExchangeDeclare("in", "direct", false, false, false, false, nil))
	s.declare("q", nil)
	s.bind("q", "here")
	return s
}

func (s *counting) channel() *amqp091.Channel {
	ch, err := s.c.Channel()
	require.NoError(s.t, err)
	return ch
}

func (s *counting) declare(name string, args amqp091.Table) {
	_, err := s.ch.QueueDeclare(name, false, false, false, false, args)
	require.NoError(s.t, err)
}

func (s *counting) bind(queue, key string) {
	require.NoError(s.t, s.ch.QueueBind(queue, key, "in", false, nil))
}

// publish publishes a message for each of the keys, and waits until the broker has
// all of them.
func (s *counting) publish(keys ...string) {
	for _, key := range keys {
		require.NoError(s.t, s.ch.Publish("in", key, false, false, amqp091.Publishing{Body: []byte("hello")}))
	}
	s.wait()
}

// wait returns when the broker has worked off what came before.
func (s *counting) wait() {
	_, err := s.ch.QueueDeclarePassive("q", false, false, false, false, nil)
	require.NoError(s.t, err)
}

func (s *counting) get(autoAck bool) amqp091.Delivery {
	d, _, err := s.ch.Get("q", autoAck)
	require.NoError(s.t, err)
	return d
}

func (s *counting) consume(queue string, autoAck bool) <-chan amqp091.Delivery {
	deliveries, err := s.ch.Consume(queue, "", autoAck, false, false, false, nil)
	require.NoError(s.t, err)
	return deliveries
}

func (s *counting) confirms() chan amqp091.Confirmation {
	require.NoError(s.t, s.ch.Confirm(false))
	return s.ch.NotifyPublish(make(chan amqp091.Confirmation, 10))
}

// counted is what is known of the queue "q", the exchange "in", the first channel
// and the whole broker.
type tallies struct{ queue, exchange, channel, total message.Counters }

func (s *counting) counted() tallies {
	q, _ := s.n.broker.Queue("/", "q")
	x, _ := s.n.broker.Exchange("/", "in")
	conn := s.n.server.Connections()[0]
	totals := s.n.broker.Totals()
	return tallies{queue: q.Counters, exchange: x.Counters, channel: conn.Channels[0].Counters, total: totals.Counters}
}

const byClient, byItself = false, true

// countingCase is what a client does, and what counts of it.
type countingCase struct {
	do   func(s *counting)
	want tallies
}

type counters = message.Counters

// in is what messages count that are published and routed.
func in(published, routed uint64) counters {
	return counters{Publish: published, PublishIn: published, PublishOut: routed}
}

// publishingCases are about messages that come in.
func publishingCases() map[string]countingCase {
	return map[string]countingCase{
		"publish": {func(s *counting) { s.publish("here", "here", "here") },
			tallies{queue: counters{Publish: 3}, exchange: in(3, 3), channel: counters{Publish: 3}, total: in(3, 3)}},
		"unroutable": {func(s *counting) { s.publish("nowhere") }, tallies{
			exchange: counters{Publish: 1, PublishIn: 1, DropUnroutable: 1}, channel: counters{Publish: 1, DropUnroutable: 1},
			total: counters{Publish: 1, PublishIn: 1, DropUnroutable: 1}}},
		"mandatory": {func(s *counting) {
			returns := s.ch.NotifyReturn(make(chan amqp091.Return, 1))
			require.NoError(s.t, s.ch.Publish("in", "nowhere", true, false, amqp091.Publishing{}))
			<-returns
		}, tallies{
			exchange: counters{Publish: 1, PublishIn: 1, ReturnUnroutable: 1}, channel: counters{Publish: 1, ReturnUnroutable: 1},
			total: counters{Publish: 1, PublishIn: 1, ReturnUnroutable: 1}}},
		"confirms, refusals too": {func(s *counting) {
			s.declare("full", amqp091.Table{"x-max-length": 1, "x-overflow": "reject-publish"})
			s.bind("full", "full")
			confirms := s.confirms()
			s.publish("here", "full", "full", "nowhere")
			for range 4 {
				<-confirms
			}
		}, tallies{
			queue:    counters{Publish: 1},
			exchange: counters{Publish: 4, PublishIn: 4, PublishOut: 3, PublishConfirm: 4, Confirm: 3, DropUnroutable: 1},
			channel:  counters{Publish: 4, PublishConfirm: 4, Confirm: 3, DropUnroutable: 1},
			total:    counters{Publish: 4, PublishIn: 4, PublishOut: 3, PublishConfirm: 4, Confirm: 3, DropUnroutable: 1}}},
	}
}

// takingCases are about messages that go out.
func takingCases() map[string]countingCase {
	return map[string]countingCase{
		"basic.get": {func(s *counting) {
			s.get(byClient)
			s.publish("here", "here")
			require.NoError(s.t, s.get(byClient).Ack(false))
			s.get(byItself)
			s.get(byItself)
		}, tallies{
			queue:    counters{Publish: 2, Get: 1, GetNoAck: 1, GetEmpty: 2, Ack: 1},
			exchange: in(2, 2),
			channel:  counters{Publish: 2, Get: 1, GetNoAck: 1, GetEmpty: 2, Ack: 1},
			total:    counters{Publish: 2, PublishIn: 2, PublishOut: 2, Get: 1, GetNoAck: 1, GetEmpty: 2, Ack: 1}}},
		"given back, then refused": {func(s *counting) {
			s.publish("here")
			require.NoError(s.t, s.get(byClient).Nack(false, true))
			require.NoError(s.t, s.get(byClient).Reject(false))
		}, tallies{
			queue: counters{Publish: 1, Get: 2, Redeliver: 1}, exchange: in(1, 1),
			channel: counters{Publish: 1, Get: 2, Redeliver: 1},
			total:   counters{Publish: 1, PublishIn: 1, PublishOut: 1, Get: 2, Redeliver: 1}}},
		"consume": {func(s *counting) {
			deliveries := s.consume("q", byClient)
			s.publish("here", "here", "here", "here")
			<-deliveries
			<-deliveries
			refused, back := <-deliveries, <-deliveries
			require.NoError(s.t, refused.Reject(false))
			require.NoError(s.t, back.Nack(false, true))
			<-deliveries
			require.NoError(s.t, s.ch.Ack(2, true))
		}, tallies{
			queue: counters{Publish: 4, Deliver: 5, Redeliver: 1, Ack: 2}, exchange: in(4, 4),
			channel: counters{Publish: 4, Deliver: 5, Redeliver: 1, Ack: 2},
			total:   counters{Publish: 4, PublishIn: 4, PublishOut: 4, Deliver: 5, Redeliver: 1, Ack: 2}}},
		"consume without acknowledgements": {func(s *counting) {
			deliveries := s.consume("q", byItself)
			s.publish("here", "here")
			<-deliveries
			<-deliveries
		}, tallies{
			queue: counters{Publish: 2, DeliverNoAck: 2}, exchange: in(2, 2), channel: counters{Publish: 2, DeliverNoAck: 2},
			total: counters{Publish: 2, PublishIn: 2, PublishOut: 2, DeliverNoAck: 2}}},
	}
}

// detourCases are about messages that do not go straight to one queue.
func detourCases() map[string]countingCase {
	return map[string]countingCase{
		"fan-out": {func(s *counting) {
			s.declare("other", nil)
			s.bind("other", "here")
			s.publish("here")
		}, tallies{queue: counters{Publish: 1}, exchange: in(1, 2), channel: counters{Publish: 1}, total: in(1, 2)}},
		"behind another exchange": {func(s *counting) {
			require.NoError(s.t, s.ch.ExchangeDeclare("front", "fanout", false, false, false, false, nil))
			require.NoError(s.t, s.ch.ExchangeBind("in", "", "front", false, nil))
			require.NoError(s.t, s.ch.Publish("front", "here", false, false, amqp091.Publishing{}))
			s.wait()
		}, tallies{queue: counters{Publish: 1}, channel: counters{Publish: 1}, total: in(1, 1)}},
		"dead letters": {func(s *counting) {
			s.declare("front", amqp091.Table{"x-max-length": 0, "x-dead-letter-exchange": "in", "x-dead-letter-routing-key": "here"})
			require.NoError(s.t, s.ch.Publish("", "front", false, false, amqp091.Publishing{}))
			require.True(s.t, waitFor(func() bool {
				q, _ := s.n.broker.Queue("/", "q")
				return q.Ready.Messages == 1
			}))
		}, tallies{channel: counters{Publish: 1}, total: in(1, 1)}},
		"transactions": {func(s *counting) {
			require.NoError(s.t, s.ch.Tx())
			s.publish("here", "here", "nowhere")
			require.NoError(s.t, s.ch.TxCommit())
			s.publish("here")
			require.NoError(s.t, s.ch.TxRollback())
			require.NoError(s.t, s.get(byClient).Ack(false))
			require.NoError(s.t, s.ch.TxCommit())
			require.NoError(s.t, s.get(byClient).Ack(false))
			require.NoError(s.t, s.ch.TxRollback())
		}, tallies{
			queue:    counters{Publish: 2, Get: 2, Ack: 1},
			exchange: counters{Publish: 3, PublishIn: 3, PublishOut: 2, DropUnroutable: 1},
			channel:  counters{Publish: 3, Get: 2, Ack: 1, DropUnroutable: 1},
			total:    counters{Publish: 3, PublishIn: 3, PublishOut: 2, DropUnroutable: 1, Get: 2, Ack: 1}}},
		"direct replies": {func(s *counting) {
			replies := s.consume("amq.rabbitmq.reply-to", byItself)
			require.NoError(s.t, s.ch.Publish("in", "here", false, false, amqp091.Publishing{ReplyTo: "amq.rabbitmq.reply-to"}))
			s.wait()
			request := s.get(byItself)
			require.NoError(s.t, s.ch.Publish("", request.ReplyTo, false, false, amqp091.Publishing{}))
			<-replies
		}, tallies{
			queue: counters{Publish: 1, GetNoAck: 1}, exchange: in(1, 1),
			channel: counters{Publish: 2, GetNoAck: 1, DropUnroutable: 1},
			total:   counters{Publish: 2, PublishIn: 2, PublishOut: 1, GetNoAck: 1, DropUnroutable: 1}}},
	}
}

// What counts as what is RabbitMQ's, 3.10 and 4.0, as measured with its management
// API.
func TestCounters(t *testing.T) {
	cases := publishingCases()
	maps.Copy(cases, takingCases())
	maps.Copy(cases, detourCases())
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s := startCounting(t)
			c.do(s)
			s.wait()
			waitFor(func() bool { return s.counted() == c.want })
			require.Equal(t, c.want, s.counted())
		})
	}
}

// A channel tells apart what it does with exchanges and queues.
func TestCounters_ByExchangeAndQueue(t *testing.T) {
	s := startCounting(t)
	s.declare("other", nil)
	confirms := s.confirms()
	for range 2 {
		s.publish("here", "here")
		require.NoError(t, s.ch.Publish("", "other", false, false, amqp091.Publishing{}))
	}
	for range 6 {
		<-confirms
	}
	require.NoError(t, s.get(byClient).Ack(false))
	deliveries := s.consume("other", byClient)
	<-deliveries
	<-deliveries
	require.NoError(t, s.ch.Ack(0, true))
	s.wait()
	ch := s.n.server.Connections()[0].Channels[0]
	require.Equal(t, []server.Traffic{
		{Name: "", Counters: counters{Publish: 2, PublishConfirm: 2, Confirm: 2}},
		{Name: "in", Counters: counters{Publish: 4, PublishConfirm: 4, Confirm: 4}},
	}, ch.Publishes)
	require.Equal(t, []server.Traffic{
		{Name: "other", Counters: counters{Deliver: 2, Ack: 2}}, {Name: "q", Counters: counters{Get: 1, Ack: 1}},
	}, ch.Deliveries)
}

// It does so for a number of queues; its own counters miss nothing.
func TestCounters_OfManyQueues(t *testing.T) {
	s := startCounting(t)
	const queues = 200
	for i := range queues {
		name := fmt.Sprint("q", i)
		s.declare(name, nil)
		require.NoError(t, s.ch.ExchangeDeclare("x"+name, "fanout", false, false, false, false, nil))
		require.NoError(t, s.ch.Publish("x"+name, "", false, false, amqp091.Publishing{}))
		if i%2 == 0 {
			s.consume(name, byItself)
		}
		_, _, err := s.ch.Get(name, true)
		require.NoError(t, err)
	}
	ch := s.n.server.Connections()[0].Channels[0]
	require.Equal(t, counters{Publish: queues, DropUnroutable: queues, GetEmpty: queues}, ch.Counters)
	require.Less(t, len(ch.Publishes), queues)
	require.Less(t, len(ch.Deliveries), queues)
	require.Len(t, ch.Consumers, queues/2)
}

// What has gone stays in the totals.
func TestCounters_TotalsNeverShrink(t *testing.T) {
	s := startCounting(t)
	confirms := s.confirms()
	s.publish("here", "here", "nowhere")
	for range 3 {
		<-confirms
	}
	require.NoError(t, s.get(byClient).Ack(false))
	s.wait()
	before := s.n.broker.Totals()

	_, err := s.ch.QueueDelete("q", false, false, false)
	require.NoError(t, err)
	require.NoError(t, s.ch.ExchangeDelete("in", false, false))
	require.NoError(t, s.ch.Close())
	after := s.n.broker.Totals()
	require.Equal(t, before.Counters, after.Counters)
	for kind, of := range before.Types {
		require.Equal(t, of.Counters, after.Types[kind].Counters)
	}
	require.Zero(t, after.Queues)
	require.NoError(t, s.n.broker.DeleteVHost("/", ""))
	require.Equal(t, before.Counters, s.n.broker.Totals().Counters)
}

func TestChurn(t *testing.T) {
	s := startCounting(t)
	s.declare("q", nil)
	_, err := s.ch.QueueDelete("q", false, false, false)
	require.NoError(t, err)
	require.NoError(t, s.channel().Close())
	n := s.n.broker.Churn()
	require.Equal(t, [3]uint64{2, 1, 1}, [3]uint64{n.QueuesDeclared, n.QueuesCreated, n.QueuesDeleted})
	require.Equal(t, [2]uint64{2, 1}, [2]uint64{n.ChannelsCreated, n.ChannelsClosed})
	require.Equal(t, [2]uint64{1, 0}, [2]uint64{n.ConnectionsCreated, n.ConnectionsClosed})

	s.n.connect(t).hangUp() // counts as closed only (RabbitMQ behaviour)
	require.NoError(t, s.c.Close())
	require.True(t, waitFor(func() bool { return s.n.broker.Churn().ConnectionsClosed == 2 }))
	n = s.n.broker.Churn()
	require.Equal(t, [2]uint64{2, 2}, [2]uint64{n.ChannelsCreated, n.ChannelsClosed})
	require.EqualValues(t, 1, n.ConnectionsCreated)
}

func TestConnections(t *testing.T) {
	s := startCounting(t)
	require.NoError(t, s.ch.Qos(7, 0, false))
	require.NoError(t, s.ch.Qos(20, 0, true))
	_, err := s.ch.Consume("q", "tag", false, false, false, false, amqp091.Table{"x-priority": 3})
	require.NoError(t, err)
	s.publish("here", "here")
	tx := s.channel()
	require.NoError(t, tx.Tx())
	require.NoError(t, tx.Publish("in", "nowhere", false, false, amqp091.Publishing{}))
	conn := s.n.server.Connections()[0]
	require.True(t, waitFor(func() bool {
		conn = s.n.server.Connections()[0]
		return conn.Channels[0].Unacked == 2 && conn.Channels[1].Uncommitted == 1
	}))

	require.Equal(t, s.c.LocalAddr().String()+" -> "+s.c.RemoteAddr().String(), conn.Name)
	require.Equal(t, []any{"guest", "/", "running", "PLAIN", 2, "127.0.0.1"},
		[]any{conn.User, conn.VHost, conn.State, conn.AuthMechanism, conn.ChannelCount, conn.PeerHost})
	require.NotZero(t, conn.PeerPort*conn.Port)
	require.NotZero(t, conn.ReceivedOctets*conn.SentOctets*conn.ReceivedPackets*conn.SentPackets)
	require.WithinDuration(t, time.Now(), conn.ConnectedAt, time.Minute)
	product, _ := conn.ClientProperties.Lookup("product")
	require.NotEmpty(t, product)

	first, second := conn.Channels[0], conn.Channels[1]
	require.Equal(t, conn.Name+" (1)", first.Name)
	sums := s.n.server.Sums()
	require.Equal(t, []int{1, 2, 1, 1, 2, 1, 7, 20}, []int{sums.Connections, sums.Channels, sums.Consumers,
		sums.Publishers, sums.Unacked, sums.Uncommitted, sums.Prefetch, sums.GlobalPrefetch})
	require.Equal(t, []any{7, 20, false, false}, []any{first.Prefetch, first.GlobalPrefetch, first.Confirm, first.Transactional})
	require.True(t, second.Transactional)
	require.WithinDuration(t, time.Now(), first.IdleSince, time.Minute)
	require.Len(t, first.Consumers, 1)
	consumer := first.Consumers[0]
	require.Equal(t, s.n.broker.Consumers("/", "q"), first.Consumers)
	require.Equal(t, []any{"tag", "q", int64(3), 7, 2, true, true, uint16(1), conn.Name},
		[]any{consumer.Tag, consumer.Queue, consumer.Priority, consumer.Prefetch, consumer.Unacked,
			consumer.AckRequired, consumer.Active, consumer.Channel.Number, consumer.Channel.Connection})

	_, found := s.n.server.Connection(conn.Name)
	require.True(t, found)
	closed := s.c.NotifyClose(make(chan *amqp091.Error, 1))
	require.True(t, s.n.server.CloseConnection(conn.Name, "enough"))
	require.Equal(t, "CONNECTION_FORCED - enough", (<-closed).Reason)
	require.True(t, waitFor(func() bool { return !s.n.server.CloseConnection(conn.Name, "enough") }))
	require.GreaterOrEqual(t, s.n.server.Sums().ReceivedOctets, sums.ReceivedOctets, "what was received stays")
}
