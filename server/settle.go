package server

import (
	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/message"
	"github.com/leveretmq/leveret/queue"
)

// ackBatch is acknowledged deliveries of one queue that wait to be handed over
// together.
type ackBatch struct {
	queue      *queue.Queue
	deliveries []queue.Delivery
	// unsettled says that some were handed over since settle.
	unsettled bool
}

func (b *ackBatch) add(d queue.Delivery, stock *message.Stock) {
	if b.queue != d.Queue {
		b.handOver(stock)
		b.queue = d.Queue
	}
	b.deliveries = append(b.deliveries, d)
}

// handOver settles what was gathered and releases the messages to the stock.
func (b *ackBatch) handOver(stock *message.Stock) {
	if len(b.deliveries) == 0 {
		return
	}
	b.queue.Ack(b.deliveries)
	for i := range b.deliveries {
		if m := b.deliveries[i].Message; m != nil {
			stock.Release(m)
		}
	}
	b.unsettled = true
	clear(b.deliveries)
	b.deliveries, b.queue = b.deliveries[:0], nil
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
func (ch *channel) outstanding(tag uint64, multiple bool) ([]unacked, error) {
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
func (ch *channel) ack(tag uint64, multiple bool) error {
	if ch.tx != nil {
		return ch.txSettle(tag, multiple, settleAck)
	}
	deliveries, err := ch.outstanding(tag, multiple)
	if err != nil {
		return err
	}
	for _, d := range deliveries {
		ch.conn.acks.add(d.delivery, ch.conn.stock)
	}
	ch.settled(deliveries)
	return nil
}

// reject settles deliveries that the client does not want: they go back to
// their queues, or are dropped.
func (ch *channel) reject(tag uint64, multiple, requeueThem bool) error {
	how := settleDrop
	if requeueThem {
		how = settleRequeue
	}
	if ch.tx != nil {
		return ch.txSettle(tag, multiple, how)
	}
	deliveries, err := ch.outstanding(tag, multiple)
	if err != nil {
		return err
	}
	if how == settleRequeue {
		requeue(deliveries)
	} else {
		for _, d := range deliveries {
			ch.conn.acks.add(d.delivery, ch.conn.stock)
		}
		ch.conn.acks.handOver(ch.conn.stock)
	}
	ch.settled(deliveries)
	return nil
}

// settled ends the use of what outstanding has returned. The room for it is
// kept, the messages are not.
func (ch *channel) settled(deliveries []unacked) {
	ch.releaseLimit(deliveries)
	clear(deliveries)
	if cap(deliveries) > keptUnacked {
		ch.conn.settling = nil
	}
}

// releaseLimit gives back what the deliveries took of the channel's shared
// limit. When a consumer was refused by it, all consumers of the channel try
// again: their queues do not know.
func (ch *channel) releaseLimit(deliveries []unacked) {
	held := int64(0)
	for _, d := range deliveries {
		if d.limited {
			held++
		}
	}
	if ch.limiter.Release(held) {
		ch.conn.acks.handOver(ch.conn.stock)
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
// queues; the answer goes out before they are delivered again.
func (ch *channel) recover(requeueThem bool, answer amqp.Method) error {
	if !requeueThem {
		return amqp.Errorf(amqp.CodeNotImplemented, "requeue=false")
	}
	deliveries, err := ch.outstanding(0, true)
	if err != nil {
		return err
	}
	if answer != nil {
		ch.conn.send(ch.id, answer)
	}
	requeue(deliveries)
	ch.settled(deliveries)
	return nil
}
