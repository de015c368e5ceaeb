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
	Sources []*Source // of each publication; nil counts for none
	Ack     []Delivery
	Reject  []Delivery
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
		p.Queue.lock()
	}
	unit := Unit{Done: done}
	complete = true
	for _, p := range parts {
		complete = p.Queue.applyLocked(p, &unit) && complete
	}
	submitted := !unit.Empty()
	if submitted {
		store.Submit(unit)
	}
	after := make([]aftermath, len(parts))
	var woken []*Consumer
	for i, p := range parts {
		woken = append(woken, p.Queue.core.effects.wake...)
		after[i] = p.Queue.takeEffects()
		if p.Queue.core.timed {
			p.Queue.schedule()
		}
		p.Queue.mu.Unlock()
	}
	wake(woken)
	for i := range after {
		after[i].do()
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
	q.rejectLocked(p.Reject)
	q.requeueLocked(p.Requeue, Nacked)
	q.core.tally.counters.Publish += uint64(len(p.Publish))
	for _, from := range p.Sources {
		q.core.tally.arrivals.count(from, 1)
	}
	complete = q.publishLocked(p.Publish, unit)
	q.collectGone(unit)
	return complete
}
