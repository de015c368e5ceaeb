package server

import (
	"github.com/leveretmq/leveret/broker"
	"github.com/leveretmq/leveret/message"
	"github.com/leveretmq/leveret/queue"
)

// What a channel counts, with RabbitMQ's meanings: publishes by the reader, a batch
// at once, all else under conn.mu, which is held anyway.

// countPublished counts messages of one route.
func (ch *channel) countPublished(entrance *broker.Entrance, messages, queues int) {
	ch.published.Add(uint64(messages))
	entrance.Published(messages, queues, ch.confirms != nil)
}

// countUnroutable counts a message that no queue has got. Direct replies are among
// these, be they delivered or not (RabbitMQ behaviour).
func (ch *channel) countUnroutable(entrance *broker.Entrance, mandatory bool) {
	if entrance.Unroutable(mandatory); mandatory {
		ch.returned.Add(1)
	} else {
		ch.dropped.Add(1)
	}
}

// countDelivered counts a message for a consumer. The caller holds conn.mu.
func (ch *channel) countDelivered(c *consumer, e *queue.Entry) {
	if c.NoAck {
		ch.counted.DeliverNoAck++
	} else {
		ch.counted.Deliver++
	}
	if e.Redelivered() {
		ch.counted.Redeliver++
	}
}

// countGot counts what basic.get has found. The caller holds conn.mu.
func (ch *channel) countGot(e *queue.Entry, found, noAck bool) {
	switch {
	case !found:
		ch.counted.GetEmpty++
		return
	case noAck:
		ch.counted.GetNoAck++
	default:
		ch.counted.Get++
	}
	if e.Redelivered() {
		ch.counted.Redeliver++
	}
}

// countAcks counts acknowledgements of a transaction.
func (ch *channel) countAcks(n int) {
	ch.conn.mu.Lock()
	ch.counted.Ack += uint64(n)
	ch.conn.mu.Unlock()
}

// counters is what the channel has counted. The caller holds conn.mu.
func (ch *channel) counters() message.Counters {
	n := ch.counted
	n.Publish, n.ReturnUnroutable, n.DropUnroutable = ch.published.Load(), ch.returned.Load(), ch.dropped.Load()
	return n
}
