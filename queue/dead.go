package queue

import "github.com/leveretmq/leveret/message"

// Reason is why a message was dropped, as the x-death header tells it.
type Reason string

// The reasons for which messages are dead-lettered (RabbitMQ behaviour).
const (
	Refused       Reason = "rejected"
	Expired       Reason = "expired"
	MaxLength     Reason = "maxlen"
	DeliveryLimit Reason = "delivery_limit"
)

// Dead is a message that a queue has dropped and that is to be published to its
// dead-letter exchange.
type Dead struct {
	// Entry is the message. If it was given up, Queue.Read brings it back.
	Entry
	Reason Reason
	// Letter is where it goes.
	Letter *DeadLetter
}

// Undertaker publishes dead messages to where their queues want them. Bury takes
// them over and returns at once: it is called with locks held, but never the
// queue's. The undertaker calls Queue.Buried when they are where they belong, in
// the order of the store's units: so a crash finds a message in one queue or the
// other, or in both.
type Undertaker interface {
	Bury(q *Queue, dead []Dead)
}

// drop lets a message go that is neither ready nor unacknowledged any more. One
// that is to be dead-lettered stays until it is buried.
func (c *core) drop(e Entry, reason Reason) {
	c.countDropped(reason)
	if c.law.Rules == nil || c.law.DeadLetter == nil {
		c.forget(e)
		return
	}
	c.heavy(&e)
	if e.Message != nil {
		e.Message.Keep() // it goes elsewhere, and shares its octets with the next one
	}
	c.effects.dead = append(c.effects.dead, Dead{Entry: e, Reason: reason, Letter: c.law.DeadLetter})
}

// refuse drops a message that the queue never had.
func (c *core) refuse(m *message.Message) {
	e := Entry{Message: m, Seq: noPlace}
	c.memory += e.charge()
	c.drop(e, MaxLength)
}

// noPlace is the number of a message that has none.
const noPlace = ^uint64(0)

// reject lets unacknowledged messages go that nobody wants.
func (c *core) reject(batch []Delivery) {
	for i := range batch {
		c.yield(batch[i].Consumer, &batch[i].Entry)
		c.drop(batch[i].Entry, Refused)
	}
}

// Buried tells that dead messages are where they belong, or nowhere.
func (q *Queue) Buried(dead []Dead) {
	q.mu.Lock()
	if q.deleted {
		q.mu.Unlock()
		return
	}
	for i := range dead {
		q.core.forget(dead[i].Entry)
		if dead[i].Letter.AtLeastOnce {
			q.core.tally.reburied++
		}
	}
	q.finish(&Unit{})
}

// Read brings the message of an entry back that was given up. It reads from the
// disk, and returns nil if the message is lost.
func (q *Queue) Read(e *Entry) *Loaded {
	if e.Message != nil {
		return &Loaded{Seq: e.Seq, Message: e.Message}
	}
	loaded, _ := q.store.Load(q.streamOf(e.level), []Span{{First: e.Seq, Last: e.Seq}}, 1)
	if len(loaded) == 0 {
		return nil
	}
	return &loaded[0]
}
