package server_test

import (
	"cmp"
	"slices"

	"github.com/leveretmq/leveret/amqp"
)

// settleSome does what it likes to what the bag holds.
func (c *courier) settleSome(b *bag) {
	if len(b.held) == 0 {
		return
	}
	switch n := c.random.IntN(100); {
	case n < 30:
		return // later
	case n < 55:
		c.settleOne(b, c.random.IntN(len(b.held)))
	case n < 75:
		c.settle(b, 1+c.random.IntN(len(b.held)), acknowledge)
	case n < 80:
		c.settle(b, 1+c.random.IntN(len(b.held)), gaveBack)
	case n < 82:
		c.recover(b)
	case n < 83:
		c.provoke(b)
	case n < 90:
		c.settle(b, len(b.held), acknowledge)
	}
	if b.tx && c.random.IntN(10) == 0 {
		c.endTx(b)
	}
	if c.random.IntN(5) == 0 {
		c.w.flush()
	}
}

// settleOne settles a single parcel, wherever it lies.
func (c *courier) settleOne(b *bag, i int) {
	tag := b.held[i].tag
	taken := b.remove(i, i+1)
	switch c.random.IntN(8) {
	case 0:
		c.became(b, taken, gaveBack)
		c.w.send(b.channel, &amqp.BasicReject{DeliveryTag: tag, Requeue: true})
	case 1:
		c.became(b, taken, acknowledge)
		c.w.send(b.channel, &amqp.BasicReject{DeliveryTag: tag})
	case 2:
		c.became(b, taken, acknowledge)
		c.w.send(b.channel, &amqp.BasicNack{DeliveryTag: tag})
	case 3:
		c.became(b, taken, gaveBack)
		c.w.send(b.channel, &amqp.BasicNack{DeliveryTag: tag, Requeue: true})
	default:
		c.became(b, taken, acknowledge)
		c.w.send(b.channel, &amqp.BasicAck{DeliveryTag: tag})
	}
}

// settle settles the first parcels at once.
func (c *courier) settle(b *bag, count int, s step) {
	if count == 0 {
		return
	}
	tag := b.held[count-1].tag
	c.became(b, b.remove(0, count), s)
	switch {
	case s == gaveBack:
		c.w.send(b.channel, &amqp.BasicNack{DeliveryTag: tag, Multiple: true, Requeue: true})
	case c.random.IntN(4) == 0:
		c.w.send(b.channel, &amqp.BasicNack{DeliveryTag: tag, Multiple: true})
	default:
		c.w.send(b.channel, &amqp.BasicAck{DeliveryTag: tag, Multiple: true})
	}
}

// became notes what is about to be said of parcels. In a transaction it counts
// when that ends.
func (c *courier) became(b *bag, parcels []parcel, s step) {
	if b.tx {
		for _, p := range parcels {
			b.pending = append(b.pending, p)
			b.back = append(b.back, s == gaveBack)
		}
		return
	}
	c.note(s, parcels...)
	for _, p := range parcels {
		if s == acknowledge {
			b.acked = append(b.acked, p.id)
		}
	}
}

// endTx commits mostly.
func (c *courier) endTx(b *bag) {
	if len(b.pending) == 0 {
		return
	}
	if c.random.IntN(4) == 0 {
		c.w.send(b.channel, &amqp.TxRollback{})
		c.w.await(amqp.IDTxRollbackOk, c.handle)
		b.held = append(b.pending, b.held...)
		slices.SortFunc(b.held, func(p, q parcel) int { return cmp.Compare(p.tag, q.tag) })
		b.pending, b.back = nil, nil
		return
	}
	var settled []parcel
	for i, p := range b.pending {
		if b.back[i] {
			c.note(gaveBack, p)
		} else {
			c.note(acknowledge, p)
			settled = append(settled, p)
		}
	}
	b.pending, b.back = nil, nil
	c.w.send(b.channel, &amqp.TxCommit{})
	c.w.await(amqp.IDTxCommitOk, c.handle)
	c.note(confirmed, settled...)
}

// recover asks for all again. What comes before the answer is the server's, too.
func (c *courier) recover(b *bag) {
	if b.tx {
		return
	}
	c.giveBack(b)
	c.w.send(b.channel, &amqp.BasicRecover{Requeue: true})
}

// provoke makes the server close the channel; what was acknowledged before
// counts.
func (c *courier) provoke(b *bag) {
	if stations()[c.station].rule == once {
		return
	}
	c.giveBack(b)
	c.w.send(b.channel, &amqp.BasicAck{DeliveryTag: 1 << 40})
	c.w.await(amqp.IDChannelClose, c.handle)
	c.w.send(b.channel, &amqp.ChannelCloseOk{})
	c.arrived(b)
	delete(c.bags, b.channel)
	if len(c.bags) == 0 {
		c.open(b.channel, stations()[c.station])
	}
}
