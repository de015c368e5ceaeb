package queue

import "github.com/leveretmq/leveret/message"

// core is the state of a queue and its rules. It has no lock, no clock and no
// I/O. What has to happen outside is left in effects, which the host collects
// before it unlocks.
type core struct {
	ready     ready
	rotation  rotation
	consumers []*Consumer // in the order of their arrival
	exclusive bool        // the only consumer asked to be the only one
	nextSeq   uint64
	unacked   int // assigned or delivered, and not acknowledged
	effects   effects
	direct    direct

	memory     int64  // what the messages in memory cost, unacknowledged ones included, in octets
	unwritten  int64  // the part of it that pages cost that are not written yet
	short      bool   // memory is short: keep nothing that can be read again
	generation uint64 // counts what makes a running load or page-out void
}

// effects is what a change asks the host to do.
type effects struct {
	wake   []*Consumer // to be told after the unlock
	gone   []uint64    // stored messages that left the queue
	purged []Span      // the same, for many at once
	freed  []*page     // that nobody needs any more
	load   bool        // messages have to be read before more can be dispatched
}

// direct is a fetch that is under way: what its consumer is given goes to the
// caller at once instead of being assigned first.
type direct struct {
	consumer *Consumer // nil while nobody fetches
	entries  []Entry
	room     int // octets of bodies that still fit
}

// publish adds a message at the tail and returns its sequence number. The
// caller dispatches afterwards, once for many messages.
func (c *core) publish(m *message.Message, stored bool) uint64 {
	seq := c.nextSeq
	c.nextSeq++
	e := Entry{Message: m, Seq: seq, stored: stored}
	c.memory += e.charge()
	c.ready.push(e)
	return seq
}

// dispatch assigns ready messages to the consumers that can take one.
func (c *core) dispatch() {
	for {
		from := c.ready.front()
		if from == nowhere {
			return
		}
		if from == inLow || from == inOut {
			c.effects.load = c.effects.load || c.rotation.waiting()
			return
		}
		consumer := c.rotation.next()
		if consumer == nil {
			break
		}
		c.serve(consumer, from)
	}
	if c.readsAhead() {
		c.effects.load = true
	}
}

// headOctets is how much of a long queue is kept in memory at its head for its
// consumers, in octets: two blocks of the store.
const headOctets = 512 << 10

// readsAhead says whether more should be brought in before it is needed.
func (c *core) readsAhead() bool {
	return !c.short && len(c.consumers) > 0 && !c.ready.out.empty() && c.ready.headSize < headOctets/2
}

// serve gives the consumer whose turn it is a message, and more of them as long
// as nobody else stands in its line. Then it stands in line again, unless it has
// had what it may have: it comes back by release, fetch or resume.
func (c *core) serve(consumer *Consumer, from place) {
	others := c.rotation.othersLike(consumer)
	for c.hasRoom(consumer) {
		if !consumer.acquire() {
			return
		}
		c.assign(consumer, c.ready.pop(from))
		if others || c.ready.front() != from {
			break
		}
	}
	c.readmit(consumer)
}

// hasRoom says whether the consumer may be given one more message, apart from
// the limit that it shares with others.
func (c *core) hasRoom(consumer *Consumer) bool {
	if consumer.gone || consumer.Prefetch != 0 && consumer.unacked >= consumer.Prefetch {
		return false
	}
	if consumer == c.direct.consumer {
		return c.direct.room > 0
	}
	return consumer.assigned.len() < maxAssigned && consumer.assignedBytes < maxAssignedBytes
}

func (c *core) assign(consumer *Consumer, e Entry) {
	consumer.unacked++
	c.unacked++
	if consumer == c.direct.consumer {
		c.hand(e)
		return
	}
	consumer.assigned.push(e)
	consumer.assignedBytes += e.Message.Size()
	if !consumer.asked {
		consumer.asked = true
		c.effects.wake = append(c.effects.wake, consumer)
	}
}

// fetch moves what was assigned to the consumer into dst, and what it is given
// beyond, until maxBytes octets of bodies are reached, and says whether more is
// there. With more, the consumer stays asked: its connection comes back without
// being told.
func (c *core) fetch(consumer *Consumer, dst []Entry, maxBytes int) (_ []Entry, more bool) {
	consumer.asked = true // nobody has to tell the caller
	c.direct = direct{consumer: consumer, entries: dst, room: maxBytes}
	for consumer.assigned.len() > 0 && c.direct.room > 0 {
		e := consumer.assigned.pop()
		consumer.assignedBytes -= e.Message.Size()
		c.hand(e)
	}
	c.readmit(consumer)
	c.dispatch()
	fetched := c.direct
	c.direct = direct{}
	if fetched.room > 0 {
		consumer.asked = false
		return fetched.entries, false
	}
	c.readmit(consumer)
	c.dispatch()
	consumer.asked = consumer.assigned.len() > 0
	return fetched.entries, consumer.asked
}

