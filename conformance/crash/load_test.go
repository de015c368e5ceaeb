package crash

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

const (
	publisherCount = 4
	queueCount     = 4
	// joinDeadline is how long the clients may take to notice that the broker
	// is gone, and a queue to be drained.
	joinDeadline = 60 * time.Second
)

// route is where a publisher can send: origins are indexes of routes.
type route struct {
	exchange, key string
	queues        []uint16
}

// routes lead to each queue alone, by the default exchange, and to two queues
// at once, by a fanout exchange.
func routes() []route {
	return []route{
		{"", queueName(0), []uint16{0}},
		{"", queueName(1), []uint16{1}},
		{"", queueName(2), []uint16{2}},
		{"", queueName(3), []uint16{3}},
		{"crash.both.0", "", []uint16{0, 1}},
		{"crash.both.1", "", []uint16{2, 3}},
	}
}

func queueName(queue uint16) string { return fmt.Sprintf("crash.queue.%d", queue) }

// load is the clients of one broker over all its lives.
type load struct {
	history     *History
	publishers  []*publisher
	subscribers []*subscriber
}

func newLoad(seed uint64) *load {
	var destinations [][]uint16
	for _, r := range routes() {
		destinations = append(destinations, r.queues)
	}
	l := &load{history: NewHistory(destinations)}
	for id := range uint16(publisherCount) {
		l.publishers = append(l.publishers, newPublisher(id, seed, l.history))
	}
	for queue := range uint16(queueCount) {
		l.subscribers = append(l.subscribers, newSubscriber(queue, seed, l.history))
	}
	return l
}

// declare makes the durable topology.
func (l *load) declare(t *testing.T, url string) {
	t.Helper()
	conn, channel := connect(t, url)
	for queue := range uint16(queueCount) {
		_, err := channel.QueueDeclare(queueName(queue), true, false, false, false, nil)
		require.NoError(t, err)
	}
	for _, r := range routes() {
		if r.exchange == "" {
			continue
		}
		require.NoError(t, channel.ExchangeDeclare(r.exchange, amqp.ExchangeFanout, true, false, false, false, nil))
		for _, queue := range r.queues {
			require.NoError(t, channel.QueueBind(queueName(queue), "", r.exchange, false, nil))
		}
	}
	require.NoError(t, conn.Close())
}

// start connects everybody and sets them to work. They go on until ctx ends or
// the broker does; the returned function waits for that and fails the test if
// the broker had closed a channel or connection for a fault.
func (l *load) start(ctx context.Context, t *testing.T, url string) (join func()) {
	t.Helper()
	subscribed := l.subscribe(ctx, t, url)
	published := l.publish(ctx, t, url, 0)
	return func() {
		t.Helper()
		published(t)
		subscribed(t)
	}
}

// subscribe starts the subscribers.
func (l *load) subscribe(ctx context.Context, t *testing.T, url string) func(*testing.T) {
	t.Helper()
	var g gang
	for _, s := range l.subscribers {
		conn := dial(t, url)
		g.work(func() *amqp.Error { return s.run(ctx, conn) })
	}
	return g.join
}

// publish starts the publishers, with count messages each or, if it is 0,
// without an end.
func (l *load) publish(ctx context.Context, t *testing.T, url string, count int) func(*testing.T) {
	t.Helper()
	var g gang
	for _, p := range l.publishers {
		conn := dial(t, url)
		g.work(func() *amqp.Error { return p.run(ctx, conn, count) })
	}
	return g.join
}

// gang is clients at work.
type gang struct {
	waiting sync.WaitGroup
	mu      sync.Mutex
	faults  []*amqp.Error // guarded by mu
}

func (g *gang) work(run func() *amqp.Error) {
	g.waiting.Go(func() {
		if fault := run(); fault != nil {
			g.mu.Lock()
			defer g.mu.Unlock()
			g.faults = append(g.faults, fault)
		}
	})
}

func (g *gang) join(t *testing.T) {
	t.Helper()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		g.waiting.Wait()
	}()
	select {
	case <-ended:
	case <-time.After(joinDeadline):
		require.FailNow(t, "the clients do not end", "within %v", joinDeadline)
	}
	require.Empty(t, g.faults, "the broker found fault with its clients")
}

