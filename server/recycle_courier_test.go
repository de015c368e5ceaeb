package server_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/leveretmq/leveret/amqp"
)

// courier takes letters from one station, on one connection after the other. A
// visitor has a queue of its own instead, which ends with its connection.
type courier struct {
	*recycling
	station int
	visitor bool
	random  *rand.Rand

	w       *wire
	drops   bool // the connection will end without a goodbye, so all has to be acknowledged
	bags    map[uint16]*bag
	visited map[letterID]bool
}

// bag is what a courier has on one channel.
type bag struct {
	channel uint16
	tx      bool
	held    []parcel
	acked   []letterID // nobody knows yet whether that has arrived
	gets    []bool     // without acknowledgement, as they were sent
	lapsed  int        // what comes has been given back already, if not zero
	pending []parcel   // settled in the transaction
	back    []bool     // which of pending are given back
}

type parcel struct {
	tag uint64
	id  letterID
}

// byHand begins the tags of consumers that acknowledge.
const byHand = "m"

// run takes letters until all have come.
func (c *courier) run() {
	for !c.over() {
		c.session()
	}
}

func (c *courier) session() {
	c.w = dialWire(c.t, c.address, c.random)
	c.bags = make(map[uint16]*bag)
	c.visited = make(map[letterID]bool)
	where := stations()[c.station]
	c.drops = c.visitor || where.rule != once && c.random.IntN(3) == 0
	channels := 1
	if !where.ordered {
		channels += c.random.IntN(3)
	}
	for i := range channels {
		c.open(uint16(i+1), where)
	}
	for steps := 20 + c.random.IntN(400); steps > 0 && c.step(); steps-- {
		if where.fetched || where.rule == acked && c.random.IntN(50) == 0 {
			c.fetch()
		}
	}
	c.leave()
}

// open opens a channel with consumers.
func (c *courier) open(channel uint16, where station) {
	b := &bag{channel: channel, tx: where.tx}
	c.bags[channel] = b
	c.w.send(channel, &amqp.ChannelOpen{})
	c.w.await(amqp.IDChannelOpenOk, c.handle)
	if b.tx {
		c.w.send(channel, &amqp.TxSelect{})
		c.w.await(amqp.IDTxSelectOk, c.handle)
	}
	c.w.send(channel, &amqp.BasicQos{
		PrefetchCount: []uint16{0, 1, 10, 100}[c.random.IntN(4)],
		Global:        c.station != stationQuorum && c.random.IntN(3) == 0,
	})
	c.w.await(amqp.IDBasicQosOk, c.handle)
	if where.fetched {
		return
	}
	c.consume(channel, where)
}

// consume starts consumers, some of which acknowledge.
func (c *courier) consume(channel uint16, where station) {
	name := where.queue.Queue
	if c.visitor {
		name = ""
		c.w.send(channel, &amqp.QueueDeclare{Exclusive: true})
		c.w.send(channel, &amqp.QueueBind{Exchange: "fan"})
		c.w.send(channel, &amqp.QueueBind{Exchange: "in", RoutingKey: "#.auto.#"})
	}
	c.topology.RLock() // nobody deletes the queue meanwhile
	defer c.topology.RUnlock()
	consumers := 1
	if !where.ordered {
		consumers += c.random.IntN(3)
	}
	for i := range consumers {
		tag := fmt.Sprint("a", i)
		if where.rule != once && (c.drops || c.random.IntN(2) == 0) {
			tag = fmt.Sprint(byHand, i)
		}
		c.w.send(channel, &amqp.BasicConsume{Queue: name, ConsumerTag: tag, NoAck: tag[:1] != byHand})
		c.w.await(amqp.IDBasicConsumeOk, c.handle)
	}
}

// step waits for something to happen, and does what it asks for. It says whether
// the connection goes on.
func (c *courier) step() bool {
	select {
	case e, ok := <-c.w.events:
		return c.take(e, ok)
	default:
	}
	c.settleAll()
	c.w.flush()
	var again <-chan time.Time
	if stations()[c.station].fetched || c.station == stationLoose {
		again = time.After(5 * time.Millisecond)
	}
	select {
	case e, ok := <-c.w.events:
		return c.take(e, ok)
	case <-c.stop:
		return false
	case <-again:
		return true
	}
}

func (c *courier) take(e event, ok bool) bool {
	if !ok {
		c.t.Errorf("the connection of a courier to %q ended", stations()[c.station].queue.Queue)
		return false
	}
	c.handle(e)
	if b := c.bags[e.channel]; b != nil {
		c.settleSome(b)
	}
	return true
}