// hand gives a message to the fetch that is under way.
func (c *core) hand(e Entry) {
	d := &c.direct
	d.room -= e.Message.Size() + entryOverhead
	if d.consumer.NoAck {
		c.release(d.consumer, e)
	} else if c.short && e.settled {
		c.memory -= e.charge()
		e.light = true
	}
	d.entries = append(d.entries, e)
}

// entryOverhead is what a message counts beside its body, in octets, so that
// empty messages do not make an endless batch: about the size of the frames.
const entryOverhead = 64

// readmit lets the consumer stand in line again if it has room.
func (c *core) readmit(consumer *Consumer) {
	if c.hasRoom(consumer) {
		c.rotation.enter(consumer)
	}
}

// release forgets an unacknowledged message for good.
func (c *core) release(consumer *Consumer, e Entry) {
	c.unacked--
	c.memory -= e.charge()
	if e.stored {
		c.effects.gone = append(c.effects.gone, e.Seq)
	}
	if consumer != nil {
		consumer.unacked--
	}
}

// requeue makes unacknowledged messages ready again, flagged as redelivered.
func (c *core) requeue(batch []Delivery) {
	var light []Entry
	for _, d := range batch {
		d.Redelivered = true
		if d.Message != nil {
			c.giveBack(d.Consumer, d.Entry)
			continue
		}
		light = append(light, d.Entry)
		c.unacked--
		if d.Consumer != nil {
			d.Consumer.unacked--
		}
	}
	c.ready.giveBackLight(light)
}

// giveBack makes an unacknowledged message ready again, in its old place. It has
// not been given up.
func (c *core) giveBack(consumer *Consumer, e Entry) {
	c.unacked--
	if e.light {
		e.light = false
		c.memory += e.charge()
	}
	c.ready.giveBack(e)
	if consumer != nil {
		consumer.unacked--
	}
}

// get takes the first ready message out, as basic.get does. If it is out of
// memory, it has to be loaded first.
func (c *core) get() (e Entry, at place) {
	at = c.ready.front()
	if at == inReturned || at == inHead {
		c.unacked++
		e = c.ready.pop(at)
	}
	return e, at
}

func (c *core) addConsumer(consumer *Consumer) {
	c.consumers = append(c.consumers, consumer)
	c.exclusive = consumer.Exclusive
	c.rotation.join(consumer.Priority)
	c.rotation.enter(consumer)
	c.dispatch()
}

// removeConsumer takes the consumer away and makes ready again what was
// assigned to it and never fetched. It reports whether it was there.
func (c *core) removeConsumer(consumer *Consumer) bool {
	for i, other := range c.consumers {
		if other != consumer {
			continue
		}
		c.consumers = append(c.consumers[:i:i], c.consumers[i+1:]...)
		c.exclusive = false
		c.rotation.leave(consumer)
		consumer.gone = true
		consumer.yieldLimit()
		for consumer.assigned.len() > 0 {
			c.giveBack(consumer, consumer.assigned.pop())
		}
		consumer.assignedBytes = 0
		c.dispatch()
		return true
	}
	return false
}

// purge drops all ready messages and returns their number. Nobody holds any
// message above the head, so the rest goes as one span.
func (c *core) purge() int {
	r := &c.ready
	n := r.len()
	r.eachInMemory(func(e *Entry) { c.memory -= e.charge() })
	for _, e := range r.returned {
		if e.stored {
			c.effects.gone = append(c.effects.gone, e.Seq)
		}
	}
	c.effects.purged = append(c.effects.purged, r.low.spans...)
	if rest, any := r.storedSpan(); any {
		c.effects.purged = append(c.effects.purged, rest)
	}
	c.free(r.low.pages)
	c.free(r.out.pages)
	*r = ready{}
	c.generation++
	return n
}

// storedSpan is the span of all stored messages from the head on.
func (r *ready) storedSpan() (s Span, any bool) {
	note := func(first, last uint64) {
		if !any {
			s.First = first
		}
		s.Last, any = last, true
	}
	each := func(list *ring[Entry]) {
		for i := range list.len() {
			if e := list.at(i); e.stored {
				note(e.Seq, e.Seq)
			}
		}
	}
	each(&r.head)
	for _, out := range r.out.spans {
		note(out.First, out.Last)
	}
	each(&r.tail)
	return s, any
}

// end drops everything and returns the number of ready messages. The consumers
// are woken to learn of it.
func (c *core) end() int {
	n := c.ready.len()
	c.free(c.ready.low.pages)
	c.free(c.ready.out.pages)
	*c = core{
		generation: c.generation + 1,
		effects:    effects{wake: c.consumers, freed: c.effects.freed},
	}
	return n
}
