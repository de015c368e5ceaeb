package queue

import (
	"math"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/message"
)

// core is the state of a queue and its rules. It has no lock, no clock and no
// I/O. What has to happen outside is left in effects, which the host collects
// before it unlocks.
type core struct {
	lanes     lanes
	waiting   waiting
	mortals   heap[mortal] // nil unless messages expire anywhere
	unique    *unique      // nil where repeats are welcome
	rotation  rotation
	consumers []*Consumer // in the order of their arrival
	paused    bool        // nothing is given out
	active    *Consumer   // the only one that is given messages, where there is a single one
	exclusive bool        // the only consumer asked to be the only one
	nextSeq   uint64
	fresh     uint64 // messages from here on have just come, and no time is too short for who waits
	unacked   int    // assigned or delivered, and not acknowledged
	effects   effects
	direct    direct
	tally     tally

	law      law
	now      int64 // milliseconds since 1970; the host sets it if timed
	wakeAt   int64 // when something is to be done if nothing happens before; see timed
	timed    bool  // some of it depends on the time: now and wakeAt mean something
	trimming bool  // more than the limits allow may be ready

	memory     int64  // what the messages in memory cost, unacknowledged ones included, in octets
	unwritten  int64  // the part of it that pages cost that are not written yet
	short      bool   // memory is short: keep nothing that can be read again
	generation uint64 // counts what makes a running load or page-out void
}

// effects is what a change asks the host to do.
type effects struct {
	wake   []*Consumer // to be told after the unlock
	dead   []Dead      // to be published elsewhere, and buried then
	gone   []entryID   // stored messages that left the queue
	purged []laneSpan  // the same, for many at once
	freed  []*page     // that nobody needs any more
	load   bool        // messages have to be read before more can be dispatched
}

// entryID tells a stored message of the queue.
type entryID struct {
	seq   uint64
	level uint8
}

// laneSpan is a span of the messages of one priority.
type laneSpan struct {
	Span
	level uint8
}

// direct is a fetch that is under way: what its consumer is given goes to the
// caller at once instead of being assigned first.
type direct struct {
	consumer *Consumer // nil while nobody fetches
	entries  []Entry
	room     int // octets of bodies that still fit
}

// publish adds a message at the tail and returns its entry. The caller
// dispatches afterwards, once for many messages.
func (c *core) publish(m *message.Message, keep bool) Entry {
	e := Entry{Message: m, Seq: c.nextSeq}
	if keep {
		e.state = stored
		c.tally.durable.add(m.Size())
	}
	if c.law.levels != nil {
		e.level = c.law.levels.of(m)
	}
	c.nextSeq++
	c.enter(e)
	return e
}

// enter makes a new message ready, or lets it wait for its time.
func (c *core) enter(e Entry) {
	c.memory += e.charge()
	if c.unique != nil {
		c.unique.admit(e.Seq, e.Message)
	}
	if e.Message.Properties.Flags()&amqp.FlagExpiration != 0 {
		c.timed = true
	}
	if c.law.anywhere {
		c.expect(e, e.Message)
	}
	if c.law.delays {
		if due := c.dueTime(e.Message); due > c.now {
			c.wait(e, due)
			return
		}
	}
	c.lanes.of(e.level).push(e)
}

// dispatch assigns ready messages to the consumers that can take one, and sees
// to it that what remains may remain.
func (c *core) dispatch() {
	if c.timed {
		c.ripen()
	}
	c.assignAll()
	if c.expireAnywhere() {
		c.assignAll() // what was first may have been out of memory
	}
	if c.timed || c.trimming {
		c.tidy()
	}
	if c.readsAhead() {
		c.effects.load = true
	}
}

func (c *core) assignAll() {
	for !c.paused {
		lane, from := c.lanes.front()
		switch from {
		case nowhere:
			return
		case inLow, inOut:
			c.effects.load = c.effects.load || c.rotation.waiting()
			return
		}
		if c.timed {
			if e := lane.peek(from); e.Seq < c.fresh && c.expired(e, c.now) {
				c.drop(lane.pop(from), Expired)
				continue
			}
		}
		consumer := c.rotation.next()
		if consumer == nil {
			return
		}
		c.serve(consumer, lane, from)
	}
}

// headOctets is how much of a long queue is kept in memory at its head for its
// consumers, in octets: two blocks of the store.
const headOctets = 512 << 10

// readsAhead says whether more should be brought in before it is needed.
func (c *core) readsAhead() bool { return c.ahead() != nil }

// ahead is the lane of which more should be brought in, or nil.
func (c *core) ahead() *ready {
	if c.short || len(c.consumers) == 0 {
		return nil
	}
	lane := &c.lanes.only
	if c.lanes.apart != nil {
		if lane, _ = c.lanes.front(); lane == nil {
			return nil
		}
	}
	if lane.out.empty() || lane.headSize >= headOctets/2 {
		return nil
	}
	return lane
}

