package queue

// Offered is what became of a message that a queue was offered.
type Offered int

const (
	// Taken says that the queue has the message, as after Publish.
	Taken Offered = iota
	// Full says that the queue refuses new messages.
	Full
	// Ended says that the queue is deleted.
	Ended
)

// Offer adds one message at the tail as Publish does, if the queue is there and takes
// it. If not, nothing has happened: no receipt is told, and nothing is dead-lettered.
func (q *Queue) Offer(p Publication) Offered {
	q.lock()
	if q.deleted {
		q.mu.Unlock()
		return Ended
	}
	var unit Unit
	result := Full
	if !q.core.law.bounded() || q.core.hasRoomFor(p.Message) {
		result = Taken
		q.core.tally.counters.Publish++
		q.publishLocked([]Publication{p}, &unit)
	}
	q.finish(&unit)
	return result
}

// PutBack makes messages that Get has fetched ready again, each at its original place,
// as if nobody had had them: they are not flagged as redelivered, and it does not count
// for any limit.
func (q *Queue) PutBack(batch []Delivery) {
	if len(batch) == 0 {
		return
	}
	q.lock()
	if q.deleted {
		q.mu.Unlock()
		return
	}
	q.putBackLocked(batch)
	q.core.dispatch()
	q.finish(&Unit{})
}

func (q *Queue) putBackLocked(batch []Delivery) {
	for i := range batch {
		e := batch[i].Entry
		q.core.yield(nil, &e)
		q.core.giveBack(e)
	}
	q.core.trimming = q.core.law.bounded()
}
