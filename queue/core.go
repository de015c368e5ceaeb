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
	hadOne    bool        // there was a consumer at some time (auto-delete)
	nextSeq   uint64
	unacked   int // assigned or delivered, and not acknowledged
	effects   effects
}

// effects is what a change asks the host to do.
type effects struct {
	wake []*Consumer // to be told after the unlock
	gone []uint64    // stored messages that left the queue
}

// publish adds a message at the tail and returns its sequence number. The
// caller dispatches afterwards, once for many messages.
func (c *core) publish(m *message.Message, stored bool) uint64 {
	seq := c.nextSeq
	c.nextSeq++
	c.ready.push(Entry{Message: m, Seq: seq, stored: stored})
	return seq
}

// dispatch assigns ready messages to the consumers that can take one.
func (c *core) dispatch() {
	for c.ready.len() > 0 {
		consumer := c.rotation.next()
		if consumer == nil {
			return
		}
		if !consumer.hasRoom() || !consumer.acquire() {
			continue // comes back by release, fetch or resume
		}
		c.assign(consumer, c.ready.pop())
		if consumer.hasRoom() {
			c.rotation.enter(consumer)
		}
	}
}

func (c *core) assign(consumer *Consumer, e Entry) {
	consumer.assigned.push(e)
	consumer.assignedBytes += e.Message.Size()
	consumer.unacked++
	c.unacked++
	if !consumer.asked {
		consumer.asked = true
		c.effects.wake = append(c.effects.wake, consumer)
	}
}

// fetch moves what was assigned to the consumer into dst, until maxBytes
// octets of bodies are reached, and says whether more is there. With more, the
// consumer stays asked: its connection comes back without being told.
func (c *core) fetch(consumer *Consumer, dst []Entry, maxBytes int) (_ []Entry, more bool) {
	consumer.asked = true // nobody has to tell the caller
	for bytes := 0; bytes < maxBytes; {
		if consumer.assigned.len() == 0 {
			c.readmit(consumer)
			c.dispatch()
			if consumer.assigned.len() == 0 {
				consumer.asked = false
				return dst, false
			}
		}
		e := consumer.assigned.pop()
		consumer.assignedBytes -= e.Message.Size()
		bytes += e.Message.Size() + entryOverhead
		if consumer.NoAck {
			c.release(consumer, e)
		}
		dst = append(dst, e)
	}
	c.readmit(consumer)
	c.dispatch()
	consumer.asked = consumer.assigned.len() > 0
	return dst, consumer.asked
}

// entryOverhead is what a message counts beside its body, in octets, so that
// empty messages do not make an endless batch: about the size of the frames.
const entryOverhead = 64

// readmit lets the consumer stand in line again if it has room.
func (c *core) readmit(consumer *Consumer) {
	if consumer.hasRoom() {
		c.rotation.enter(consumer)
	}
}

// release forgets an unacknowledged message for good.
func (c *core) release(consumer *Consumer, e Entry) {
	c.unacked--
	if e.stored {
		c.effects.gone = append(c.effects.gone, e.Seq)
	}
	if consumer != nil {
		consumer.unacked--
	}
}

// giveBack makes an unacknowledged message ready again, in its old place.
func (c *core) giveBack(consumer *Consumer, e Entry) {
	c.unacked--
	c.ready.giveBack(e)
	if consumer != nil {
		consumer.unacked--
	}
}

// get takes the first ready message out, as basic.get does.
func (c *core) get() (Entry, bool) {
	if c.ready.len() == 0 {
		return Entry{}, false
	}
	c.unacked++
	return c.ready.pop(), true
}

func (c *core) addConsumer(consumer *Consumer) {
	c.consumers = append(c.consumers, consumer)
	c.exclusive = consumer.Exclusive
	c.hadOne = true
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

// purge drops all ready messages and returns their number.
func (c *core) purge() int {
	n := c.ready.len()
	for c.ready.len() > 0 {
		if e := c.ready.pop(); e.stored {
			c.effects.gone = append(c.effects.gone, e.Seq)
		}
	}
	return n
}
