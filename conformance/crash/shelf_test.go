package crash

import (
	"fmt"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

// shelf is a durable queue with one publisher, whose messages are all persistent.
type shelf struct {
	queue     uint16
	arguments amqp.Table
	// exchange is published to, if it is not the default exchange: a delayed one,
	// which the queue is bound to by its name.
	exchange  string
	publisher *publisher
	// dress completes a message; nil if there is nothing to add.
	dress func(Value, *amqp.Publishing)
}

// stack is some shelves over all lives of a broker.
type stack struct {
	history *History
	shelves []*shelf
	begun   bool
}

func newStack(seed uint64, shelves ...*shelf) *stack {
	s := &stack{history: NewHistory(nil), shelves: shelves}
	number := numbering{seed: seed, history: s.history}
	for i, shelf := range shelves {
		shelf.queue = uint16(i)
		s.history.Route(shelf.queue)
		number.routes = append(number.routes, route{"", queueName(shelf.queue), []uint16{shelf.queue}})
	}
	for _, shelf := range shelves {
		shelf.publisher = number.publisher()
	}
	return s
}

// start begins a life of the broker.
func (s *stack) start(t *testing.T, b *broker) {
	t.Helper()
	if s.begun {
		s.history.Restart()
	}
	s.begun = true
	b.start(t)
}

// each does something with each shelf, on a connection of its own.
func (s *stack) each(t *testing.T, b *broker, do func(*amqp.Connection, *shelf) error) {
	t.Helper()
	g := newGang()
	for _, shelf := range s.shelves {
		g.work(b.url(), func(conn *amqp.Connection) error { return do(conn, shelf) })
	}
	g.join(t)
}

// fill publishes to all shelves until end ends the broker.
func (s *stack) fill(t *testing.T, b *broker, length time.Duration, end func()) {
	t.Helper()
	g := newGang()
	for _, shelf := range s.shelves {
		g.work(b.url(), shelf.fill)
	}
	<-time.After(length)
	b.requireAlive(t)
	g.expectEnd()
	end()
	g.join(t)
}

// answered lists the messages of a shelf that had an outcome, in the order of the
// answers. The clients are at rest.
func (s *stack) answered(shelf *shelf, outcome Outcome) (list []Value) {
	s.history.mu.Lock()
	defer s.history.mu.Unlock()
	for _, e := range s.history.events {
		if e.kind == eventOutcome && e.outcome == outcome && e.value.Origin == shelf.queue {
			list = append(list, e.value)
		}
	}
	return list
}

func (s *shelf) declare(conn *amqp.Connection) error {
	channel, err := conn.Channel()
	if err != nil {
		return err
	}
	if _, err := channel.QueueDeclare(queueName(s.queue), true, false, false, false, s.arguments); err != nil {
		return err
	}
	if s.exchange != "" {
		arguments := amqp.Table{"x-delayed-type": amqp.ExchangeDirect}
		if err := channel.ExchangeDeclare(s.exchange, "x-delayed-message", true, false, false, false, arguments); err != nil {
			return err
		}
		if err := channel.QueueBind(queueName(s.queue), queueName(s.queue), s.exchange, false, nil); err != nil {
			return err
		}
	}
	return channel.Close()
}

// fill declares the queue and publishes until the connection is lost.
func (s *shelf) fill(conn *amqp.Connection) error {
	if err := s.declare(conn); err != nil {
		return err
	}
	p := s.publisher
	return p.confirming(conn, func(channel *amqp.Channel, a *answers) {
		for p.put(channel, a, s) {
		}
	})
}

// put publishes one message once the window has room; it returns false when the
// channel is lost.
func (p *publisher) put(channel *amqp.Channel, a *answers, s *shelf) bool {
	v := p.nextTo(s.queue)
	m := amqp.Publishing{DeliveryMode: amqp.Persistent}
	if s.dress != nil {
		s.dress(v, &m)
	}
	select {
	case a.pending <- v:
	case <-a.lost:
		return false
	}
	p.history.Send(v)
	m.Body = EncodeBody(v, min(p.size(), largestBody))
	return channel.Publish(s.exchange, queueName(s.queue), false, false, m) == nil
}

// taken is a message that was taken out of a queue.
type taken struct {
	value  Value
	octets int
}

// take takes messages out of the queue, up to a number, and returns them when the
// broker has their acknowledgements.
func (s *shelf) take(conn *amqp.Connection, most int) (list []taken, err error) {
	channel, closed, err := openChannel(conn)
	if err != nil {
		return nil, err
	}
	history := s.publisher.history
	session := history.Open(s.queue)
	for len(list) < most {
		delivery, ok, err := channel.Get(queueName(s.queue), false)
		if err != nil {
			return nil, err
		}
		if !ok {
			break
		}
		v, err := DecodeBody(delivery.Body)
		if err != nil {
			return nil, &promiseError{err.Error()}
		}
		history.Deliver(session, v, MarkOf(delivery.Redelivered))
		history.Ack(session, v)
		list = append(list, taken{value: v, octets: len(delivery.Body)})
		if err := delivery.Ack(false); err != nil {
			return nil, err
		}
	}
	history.End(session)
	if err := closed.close(channel); err != nil {
		return nil, err
	}
	history.Settle(session)
	return list, nil
}

// everything is more messages than there are.
const everything = 1 << 30

// requireExists fails unless a broker has the queue of each shelf.
func (s *stack) requireExists(t *testing.T, b *broker) {
	t.Helper()
	s.each(t, b, func(conn *amqp.Connection, shelf *shelf) error {
		found, err := exists(conn, shelf.queue)
		if err == nil && !found {
			err = &promiseError{queueName(shelf.queue) + " is gone"}
		}
		return err
	})
	require.NotEmpty(t, s.shelves)
}

// awaitCount waits until a queue has no more ready messages than it should.
func awaitCount(conn *amqp.Connection, queue uint16, most int) error {
	const pause = 20 * time.Millisecond
	channel, err := conn.Channel()
	if err != nil {
		return err
	}
	deadline := time.After(joinDeadline)
	for {
		count, err := messageCount(channel, queue)
		if err != nil {
			return err
		}
		if count <= most {
			return channel.Close()
		}
		select {
		case <-deadline:
			return &promiseError{fmt.Sprintf("%s stays with %d messages, and should have %d at most", queueName(queue), count, most)}
		case <-time.After(pause):
		}
	}
}
