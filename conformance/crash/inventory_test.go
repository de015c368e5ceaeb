package crash

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

// presence is what a client knows of a thing in the broker.
type presence uint8

const (
	unknown presence = iota // asked for and not answered
	present
	absent
)

func queueName(queue uint16) string { return fmt.Sprintf("crash.queue.%d", queue) }

// inventory is the durable queues that clients declared.
type inventory struct {
	history *History

	mu     sync.Mutex
	queues []presence // guarded by mu; by number
}

// add gives a number to a queue that is about to be declared.
func (i *inventory) add() (queue uint16) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.queues = append(i.queues, unknown)
	return uint16(len(i.queues) - 1)
}

func (i *inventory) set(queue uint16, known presence) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.queues[queue] = known
}

func (i *inventory) known() []presence {
	i.mu.Lock()
	defer i.mu.Unlock()
	return slices.Clone(i.queues)
}

// declare declares a queue; its ok is a promise.
func (i *inventory) declare(channel *amqp.Channel, queue uint16) error {
	_, err := channel.QueueDeclare(queueName(queue), true, false, false, false, queueArguments(queue))
	if err == nil {
		i.set(queue, present)
	}
	return err
}

// queueArguments makes one queue in three one with priorities, of which the load
// uses some.
func queueArguments(queue uint16) amqp.Table {
	if queue%3 != 1 {
		return nil
	}
	return amqp.Table{"x-max-priority": int32(5)}
}

// priorityOf is the priority of a publisher's messages to an origin: always the
// same, as only then their order is a promise.
func priorityOf(v Value) uint8 { return uint8(v.Origin % 7) }

// delete deletes a queue, which has been drained; its ok is a promise.
func (i *inventory) delete(channel *amqp.Channel, queue uint16) error {
	i.set(queue, unknown)
	_, err := channel.QueueDelete(queueName(queue), false, false, false)
	if err == nil {
		i.set(queue, absent)
	}
	return err
}

// verify compares the broker with what was promised.
func (i *inventory) verify(conn *amqp.Connection) error {
	for queue, known := range i.known() {
		if known == unknown {
			continue
		}
		found, err := exists(conn, uint16(queue))
		if err != nil {
			return err
		}
		if found != (known == present) {
			return &promiseError{fmt.Sprintf("queue %d exists: %t, although the broker had promised otherwise", queue, found)}
		}
	}
	return nil
}

// exists asks on a channel of its own: the answer may close it.
func exists(conn *amqp.Connection, queue uint16) (bool, error) {
	channel, err := conn.Channel()
	if err != nil {
		return false, err
	}
	_, err = messageCount(channel, queue)
	var fault *amqp.Error
	if errors.As(err, &fault) && fault.Code == amqp.NotFound {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, channel.Close()
}

func messageCount(channel *amqp.Channel, queue uint16) (int, error) {
	state, err := channel.QueueDeclarePassive(queueName(queue), true, false, false, false, nil)
	return state.Messages, err
}

// drainAll empties every queue that is there and acks what it gets.
func (i *inventory) drainAll(conn *amqp.Connection) error {
	for queue, known := range i.known() {
		found, err := exists(conn, uint16(queue))
		if err != nil {
			return err
		}
		switch {
		case found && known == absent:
			err = &promiseError{fmt.Sprintf("queue %d is back", queue)}
		case found:
			err = i.drain(conn, uint16(queue))
		case known == present:
			err = &promiseError{fmt.Sprintf("queue %d is gone", queue)}
		default:
			i.history.Drained(uint16(queue))
		}
		if err != nil {
			return fmt.Errorf("draining queue %d: %w", queue, err)
		}
	}
	return nil
}

// drain empties one queue.
func (i *inventory) drain(conn *amqp.Connection, queue uint16) error {
	deadline := time.Now().Add(joinDeadline)
	for {
		remaining, err := i.drainOnce(conn, queue)
		if err != nil {
			return err
		}
		if remaining == 0 {
			i.history.Drained(queue)
			return nil
		}
		if time.Now().After(deadline) {
			return &promiseError{fmt.Sprintf("it has still %d messages", remaining)}
		}
	}
}

// drainOnce takes what is ready and returns what is left after the acks have
// been settled.
func (i *inventory) drainOnce(conn *amqp.Connection, queue uint16) (remaining int, err error) {
	observer, err := conn.Channel()
	if err != nil {
		return 0, err
	}
	count, err := messageCount(observer, queue)
	if err != nil {
		return 0, err
	}
	channel, closed, err := openChannel(conn)
	if err != nil {
		return 0, err
	}
	deliveries, err := consume(channel, queue)
	if err != nil {
		return 0, err
	}
	session := &openSession{history: i.history, number: i.history.Open(queue)}
	err = session.takeAll(deliveries, count, func() (int, error) { return messageCount(observer, queue) })
	i.history.End(session.number)
	if err != nil {
		return 0, errors.Join(err, channel.Close())
	}
	if err := closed.close(channel); err != nil {
		return 0, err
	}
	i.history.Settle(session.number)
	remaining, err = messageCount(observer, queue)
	if err != nil {
		return 0, err
	}
	return remaining, observer.Close()
}

func consume(channel *amqp.Channel, queue uint16) (<-chan amqp.Delivery, error) {
	if err := channel.Qos(prefetch, 0, false); err != nil {
		return nil, err
	}
	return channel.ConsumeWithContext(context.Background(), queueName(queue), "", false, false, false, false, nil)
}

// takeAll acks count deliveries. If no more come, it ends once ready says that
// none is left in the queue: damage can leave out what had been counted. One
// that comes later still is counted after the session, and drained by the next.
func (o *openSession) takeAll(deliveries <-chan amqp.Delivery, count int, ready func() (int, error)) error {
	const patience = 2 * time.Second // for the octets of one large body
	deadline := time.After(joinDeadline)
	for taken := 0; taken < count; {
		select {
		case delivery, ok := <-deliveries:
			if !ok {
				return amqp.ErrClosed
			}
			if err := o.takeOne(delivery); err != nil {
				return err
			}
			taken++
		case <-time.After(patience):
			left, err := ready()
			if err != nil || left == 0 {
				return err
			}
		case <-deadline:
			return &promiseError{"the deliveries do not come to an end"}
		}
	}
	return nil
}

func (o *openSession) takeOne(delivery amqp.Delivery) error {
	value, err := DecodeBody(delivery.Body)
	if err != nil {
		o.history.Garbled(o.number, err)
	} else {
		o.history.Deliver(o.number, value, MarkOf(delivery.Redelivered))
		o.history.Ack(o.number, value)
	}
	return delivery.Ack(false)
}
