package persistence

import (
	"time"

	"github.com/leveretmq/leveret/queue"
)

// submission is one atomic change on its way to the committer. Its messages
// and acknowledgements lie in the flat lists of pending, in the same order.
type submission struct {
	enqueues int
	acks     int
	octets   int
	purge    []queue.Range
	gather   []queue.Enqueue
	change   *change  // of definitions
	lost     *lostRun // what cannot be read
	graves   []grave  // keys that should be dead and are not
	done     func(error)
}

// pending is what waits for the committer. Two of them take turns.
type pending struct {
	submissions []submission
	enqueues    []queue.Enqueue
	acks        []queue.Ack
	// urgent says that somebody waits for the outcome; acknowledgements alone
	// may wait for company.
	urgent bool
	since  time.Time // of the first submission
}

// add appends a submission and says whether the committer has to look: at the
// first one, when somebody begins to wait, and when there is a lot.
func (p *pending) add(sub submission, u queue.Unit, l Limits) (wake bool) {
	few, urgent := p.operations() < l.CommitOperations, p.urgent
	if p.empty() {
		p.since, wake = time.Now(), true
	}
	p.submissions = append(p.submissions, sub)
	p.enqueues = append(p.enqueues, u.Enqueue...)
	p.acks = append(p.acks, u.Ack...)
	if sub.acks == 0 || sub.enqueues > 0 || sub.done != nil {
		p.urgent = true
	}
	return wake || p.urgent != urgent || few && p.operations() >= l.CommitOperations
}

func (p *pending) empty() bool { return len(p.submissions) == 0 }

func (p *pending) operations() int { return len(p.enqueues) + len(p.acks) }

// reset forgets everything, and keeps the memory unless it is a lot.
func (p *pending) reset() {
	if cap(p.acks) > keptOperations || cap(p.enqueues) > keptOperations || cap(p.submissions) > keptOperations {
		*p = pending{}
		return
	}
	clear(p.submissions)
	clear(p.enqueues)
	*p = pending{submissions: p.submissions[:0], enqueues: p.enqueues[:0], acks: p.acks[:0]}
}

// portion is what one commit takes of a pending: consecutive submissions.
type portion struct {
	submissions []submission
	enqueues    []queue.Enqueue
	acks        []queue.Ack
	octets      int
}

// cut takes the next portion, at least one submission, from position at, and
// returns where the one after it starts.
func (p *pending) cut(at position, l Limits) (portion, position) {
	var part portion
	end := at
	for end.submission < len(p.submissions) {
		sub := &p.submissions[end.submission]
		operations := end.enqueue + end.ack - at.enqueue - at.ack + sub.enqueues + sub.acks
		full := part.octets+sub.octets > l.CommitOctets || operations > l.CommitOperations
		if full && end != at {
			break
		}
		part.octets += sub.octets
		end.submission++
		end.enqueue += sub.enqueues
		end.ack += sub.acks
	}
	part.submissions = p.submissions[at.submission:end.submission]
	part.enqueues = p.enqueues[at.enqueue:end.enqueue]
	part.acks = p.acks[at.ack:end.ack]
	return part, end
}

// position is a place in a pending.
type position struct{ submission, enqueue, ack int }

// unitOctets is what a unit counts towards the limits.
func unitOctets(u queue.Unit) int {
	octets := 0
	for i := range u.Enqueue {
		m := u.Enqueue[i].Message
		octets += len(m.Body) + len(m.Properties) + messageOverhead
	}
	for i := range u.Gather {
		octets += len(u.Gather[i].Message.Body) + messageOverhead
	}
	return octets
}
