package crash

import (
	"context"
	"errors"
	"fmt"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

// script is a session of one client after the other that is the same each time:
// it makes every kind of change that reaches the disk, in some hundred steps of
// which each waits for its answer.
type script struct {
	history   *History
	inventory *inventory
	sender    *publisher
	consumer  *subscriber
	purged    presence // of what was in the queue that is purged
}

const (
	scriptQueues = 3
	scriptFanout = "crash.script"
	purgedQueue  = "crash.purged"
)

func scriptRoutes() []route {
	return []route{
		{"", queueName(0), []uint16{0}},
		{"", queueName(1), []uint16{1}},
		{"", queueName(2), []uint16{2}},
		{scriptFanout, "", []uint16{0, 1, 2}},
	}
}

func newScript(seed uint64) *script {
	s := &script{history: NewHistory(nil)}
	s.inventory = &inventory{history: s.history}
	for _, r := range scriptRoutes() {
		s.history.Route(r.queues...)
	}
	number := &numbering{seed: seed, history: s.history, routes: scriptRoutes()}
	s.sender = number.publisher()
	s.consumer = newSubscriber(0, seed, number.publisher())
	return s
}

// run works through the session and ends with the first error.
func (s *script) run(ctx context.Context, conn *amqp.Connection) error {
	for _, step := range []func(context.Context, *amqp.Connection) error{
		s.declare, s.publish, s.consume, s.purge, s.transact, s.publishHuge, s.deleteOne, s.publish, s.consume,
	} {
		if err := step(ctx, conn); err != nil {
			return err
		}
	}
	return nil
}

func (s *script) declare(_ context.Context, conn *amqp.Connection) error {
	channel, err := conn.Channel()
	if err != nil {
		return err
	}
	for range scriptQueues {
		if err := s.inventory.declare(channel, s.inventory.add()); err != nil {
			return err
		}
	}
	if err := declareFanout(channel, scriptRoutes()[scriptQueues]); err != nil {
		return err
	}
	return channel.Close()
}

// publish waits for every third confirm, so that there are many commits.
func (s *script) publish(ctx context.Context, conn *amqp.Connection) error {
	const count, group = 24, 3
	return s.onConfirms(conn, func(channel *amqp.Channel) error {
		for range count / group {
			if err := s.publishGroup(ctx, channel, group); err != nil {
				return err
			}
		}
		return nil
	})
}

// publishHuge publishes a body that is kept in pieces to all queues.
func (s *script) publishHuge(ctx context.Context, conn *amqp.Connection) error {
	v := s.sender.nextTo(scriptQueues)
	return s.onConfirms(conn, func(channel *amqp.Channel) error {
		s.history.Send(v)
		confirm, err := channel.PublishWithDeferredConfirmWithContext(ctx, scriptFanout, "", true, false,
			amqp.Publishing{DeliveryMode: amqp.Persistent, Priority: priorityOf(v), Body: EncodeBody(v, hugeBody)})
		if err != nil {
			return err
		}
		return s.await(ctx, v, confirm)
	})
}

func (s *script) onConfirms(conn *amqp.Connection, publish func(*amqp.Channel) error) error {
	channel, closed, err := openChannel(conn)
	if err != nil {
		return err
	}
	if err := channel.Confirm(false); err != nil {
		return err
	}
	if err := publish(channel); err != nil {
		return err
	}
	return closed.close(channel)
}

func (s *script) publishGroup(ctx context.Context, channel *amqp.Channel, count int) error {
	confirms := make(map[Value]*amqp.DeferredConfirmation, count)
	for range count {
		v := s.sender.next()
		r := s.sender.routes[v.Origin]
		s.history.Send(v)
		confirm, err := channel.PublishWithDeferredConfirmWithContext(ctx, r.exchange, r.key, true, false,
			amqp.Publishing{DeliveryMode: amqp.Persistent, Priority: priorityOf(v), Body: EncodeBody(v, s.sender.size())})
		if err != nil {
			return err
		}
		confirms[v] = confirm
	}
	for v, confirm := range confirms {
		if err := s.await(ctx, v, confirm); err != nil {
			return err
		}
	}
	return nil
}

func (s *script) await(ctx context.Context, v Value, confirm *amqp.DeferredConfirmation) error {
	ctx, cancel := context.WithTimeout(ctx, quietAnswer)
	defer cancel()
	acked, err := confirm.WaitContext(ctx)
	if err != nil {
		return err
	}
	if !acked {
		// The client reports the same when the connection is lost.
		return amqp.ErrClosed
	}
	s.history.Outcome(v, Confirmed)
	return nil
}

// consume acks and requeues some of what is in two of the queues, in one of them
// in transactions.
func (s *script) consume(ctx context.Context, conn *amqp.Connection) error {
	const count, enough = 5, 300 * time.Millisecond
	s.consumer.queue = 0
	if err := s.consumer.take(ctx, conn, count); err != nil {
		return err
	}
	s.consumer.queue = 1
	return s.consumer.open(conn, func(o *openSession, channel *amqp.Channel, deliveries <-chan amqp.Delivery) error {
		ctx, cancel := context.WithTimeout(ctx, enough)
		defer cancel()
		return o.move(ctx, channel, deliveries)
	})
}

func (s *script) transact(_ context.Context, conn *amqp.Connection) error {
	const count = 5
	channel, closed, err := openChannel(conn)
	if err != nil {
		return err
	}
	if err := channel.Tx(); err != nil {
		return err
	}
	transactor := transactor{s.sender}
	for range count {
		if err := transactor.transact(channel); err != nil {
			return err
		}
	}
	return closed.close(channel)
}

// purge fills a queue of its own and purges it. Once that is answered nothing of
// it may come back.
func (s *script) purge(ctx context.Context, conn *amqp.Connection) error {
	const count = 4
	channel, closed, err := openChannel(conn)
	if err != nil {
		return err
	}
	if _, err := channel.QueueDeclare(purgedQueue, true, false, false, false, nil); err != nil {
		return err
	}
	for range count {
		err := channel.PublishWithContext(ctx, "", purgedQueue, true, false,
			amqp.Publishing{DeliveryMode: amqp.Persistent, Body: make([]byte, largestBody)})
		if err != nil {
			return err
		}
	}
	if _, err := channel.QueuePurge(purgedQueue, false); err != nil {
		return err
	}
	s.purged = absent
	return closed.close(channel)
}

// deleteOne drains and deletes a queue, and declares another.
func (s *script) deleteOne(_ context.Context, conn *amqp.Connection) error {
	channel, err := conn.Channel()
	if err != nil {
		return err
	}
	extra := s.inventory.add()
	if err := s.inventory.declare(channel, extra); err != nil {
		return err
	}
	if err := s.inventory.drain(conn, extra); err != nil {
		return err
	}
	if err := s.inventory.delete(channel, extra); err != nil {
		return err
	}
	if err := s.inventory.declare(channel, s.inventory.add()); err != nil {
		return err
	}
	return channel.Close()
}

// conclude compares a broker that nothing disturbs any more with what was
// promised, and drains it.
func (s *script) conclude(ctx context.Context, conn *amqp.Connection) error {
	s.history.Quiet()
	if err := s.inventory.verify(conn); err != nil {
		return err
	}
	if err := s.requirePurged(conn); err != nil {
		return err
	}
	err := s.onConfirms(conn, func(channel *amqp.Channel) error {
		if err := s.redeclare(channel); err != nil {
			return err
		}
		return s.publishGroup(ctx, channel, 1)
	})
	if err != nil {
		return err
	}
	return s.inventory.drainAll(conn)
}

// redeclare makes what a session that ended early had not made, so that there is
// somewhere to publish to.
func (s *script) redeclare(channel *amqp.Channel) error {
	for len(s.inventory.known()) < scriptQueues {
		s.inventory.add()
	}
	for queue := range uint16(scriptQueues) {
		if err := s.inventory.declare(channel, queue); err != nil {
			return err
		}
	}
	return declareFanout(channel, scriptRoutes()[scriptQueues])
}

func (s *script) requirePurged(conn *amqp.Connection) error {
	if s.purged != absent {
		return nil
	}
	channel, err := conn.Channel()
	if err != nil {
		return err
	}
	state, err := channel.QueueDeclarePassive(purgedQueue, true, false, false, false, nil)
	if err != nil {
		return err
	}
	if state.Messages > 0 {
		return &promiseError{fmt.Sprintf("%d messages are back after the purge", state.Messages)}
	}
	return errors.Join(channel.Close())
}
