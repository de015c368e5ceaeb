package queue

import (
	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/message"
)

// waiting is messages that become ready at a later time.
type waiting struct{ list heap[waitingEntry] }

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
	c.waiting.list.push(waitingEntry{Entry: e, due: due})
}

// ripen makes messages ready whose time has come. They go before those that are
// ready: they came before them, or were with a consumer already.
func (c *core) ripen() {
	var given []Entry
	for c.waiting.next() <= c.now {
		e := c.waiting.list.pop().Entry
		if e.Message == nil {
			given = append(given, e)
		} else {
			c.giveBack(e)
		}
	}
	c.giveBackGiven(given)
}

// delayHeader is the header that asks for a delay, in milliseconds.
const delayHeader = "x-delay"

// maxDelay is the longest delay, in milliseconds; a longer one is none, as with
// the plugin for RabbitMQ.
const maxDelay = 1<<32 - 1

// Delay is how long the message asks to be held back, in milliseconds; zero is
// not at all.
func Delay(m *message.Message) int64 {
	if !m.Properties.HasHeader(delayHeader) {
		return 0
	}
	value, _ := m.Headers().Lookup(delayHeader)
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