// drain empties every queue and acks what it gets.
func (l *load) drain(t *testing.T, url string) {
	t.Helper()
	for queue := range uint16(queueCount) {
		deadline := time.Now().Add(joinDeadline)
		for remaining := 1; remaining > 0; remaining = l.drainOnce(t, url, queue) {
			require.False(t, time.Now().After(deadline), "queue %d has still %d messages", queue, remaining)
		}
		l.history.Drained(queue)
	}
}

// drainOnce takes what is ready and returns what is left after the acks have
// been settled.
func (l *load) drainOnce(t *testing.T, url string, queue uint16) int {
	t.Helper()
	conn, observer := connect(t, url)
	channel, closed, err := openChannel(conn)
	require.NoError(t, err)
	require.NoError(t, channel.Qos(prefetch, 0, false))
	deliveries, err := channel.ConsumeWithContext(context.Background(), queueName(queue), "", false, false, false, false, nil)
	require.NoError(t, err)

	session := &openSession{history: l.history, number: l.history.Open(queue)}
	session.takeAll(t, deliveries, func() int { return messageCount(t, observer, queue) })
	l.history.End(session.number)
	require.NoError(t, closed.close(channel))
	l.history.Settle(session.number)
	remaining := messageCount(t, observer, queue)
	require.NoError(t, conn.Close())
	return remaining
}

// takeAll acks deliveries until ready says that none is left in the queue and
// none has come for a moment; one that comes later still is counted after the
// session, and drained by the next.
func (o *openSession) takeAll(t *testing.T, deliveries <-chan amqp.Delivery, ready func() int) {
	t.Helper()
	const moment = 20 * time.Millisecond
	for {
		select {
		case delivery, ok := <-deliveries:
			require.True(t, ok, "the broker ended a drain")
			value, err := DecodeBody(delivery.Body)
			if err != nil {
				o.history.Garbled(o.number, err)
			} else {
				o.history.Deliver(o.number, value, MarkOf(delivery.Redelivered))
				o.history.Ack(o.number, value)
			}
			require.NoError(t, delivery.Ack(false))
		case <-time.After(moment):
			if ready() == 0 {
				return
			}
		}
	}
}

func messageCount(t *testing.T, channel *amqp.Channel, queue uint16) int {
	t.Helper()
	state, err := channel.QueueDeclarePassive(queueName(queue), true, false, false, false, nil)
	require.NoError(t, err)
	return state.Messages
}

// dial connects; a broker that said it was ready has to take it.
func dial(t *testing.T, url string) *amqp.Connection {
	t.Helper()
	conn, err := amqp.Dial(url)
	require.NoError(t, err)
	return conn
}

func connect(t *testing.T, url string) (*amqp.Connection, *amqp.Channel) {
	t.Helper()
	conn := dial(t, url)
	channel, err := conn.Channel()
	require.NoError(t, err)
	return conn, channel
}

// closing tells how a channel ended.
type closing struct{ errors chan *amqp.Error }

func openChannel(conn *amqp.Connection) (*amqp.Channel, closing, error) {
	channel, err := conn.Channel()
	if err != nil {
		return nil, closing{}, err
	}
	return channel, closing{channel.NotifyClose(make(chan *amqp.Error, 1))}, nil
}

// close closes the channel and returns nil only if its close-ok has arrived:
// the client's own Close says nil as well when the channel had been lost.
func (c closing) close(channel *amqp.Channel) error {
	if err := channel.Close(); err != nil {
		return err
	}
	if err := <-c.errors; err != nil {
		return err
	}
	return nil
}

// reason waits for the end of the channel and returns what [brokerReason]
// makes of it.
func (c closing) reason() *amqp.Error {
	if err := <-c.errors; err != nil {
		return brokerReason(err)
	}
	return nil
}

// brokerReason returns err if it is a fault that the broker reported; not if the
// connection was lost, or the broker said goodbye because it stops.
func brokerReason(err error) *amqp.Error {
	var fault *amqp.Error
	if errors.As(err, &fault) && fault.Server && fault.Code != amqp.ConnectionForced {
		return fault
	}
	return nil
}