// serve gives the consumer whose turn it is a message, and more of them as long
// as nobody else stands in its line. Then it stands in line again, unless it has
// had what it may have: it comes back by release, fetch or resume.
func (c *core) serve(consumer *Consumer, lane *ready, from place) {
	alone := !c.timed && !c.rotation.othersLike(consumer)
	for c.hasRoom(consumer) {
		if !consumer.acquire() {
			return
		}
		c.assign(consumer, lane.pop(from))
		if !alone || lane.front() != from {
			break
		}
	}
	c.readmit(consumer)
}

// hasRoom says whether the consumer may be given one more message, apart from
// the limit that it shares with others.
func (c *core) hasRoom(consumer *Consumer) bool {
	if consumer.gone || consumer.Prefetch != 0 && consumer.unacked >= consumer.Prefetch || c.standsBack(consumer) {
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
	c.tally.unacked.Octets += int64(e.Message.Size())
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
	c.tally.counters.Redeliver += uint64(e.state & redelivered) // which is the lowest bit
	if d.consumer.NoAck {
		c.release(d.consumer, e)
	} else if c.short && e.state&settled != 0 {
		c.memory -= e.charge()
		e.state |= light
		c.tally.light++
	}
	d.entries = append(d.entries, e)
}

// entryOverhead is what a message counts beside its body, in octets, so that
// empty messages do not make an endless batch: about the size of the frames.
const entryOverhead = 64

// readmit lets the consumer stand in line again if it has room.
func (c *core) readmit(consumer *Consumer) {
	if c.law.single == ambitious {
		c.elect()
	}
	if c.hasRoom(consumer) {
		c.rotation.enter(consumer)
	}
}

// release forgets an unacknowledged message for good.
func (c *core) release(consumer *Consumer, e Entry) {
	c.yield(consumer, &e)
	c.forget(e)
}

// yield takes a message off what is unacknowledged.
func (c *core) yield(consumer *Consumer, e *Entry) {
	c.unacked--
	c.tally.unacked.Octets -= int64(e.size())
	if e.state&light != 0 {
		c.tally.light--
	}
	if consumer != nil {
		consumer.unacked--
	}
}

// forget lets a message go that is neither ready nor unacknowledged any more.
func (c *core) forget(e Entry) {
	c.memory -= e.charge()
	if c.unique != nil {
		c.unique.forget(e.Seq)
	}
	if e.stored() {
		c.tally.durable.remove(e.size())
		c.effects.gone = append(c.effects.gone, entryID{seq: e.Seq, level: e.level})
	}
}

// requeue makes unacknowledged messages ready again, flagged as redelivered,
// unless they have come back too often, or have to wait.
func (c *core) requeue(batch []Delivery, how Return) {
	var given []Entry // whose messages were given up
	for i := range batch {
		e := batch[i].Entry
		e.state |= redelivered
		c.yield(batch[i].Consumer, &e)
		if c.law.counts {
			e.Returns = uint16(min(int(e.Returns)+1, math.MaxUint16))
			if c.law.limited(e.Returns) {
				c.drop(e, DeliveryLimit)
				continue
			}
			if delay := c.law.retryDelay(e.Returns, how); delay > 0 {
				c.wait(e, c.now+delay)
				continue
			}
		}
		if e.Message == nil {
			given = append(given, e)
			continue
		}
		c.comeBack(e)
	}
	c.giveBackGiven(given)
}

// giveBackGiven makes messages ready again that were given up meanwhile.
func (c *core) giveBackGiven(entries []Entry) {
	for len(entries) > 0 {
		level := entries[0].level
		n := 1
		for n < len(entries) && entries[n].level == level {
			n++
		}
		c.lanes.of(level).giveBackLight(entries[:n])
		entries = entries[n:]
	}
}

// giveBack makes a message ready again, in its old place. It has not been given
// up.
func (c *core) giveBack(e Entry) {
	c.heavy(&e)
	c.lanes.of(e.level).giveBack(e)
}

// heavy makes a message one that is kept while it is unacknowledged.
func (c *core) heavy(e *Entry) {
	if e.state&light != 0 {
		e.state &^= light
		c.memory += e.charge()
	}
}

// get takes the first ready message out, as basic.get does. If it is out of
// memory, it has to be loaded first.
func (c *core) get() (e Entry, at place) {
	if c.timed || c.trimming {
		c.ripen()
		c.tidy()
	}
	if c.paused {
		return Entry{}, nowhere
	}
	lane, at := c.lanes.front()
	if at == inReturned || at == inHead {
		c.unacked++
		e = lane.pop(at)
		c.tally.unacked.Octets += int64(e.size())
		if c.timed {
			c.tidy() // the next one has its own time
		}
	}
	return e, at
}

func (c *core) addConsumer(consumer *Consumer) {
	c.consumers = append(c.consumers, consumer)
	c.exclusive = consumer.Exclusive
	c.rotation.join(consumer)
	c.elect()
	c.readmit(consumer)
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
			e := consumer.assigned.pop()
			c.yield(consumer, &e)
			c.giveBack(e)
		}
		consumer.assignedBytes = 0
		c.trimming = c.law.bounded()
		c.elect()
		if c.active != nil {
			c.readmit(c.active) // it may have stood back for the one that goes
		}
		c.dispatch()
		return true
	}
	return false
}
