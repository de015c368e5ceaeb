package server

import (
	"errors"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/queue"
)

// ackBatch is acknowledgements that wait to be handed over together. What the
// client says (tags) is looked up in the channel's list as soon as it says
// something else, or to another channel; what that gives (deliveries) goes to
// the queues when all that was read has been worked off.
type ackBatch struct {
	channel    *channel // that the tags are of; nil if there are none
	tags       []ackTag
	deliveries []queue.Delivery
	// unsettled says that some were handed over since settle.
	unsettled bool
}

// ackTag is what a basic.ack says.
type ackTag struct {
	tag      uint64
	multiple bool
}

// gatherAck notes a basic.ack.
func (ch *channel) gatherAck(a ackTag) {
	batch := &ch.conn.acks
	batch.channel = ch
	batch.tags = append(batch.tags, a)
}

// resolveAcks takes the deliveries that the gathered tags name out of their
// channel's list. A tag that names none closes the channel; what it has
// acknowledged before counts.
func (c *connection) resolveAcks() {
	batch := &c.acks
	ch := batch.channel
	if ch == nil {
		return
	}
	before := len(batch.deliveries)
	var err error
	c.mu.Lock()
	for _, a := range batch.tags {
		if batch.deliveries, err = ch.unacked.takeTagged(a.tag, a.multiple, batch.deliveries); err != nil {
			break
		}
	}
	ch.countAcks(batch.deliveries[before:])
	c.mu.Unlock()
	ch.used.Store(c.arrived)
	batch.channel, batch.tags = nil, batch.tags[:0]
	ch.releaseLimit(batch.deliveries[before:])
	var protocol *amqp.Error
	if errors.As(at(amqp.IDBasicAck, err), &protocol) {
		ch.fail(protocol)
	}
}

// handOverAcks settles the deliveries that were gathered and releases their
// messages.
func (c *connection) handOverAcks() {
	c.resolveAcks()
	all := c.acks.deliveries
	if len(all) == 0 {
		return
	}
	c.acks.deliveries = all[:0]
	c.acks.unsettled = true
	for rest := all; len(rest) > 0; {
		n := 1
		for n < len(rest) && rest[n].Queue == rest[0].Queue {
			n++
		}
		rest[0].Queue.Ack(rest[:n])
		rest = rest[n:]
	}
	for i := range all {
		if m := all[i].Message; m != nil {
			c.stock.Release(m)
		}
	}
	clear(all)
	if cap(all) > keptUnacked {
		c.acks.deliveries = nil
	}
}

// settle returns when all acknowledgements of the connection are durable: the
// answer to the close of a channel or connection means that what was
// acknowledged never comes back. Other acknowledgements reach the disk with the
// next commit.
func (c *connection) settle() error {
	if !c.acks.unsettled {
		return nil
	}
	c.acks.unsettled = false
	return c.vhost.Barrier()
}

// outstanding takes the deliveries that a tag names out of the channel's list.
// The caller hands the result to settled when it is done with it.
func (ch *channel) outstanding(tag uint64, multiple bool) ([]queue.Delivery, error) {
	c := ch.conn
	c.mu.Lock()
	defer c.mu.Unlock()
	taken, err := ch.unacked.takeTagged(tag, multiple, c.settling[:0])
	if err == nil {
		c.settling = taken
	}
	return taken, err
}

// ack settles deliveries for good: basic.ack.
func (ch *channel) ack(m amqp.BasicAck) error {
	if ch.tx != nil {
		return ch.txSettle(m.DeliveryTag, m.Multiple, settleAck)
	}
	ch.gatherAck(ackTag{tag: m.DeliveryTag, multiple: m.Multiple})
	return nil
}

// reject settles deliveries that the client does not want: they go back to
// their queues, or are dropped.
func (ch *channel) reject(tag uint64, multiple, requeueThem bool, how queue.Return) error {
	if ch.tx != nil {
		fate := settleDrop
		if requeueThem {
			fate = settleRequeue
		}
		return ch.txSettle(tag, multiple, fate)
	}
	deliveries, err := ch.outstanding(tag, multiple)
	if err != nil {
		return err
	}
	if requeueThem {
		requeue(deliveries, how)
	} else {
		ch.drop(deliveries)
	}
	ch.settled(deliveries)
	return nil
}

// drop lets go of deliveries that the client does not want.
func (ch *channel) drop(deliveries []queue.Delivery) {
	ch.conn.acks.unsettled = true
	for q, batch := range byQueue(deliveries) {
		q.Reject(batch)
	}
	for i := range deliveries {
		if m := deliveries[i].Message; m != nil {
			ch.conn.stock.Release(m)
		}
	}
}

// settled ends the use of what outstanding has returned. The room for it is
// kept, the messages are not.
func (ch *channel) settled(deliveries []queue.Delivery) {
	ch.releaseLimit(deliveries)
	clear(deliveries)
	if cap(deliveries) > keptUnacked {
		ch.conn.settling = nil
	}
}

// releaseLimit gives back what the deliveries took of the channel's shared
// limit. When a consumer was refused by it, all consumers of the channel try
// again: their queues do not know.
func (ch *channel) releaseLimit(deliveries []queue.Delivery) {
	held := int64(0)
	for i := range deliveries {
		if deliveries[i].Limited {
			held++
		}
	}
	if ch.limiter.Release(held) {
		ch.conn.handOverAcks()
		ch.resume()
	}
}

// resume lets all consumers of the channel try again after the shared limit
// has changed.
func (ch *channel) resume() {
	ch.conn.mu.Lock()
	defer ch.conn.mu.Unlock()
	ch.resumeLocked()
}

func (ch *channel) resumeLocked() {
	for _, c := range ch.consumers {
		c.Queue().Resume(c.Consumer)
	}
}

// recover brings all unacknowledged messages of the channel back to their
// queues. The answer goes out before they are delivered again, and what goes out
// before the answer comes back: a client may forget all that it got until then
// (RabbitMQ behaviour).
func (ch *channel) recover(requeueThem bool, answer amqp.Method) error {
	if !requeueThem {
		return amqp.Errorf(amqp.CodeNotImplemented, "requeue=false")
	}
	c := ch.conn
	c.mu.Lock()
	deliveries := ch.unacked.takeUpTo(maxTag, c.settling[:0])
	c.settling = deliveries
	if answer != nil {
		c.out = amqp.AppendMethod(c.out, ch.id, answer)
		c.wants.wake()
	}
	c.mu.Unlock()
	requeue(deliveries, queue.Nacked)
	ch.settled(deliveries)
	return nil
}
