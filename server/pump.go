package server

import (
	"cmp"
	"slices"
	"time"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/queue"
)

// takeWants takes over what wants the writer. Consumers of one queue come to
// stand side by side; those that wait already keep their place.
func (c *connection) takeWants() {
	waiting := len(c.fetching)
	c.fetching, c.confirming, c.replying = c.wants.take(c.fetching, c.confirming, c.replying)
	if len(c.fetching)-waiting > 1 {
		slices.SortStableFunc(c.fetching[waiting:], func(a, b *consumer) int {
			return cmp.Compare(a.Queue().ID(), b.Queue().ID())
		})
	}
}

// pump lets consumers fetch in turn until the buffer is full or nothing is
// left. The caller holds c.mu.
func (c *connection) pump() {
	c.measured = false
	next := 0
	for next < len(c.fetching) && len(c.out) < writeSize {
		end := next + 1
		for end < len(c.fetching) && c.fetching[end].Queue() == c.fetching[next].Queue() {
			end++
		}
		if end-next == 1 {
			c.serveOne(c.fetching[next])
		} else {
			c.serveTogether(c.fetching[next:end])
		}
		next = end
	}
	rest := copy(c.fetching, c.fetching[next:])
	clear(c.fetching[rest:])
	c.fetching = c.fetching[:rest]
	if rest > 0 {
		c.wants.wake()
	}
}

// serveOne delivers to the only consumer of its queue that waits.
func (c *connection) serveOne(consumer *consumer) {
	entries := c.fetch(consumer, writeSize-len(c.out))
	c.measureDelivery(entries)
	for i := range entries {
		c.deliver(consumer, &entries[i])
	}
	clear(entries) // the buffer must not keep messages alive
}

// measureDelivery measures how long the first message was on its way, unless a client
// had it before, for one of the consumers that one write serves. The caller holds
// c.mu.
func (c *connection) measureDelivery(entries []queue.Entry) {
	if c.measured || len(entries) == 0 || entries[0].Redelivered() {
		return
	}
	c.measured = true
	c.server.measures.deliveries.Observe(c.number, time.Now().UnixMilli()-entries[0].Message.Arrived)
}

// serveTogether delivers to several consumers of one queue in the order of the
// queue: it is seen by a client with many consumers on one connection. What
// does not fit into the buffer any more waits for the next turn.
func (c *connection) serveTogether(consumers []*consumer) {
	type delivery struct {
		consumer *consumer
		entry    queue.Entry
	}
	var all []delivery
	room := writeSize - len(c.out)
	share := max(room/len(consumers), 1)
	for i, consumer := range consumers {
		if room <= 0 {
			c.fetching = append(c.fetching, consumers[i:]...)
			break
		}
		entries := c.fetch(consumer, share)
		c.measureDelivery(entries)
		for _, e := range entries {
			all = append(all, delivery{consumer: consumer, entry: e})
			room -= e.Message.Size()
		}
		clear(entries)
	}
	slices.SortFunc(all, func(a, b delivery) int { return cmp.Compare(a.entry.Seq, b.entry.Seq) })
	for i := range all {
		c.deliver(all[i].consumer, &all[i].entry)
	}
}

// fetch gets what the queue has for the consumer, up to about the given number
// of octets. Whoever has more to fetch waits for the next turn. The result is
// valid until the next call.
func (c *connection) fetch(consumer *consumer, octets int) []queue.Entry {
	entries, fetched := consumer.Queue().Fetch(consumer.Consumer, c.entries[:0], octets)
	switch c.entries = entries; fetched {
	case queue.More:
		c.fetching = append(c.fetching, consumer)
	case queue.Gone:
		c.cancelled(consumer)
	}
	return entries
}

// deliver puts one message on the wire and remembers what has to be
// acknowledged. The caller holds c.mu.
func (c *connection) deliver(consumer *consumer, e *queue.Entry) {
	ch := consumer.channel
	ch.lastTag++
	consumer.countDelivered(e)
	if !consumer.NoAck {
		ch.unacked.push(queue.Delivery{
			Entry: e.Held(), Queue: consumer.Queue(), Consumer: consumer.Consumer, Tag: ch.lastTag, Limited: true,
		})
		if w := consumer.watch; w != nil && !w.running {
			w.begin()
		}
	}
	c.method = amqp.BasicDeliver{
		ConsumerTag: consumer.Tag, DeliveryTag: ch.lastTag, Redelivered: e.Redelivered(),
		Exchange: e.Message.Exchange, RoutingKey: e.Message.RoutingKey,
	}
	if v := c.vhost; v.Tracing() {
		v.TraceDelivered(ch.witness(), e, consumer.Queue().Name())
	}
	c.out = amqp.AppendDeliver(c.out, ch.id, &c.method, e.Properties(), e.Message.Body, c.frameMax)
	if consumer.NoAck {
		c.delivered.Release(e.Message)
	}
}

// cancelled tells the client that a consumer's queue is gone. The caller holds
// c.mu.
func (c *connection) cancelled(consumer *consumer) {
	ch := consumer.channel
	if ch.consumers[consumer.Tag] != consumer {
		return
	}
	ch.dismiss(consumer)
	ch.tellConsumed(consumer, nobody)
	if ch.limiter.Release(0) { // what waited for this consumer counted
		ch.resumeLocked()
	}
	if c.client.consumerCancelNotify {
		c.out = amqp.AppendMethod(c.out, ch.id, &amqp.BasicCancel{ConsumerTag: consumer.Tag, NoWait: true})
	}
}