// handle acts on what came.
func (c *courier) handle(e event) {
	b := c.bags[e.channel]
	switch m := e.method.(type) {
	case *amqp.BasicDeliver:
		c.receive(b, &e.arrival, m.DeliveryTag, m.Redelivered, m.ConsumerTag[:1] != byHand)
	case *amqp.BasicGetOk:
		noAck := b.gets[0]
		b.gets = b.gets[1:]
		c.receive(b, &e.arrival, m.DeliveryTag, m.Redelivered, noAck)
	case *amqp.BasicGetEmpty:
		b.gets = b.gets[1:]
	case *amqp.BasicRecoverOk:
		b.lapsed--
	case *amqp.ChannelClose:
		c.t.Errorf("%s: %+v", stations()[c.station].queue.Queue, m)
	case *amqp.ConnectionClose:
		c.t.Errorf("%s: %+v", stations()[c.station].queue.Queue, m)
	}
}

// receive takes a letter.
func (c *courier) receive(b *bag, a *arrival, tag uint64, redelivered, noAck bool) {
	var id letterID
	var ok bool
	switch {
	case c.visitor:
		if id, ok = c.journal.glimpse("visitor", a); ok && c.visited[id] && !redelivered {
			c.t.Errorf("a visitor got letter %v twice", id)
		}
		c.visited[id] = len(c.bags) == 1 // each channel has a queue
	case noAck:
		c.journal.deliver(c.station, a, redelivered, nil)
		return
	case b.lapsed > 0:
		c.journal.glimpse(stations()[c.station].queue.Queue, a)
		return
	default:
		id, ok = c.journal.deliver(c.station, a, redelivered, b)
	}
	if ok && !noAck && b.lapsed == 0 {
		b.held = append(b.held, parcel{tag: tag, id: id})
	}
}

// fetch sends a basic.get, or several.
func (c *courier) fetch() {
	for _, b := range c.bags {
		for range c.random.IntN(4) - len(b.gets) {
			noAck := !c.drops && c.random.IntN(2) == 0
			b.gets = append(b.gets, noAck)
			c.w.send(b.channel, &amqp.BasicGet{Queue: stations()[c.station].queue.Queue, NoAck: noAck})
		}
	}
	if c.random.IntN(4) == 0 {
		c.w.flush()
	}
}

// note tells the journal; visitors have nothing to tell.
func (c *courier) note(s step, parcels ...parcel) {
	if c.visitor {
		return
	}
	ids := make([]letterID, 0, len(parcels))
	for _, p := range parcels {
		ids = append(ids, p.id)
	}
	c.journal.note(s, c.station, ids...)
}

// giveBack notes that the server is about to get all that the bag holds.
func (c *courier) giveBack(b *bag) {
	c.note(gaveBack, b.held...)
	c.note(gaveBack, b.pending...)
	b.held, b.pending, b.back = nil, nil, nil
	b.lapsed++
}

// leave ends the connection in one of all ways.
func (c *courier) leave() {
	if c.drops {
		for _, b := range c.bags {
			c.giveBack(b)
		}
		if c.random.IntN(2) == 0 {
			c.w.flush()
		}
		c.w.drop(c.random)
		return
	}
	if c.random.IntN(2) == 0 {
		c.cancel()
	}
	for _, b := range c.bags {
		c.giveBack(b)
	}
	if c.random.IntN(2) == 0 {
		for channel := range c.bags {
			c.w.send(channel, &amqp.ChannelClose{})
			c.w.await(amqp.IDChannelCloseOk, c.handle)
		}
	}
	c.w.close(c.handle)
	for _, b := range c.bags {
		c.arrived(b)
	}
}

// cancel ends all consumers and then settles what is left.
func (c *courier) cancel() {
	if stations()[c.station].fetched {
		return
	}
	for channel, b := range c.bags {
		for _, kind := range []string{"a", byHand} {
			for i := range 3 { // an unknown tag is no error
				c.w.send(channel, &amqp.BasicCancel{ConsumerTag: fmt.Sprint(kind, i)})
				c.w.await(amqp.IDBasicCancelOk, c.handle)
			}
		}
		if c.random.IntN(2) == 0 {
			c.settle(b, len(b.held), acknowledge)
		}
	}
}

// arrived notes that all acknowledgements of the bag have.
func (c *courier) arrived(b *bag) {
	if !c.visitor {
		c.journal.note(confirmed, c.station, b.acked...)
	}
	b.acked = nil
}

// settleAll settles what is held before nothing happens. More may come meanwhile.
func (c *courier) settleAll() {
	for c.holds() {
		for _, b := range c.bags {
			c.settleSome(b)
			if b.tx {
				c.endTx(b)
			}
		}
	}
}

func (c *courier) holds() bool {
	for _, b := range c.bags {
		if len(b.held)+len(b.pending) > 0 {
			return true
		}
	}
	return false
}

// remove takes parcels out of what is held.
func (b *bag) remove(from, to int) []parcel {
	taken := slices.Clone(b.held[from:to])
	b.held = slices.Delete(b.held, from, to)
	return taken
}
