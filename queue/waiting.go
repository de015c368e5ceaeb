package queue

import (
	"slices"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/message"
)

// waiting is messages that become ready at a later time. Those that are stored may
// be out of memory: then only their places and times are known here.
type waiting struct {
	list   heap[waitingEntry]
	memory int64 // what those cost that could leave memory, in octets
}

type waitingEntry struct {
	Entry
	due int64 // milliseconds since 1970
}

// before orders by time, and messages of the same time by their places.
func (e waitingEntry) before(other waitingEntry) bool {
	return e.due < other.due || e.due == other.due && e.Seq < other.Seq
}

func (w *waiting) len() int { return len(w.list) }

// next is when the first message becomes ready.
func (w *waiting) next() int64 {
	if len(w.list) == 0 {
		return never
	}
	return w.list[0].due
}

// wait makes a message ready at a later time.
func (c *core) wait(e Entry, due int64) {
	c.timed = true
	c.heavy(&e)
	c.tally.waiting += int64(e.size())
	if e.stored() {
		c.waiting.memory += e.charge()
	}
	c.waiting.list.push(waitingEntry{Entry: e, due: due})
}

// ripeAtOnce is how many messages become ready under one lock; the timer has the
// next ones come at once.
const ripeAtOnce = 4096

// ripen makes messages ready whose time has come. They go before those that are
// ready: they came before them, or were with a consumer already.
func (c *core) ripen() {
	var given []Entry
	for n := 0; n < ripeAtOnce && c.waiting.next() <= c.now; n++ {
		c.trimming = c.law.bounded()
		e := c.waiting.list.pop().Entry
		c.tally.waiting -= int64(e.size())
		if e.stored() {
			c.waiting.memory -= e.charge()
		}
		if e.Message == nil {
			given = append(given, e)
		} else {
			c.giveBack(e)
		}
	}
	c.giveBackGiven(given)
}

// scattered lists the messages of a level that evict would take out of memory and
// that were never read back, in the order of the queue.
func (w *waiting) scattered(level uint8, bound uint64) (list []Entry) {
	for i := range w.list {
		e := w.list[i].Entry
		if e.state&(stored|settled) == stored && e.level == level && e.Message != nil && e.Seq <= bound {
			list = append(list, e)
		}
	}
	slices.SortFunc(list, bySeq)
	return list
}

// evictWaiting takes the messages out of memory that are stored, up to a sequence
// number.
func (c *core) evictWaiting(bound uint64) {
	for i := range c.waiting.list {
		e := &c.waiting.list[i].Entry
		if e.Message == nil || !e.stored() || e.Seq > bound {
			continue
		}
		c.waiting.memory -= e.charge()
		c.memory -= e.charge()
		e.state = e.state&^light | settled
		e.octets, e.Message = uint32(e.Message.Size()), nil
	}
}

// DelayHeader is the header that asks for a delay, in milliseconds.
const DelayHeader = "x-delay"

// maxDelay is the longest delay, in milliseconds; a longer one is none, as with
// the plugin for RabbitMQ.
const maxDelay = 1<<32 - 1

// Delay is how long the message asks to be held back, in milliseconds; zero is
// not at all.
func Delay(m *message.Message) int64 {
	if !m.Properties.HasHeader(DelayHeader) {
		return 0
	}
	value, _ := m.Headers().Lookup(DelayHeader)
	delay, ok := amqp.Integer(value)
	if !ok || delay < 0 || delay > maxDelay {
		return 0
	}
	return delay
}

// dueTime is when the message becomes ready, in milliseconds since 1970.
func (c *core) dueTime(m *message.Message) int64 {
	if delay := Delay(m); delay > 0 {
		return m.Arrived + delay
	}
	return 0
}
