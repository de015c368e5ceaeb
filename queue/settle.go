package queue

// Delivery is one unacknowledged message of a channel.
type Delivery struct {
	Entry
	Queue *Queue
	// Consumer is nil for a message that basic.get fetched.
	Consumer *Consumer
	// Tag is the delivery tag, and Limited says that the delivery counts for the
	// limit that the consumers of its channel share. They are the channel's: the
	// queue does not look at them.
	Tag     uint64
	Limited bool
}

// Ack settles deliveries of this queue for good. The caller may release their
// messages.
func (q *Queue) Ack(batch []Delivery) {
	q.lock()
	var unit Unit
	q.ackLocked(batch)
	q.core.dispatch()
	q.finish(&unit)
}

func (q *Queue) ackLocked(batch []Delivery) {
	if q.deleted {
		return
	}
	q.core.tally.counters.Ack += uint64(len(batch))
	for i := range batch {
		q.core.release(batch[i].Consumer, batch[i].Entry)
	}
	q.readmitAll(batch)
}

// Reject settles deliveries of this queue that the client does not want: they are
// dead-lettered or gone. The caller may release their messages.
func (q *Queue) Reject(batch []Delivery) {
	q.lock()
	var unit Unit
	q.rejectLocked(batch)
	q.core.dispatch()
	q.finish(&unit)
}

func (q *Queue) rejectLocked(batch []Delivery) {
	if q.deleted {
		return
	}
	q.core.reject(batch)
	q.readmitAll(batch)
}

// readmitAll lets the consumers whose deliveries were settled stand in line
// again.
func (q *Queue) readmitAll(batch []Delivery) {
	var last *Consumer
	for i := range batch {
		if c := batch[i].Consumer; c != last && c != nil {
			q.core.readmit(c)
			last = c
		}
	}
}

// Requeue makes deliveries of this queue ready again, each at its original
// place and flagged as redelivered. A message that has come back too often is
// dropped instead, where the queue has such a limit.
func (q *Queue) Requeue(batch []Delivery, how Return) {
	q.lock()
	var unit Unit
	q.requeueLocked(batch, how)
	q.core.dispatch()
	q.finish(&unit)
}

func (q *Queue) requeueLocked(batch []Delivery, how Return) {
	if q.deleted {
		return
	}
	q.core.requeue(batch, how)
	q.core.trimming = q.core.law.bounded()
	q.readmitAll(batch)
}
