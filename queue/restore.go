package queue

import (
	"time"

	"github.com/leveretmq/leveret/message"
)

// Streams are the numbers under which the store knows the messages of the queue:
// one for each priority, from the number of the queue on.
func (s Spec) Streams() int { return s.levels() }

// streamOf is the number under which the store knows the messages of a level.
func (q *Queue) streamOf(level uint8) uint32 { return q.spec.ID + uint32(level) }

// Restore puts back what the store found at start in one of the queue's streams,
// counted from 0. It comes in the order of the sequence numbers, before the
// queue is used.
func (q *Queue) Restore(stream int, r Recovered) {
	q.lock()
	q.core.nextSeq = max(q.core.nextSeq, r.Last+1)
	q.core.timed = q.core.timed || r.Expires
	switch {
	case r.Message != nil:
		q.date(r.Message)
		q.core.restore(uint8(stream), r)
	case q.core.law.delays || q.core.law.anywhere || q.core.unique != nil:
		q.mu.Unlock()
		q.restoreEach(uint8(stream), r)
		return
	default:
		q.core.restoreSpan(uint8(stream), r)
	}
	q.finish(&Unit{})
}

// Restored ends what Restore has begun: from now on messages expire, and those go
// that are too many, as a crash may have come before they were dropped.
func (q *Queue) Restored() {
	q.lock()
	q.core.trimming = q.core.law.bounded()
	q.core.dispatch()
	q.finish(&Unit{})
}

// restoreEach reads the messages of a span to learn how long they have to wait, or
// what tells them apart; they do not stay in memory.
func (q *Queue) restoreEach(level uint8, r Recovered) {
	for from := r.First; from <= r.Last; {
		loaded, through := q.store.Load(q.streamOf(level), []Span{{First: from, Last: r.Last}}, gatherUnit)
		q.lock()
		for _, l := range loaded {
			q.date(l.Message)
			q.core.tally.durable.add(l.Message.Size())
			e := Entry{Seq: l.Seq, level: level, state: stored | settled, octets: uint32(l.Message.Size())}
			if r.wasSeen(l.Seq) {
				e.state |= redelivered
			}
			e.Returns = r.Returns[l.Seq]
			if q.core.unique != nil {
				q.core.unique.admit(l.Seq, l.Message)
			}
			if q.core.law.anywhere {
				q.core.expect(e, l.Message)
			}
			if q.core.law.delays {
				q.core.wait(e, q.core.dueTime(l.Message))
				continue
			}
			q.core.giveBackGiven([]Entry{e})
		}
		q.finish(&Unit{})
		from = max(through, from) + 1
	}
}

// wasSeen says whether a consumer may have seen a message that was stored.
func (r *Recovered) wasSeen(seq uint64) bool {
	b := backlog{flagged: r.Redelivered}
	return b.isFlagged(seq)
}

// restore adds a message that was stored.
func (c *core) restore(level uint8, r Recovered) {
	e := Entry{Message: r.Message, Seq: r.First, Returns: r.Returns[r.First], level: level, state: stored}
	if len(r.Redelivered) > 0 {
		e.state |= redelivered
	}
	c.tally.durable.add(r.Message.Size())
	c.enter(e)
}

// date gives a message that was stored without the time of its arrival another one:
// now. The caller is the only one who has it.
func (q *Queue) date(m *message.Message) {
	if m.Arrived == 0 {
		m.Arrived = time.Now().UnixMilli()
	}
}
