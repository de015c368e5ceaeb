package queue

import (
	"cmp"
	"slices"
)

// Part is what one transaction does to one queue. Its publications carry no
// receipts: the transaction is told as a whole.
type Part struct {
	Queue   *Queue
	Publish []Publication
	Ack     []Delivery
	Requeue []Delivery
}

// Commit applies the parts of a transaction, at most one for each queue, as
// one unit: no crash leaves half of it. Done is called once, when all of it is
// durable or has failed. The result says whether all queues took all messages:
// one that is full may refuse some.
//
// All queues are locked at once, in the order of their numbers, so that two
// transactions never wait for each other.
func Commit(store Store, parts []Part, done func(error)) (complete bool) {
	slices.SortFunc(parts, func(a, b Part) int { return cmp.Compare(a.Queue.ID(), b.Queue.ID()) })
	for _, p := range parts {
		p.Queue.mu.Lock()
	}
	unit := Unit{Done: done}
	complete = true
	for _, p := range parts {
		complete = p.Queue.applyLocked(p, &unit) && complete
	}
	submitted := len(unit.Enqueue)+len(unit.Ack) > 0
	if submitted {
		store.Submit(unit)
	}
	var wake []*Consumer
	for _, p := range parts {
		wake = p.Queue.takeWakes(wake)
		p.Queue.mu.Unlock()
	}
	for _, c := range wake {
		c.waker.Wake(c)
	}
	if !submitted {
		done(nil)
	}
	return complete
}

func (q *Queue) applyLocked(p Part, unit *Unit) (complete bool) {
	if q.deleted {
		return true
	}
	q.ackLocked(p.Ack)
	q.requeueLocked(p.Requeue)
	refused := q.publishLocked(p.Publish, unit)
	q.collectGone(unit)
	return len(refused) == 0
}
