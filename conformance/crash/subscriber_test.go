package crash

import (
	"context"
	"math/rand/v2"

	amqp "github.com/rabbitmq/amqp091-go"
)

// prefetch is how many messages a session may hold.
const prefetch = 50

// subscriber consumes from one queue, one session after the other.
type subscriber struct {
	queue   uint16
	random  *rand.Rand
	history *History
	sender  *publisher // of what its transactions publish
}

func newSubscriber(queue uint16, seed uint64, sender *publisher) *subscriber {
	const streams = 1 << 16 // publishers use the numbers below
	return &subscriber{
		queue: queue, history: sender.history, sender: sender,
		random: rand.New(rand.NewPCG(seed, streams+uint64(queue))),
	}
}

// run consumes on conn until ctx ends or the connection is lost, and returns why
// it was.
func (s *subscriber) run(ctx context.Context, conn *amqp.Connection) error {
	for ctx.Err() == nil {
		if err := s.session(ctx, conn); err != nil {
			return err
		}
	}
	return nil
}

// session is one session of any kind: one in four works in transactions.
func (s *subscriber) session(ctx context.Context, conn *amqp.Connection) error {
	const fewest, most = 20, 400
	if s.random.IntN(4) == 0 {
		return s.open(conn, func(o *openSession, channel *amqp.Channel, deliveries <-chan amqp.Delivery) error {
			return o.move(ctx, channel, deliveries)
		})
	}
	return s.take(ctx, conn, fewest+s.random.IntN(most-fewest))
}

// take is one session that handles count deliveries at most.
func (s *subscriber) take(ctx context.Context, conn *amqp.Connection, count int) error {
	return s.open(conn, func(o *openSession, _ *amqp.Channel, deliveries <-chan amqp.Delivery) error {
		return o.take(ctx, deliveries, count)
	})
}

// open opens a channel, takes some messages and closes it, so that what it still
// holds goes back to the queue.
func (s *subscriber) open(
	conn *amqp.Connection, take func(*openSession, *amqp.Channel, <-chan amqp.Delivery) error,
) error {
	channel, closed, err := openChannel(conn)
	if err != nil {
		return err
	}
	deliveries, err := consume(channel, s.queue)
	if err != nil {
		return err
	}
	session := &openSession{history: s.history, number: s.history.Open(s.queue), random: s.random, sender: s.sender}
	err = take(session, channel, deliveries)
	s.history.End(session.number)
	if err != nil {
		return err
	}
	if err := closed.close(channel); err != nil {
		return err
	}
	s.history.Settle(session.number)
	return nil
}

// openSession is what one session holds.
type openSession struct {
	history *History
	number  Session
	random  *rand.Rand
	sender  *publisher
	held    []held // in the order of the delivery tags
}

type held struct {
	value    Value
	delivery amqp.Delivery
}

// take handles count deliveries, fewer if too much is held.
func (o *openSession) take(ctx context.Context, deliveries <-chan amqp.Delivery, count int) error {
	for range count {
		select {
		case <-ctx.Done():
			return nil
		case delivery, ok := <-deliveries:
			if !ok {
				return amqp.ErrClosed
			}
			if err := o.handle(delivery); err != nil {
				return err
			}
		}
		if len(o.held) > prefetch/2 {
			return nil
		}
	}
	return nil
}

// handle records the delivery and acks, requeues or holds it. A body of
// somebody else is acked and forgotten: the history has it.
func (o *openSession) handle(delivery amqp.Delivery) error {
	value, err := DecodeBody(delivery.Body)
	if err != nil {
		o.history.Garbled(o.number, err)
		return delivery.Ack(false)
	}
	o.history.Deliver(o.number, value, MarkOf(delivery.Redelivered))
	switch choice := o.random.IntN(100); {
	case choice < 68:
		o.history.Ack(o.number, value)
		return delivery.Ack(false)
	case choice < 72:
		return o.ackAll(held{value, delivery})
	case choice < 80:
		o.history.Requeue(o.number, value)
		return delivery.Nack(false, true)
	case choice < 86:
		o.history.Requeue(o.number, value)
		return delivery.Reject(true)
	case choice < 88:
		return o.requeueAll(held{value, delivery})
	default:
		o.held = append(o.held, held{value, delivery})
		return nil
	}
}

// ackAll acks everything up to the newest with one multiple ack.
func (o *openSession) ackAll(newest held) error {
	for _, h := range append(o.held, newest) {
		o.history.Ack(o.number, h.value)
	}
	o.held = nil
	return newest.delivery.Ack(true)
}

// requeueAll gives everything up to the newest back with one multiple nack.
func (o *openSession) requeueAll(newest held) error {
	for _, h := range append(o.held, newest) {
		o.history.Requeue(o.number, h.value)
	}
	o.held = nil
	return newest.delivery.Nack(true, true)
}
