package queue

import (
	"slices"
)

// checkNumbers compares what the core counts.
func (m *model) checkNumbers() {
	unacked := make(map[*Consumer]int)
	ready, waiting, assigned := 0, 0, 0
	for _, f := range m.all {
		switch f.where {
		case isReady:
			ready++
		case isWaiting:
			waiting++
		case isAssigned:
			assigned++
			unacked[f.consumer]++
		}
	}
	for _, d := range m.held {
		unacked[d.Consumer]++
	}
	equal(m, ready, m.lanes.len(), "ready messages")
	equal(m, waiting, m.waiting.len(), "waiting messages")
	equal(m, assigned+len(m.held), m.unacked, "unacknowledged messages")
	for _, c := range m.consumers {
		equal(m, unacked[c], c.unacked, "unacknowledged messages of a consumer")
		m.must(c.Prefetch == 0 || c.unacked <= c.Prefetch, "prefetch")
		m.must(c.asked || c.assigned.len() == 0, "a consumer is told what is assigned to it")
	}
}

// checkTally adds up what the queue shows of its messages.
func (m *model) checkTally() {
	var durable Amount
	var unacked, waiting int64
	notInMemory := 0
	for _, f := range m.all {
		if f.keep && f.where != isGone {
			durable.add(f.message.Size())
		}
		switch f.where {
		case isAssigned, isHeld:
			unacked += int64(f.message.Size())
		case isWaiting:
			waiting += int64(f.message.Size())
		}
	}
	for i := range m.held {
		if m.held[i].state&light != 0 {
			notInMemory++
		}
	}
	equal(m, durable, m.tally.durable, "messages that the store knows")
	equal(m, unacked, m.tally.unacked.Octets, "octets that are unacknowledged")
	equal(m, waiting, m.tally.waiting, "octets that wait")
	equal(m, notInMemory, m.tally.light, "unacknowledged messages that are out of memory")
}

// checkMemory adds up what should be in memory.
func (m *model) checkMemory() {
	var memory, unwritten, waiting int64
	count := func(e *Entry) { memory += e.charge() }
	own := func(e *Entry) {
		m.must(e.Message == nil || e.state&light == 0, "message %d is in memory and not accounted for", e.Seq)
		count(e)
	}
	m.lanes.eachAsIs(func(r *ready) { unwritten += m.checkLane(r, own) })
	for _, c := range m.consumers {
		for i := range c.assigned.len() {
			e := c.assigned.at(i)
			count(&e)
		}
	}
	for i := range m.held {
		count(&m.held[i].Entry)
	}
	for i := range m.unburied {
		own(&m.unburied[i].Entry)
	}
	for i := range m.waiting.list {
		e := &m.waiting.list[i].Entry
		own(e)
		if e.stored() {
			waiting += e.charge()
		}
	}
	equal(m, unwritten, m.core.unwritten, "memory of pages that are not written")
	equal(m, memory+unwritten, m.memory, "memory")
	equal(m, waiting, m.waiting.memory, "memory of waiting messages")
}

// eachAsIs visits the lanes and leaves what has come back where it is.
func (l *lanes) eachAsIs(visit func(*ready)) {
	if l.apart == nil {
		visit(&l.only)
		return
	}
	visit(&l.apart.returns)
	for _, level := range l.apart.used {
		visit(l.apart.lanes[level])
	}
}

// checkLane does so for a lane, and returns the memory of its pages that are not
// written.
func (m *model) checkLane(r *ready, count func(*Entry)) (unwritten int64) {
	var octets, head int64
	r.eachInMemory(func(e *Entry) {
		count(e)
		octets += int64(e.size())
	})
	for i := range r.head.len() {
		e := r.head.at(i)
		head += headCost(&e)
	}
	equal(m, octets, r.octets, "octets in memory")
	equal(m, head, r.headSize, "octets at the head")
	for _, p := range slices.Concat(r.low.view().pages, r.out.view().pages) {
		if p.entries != nil {
			unwritten += p.charge
		}
	}
	return unwritten
}

// front is the message that is next, of those that have been there for longer than
// this step if there are any.
func (m *model) front() (front *fact) {
	for _, f := range m.ready() {
		if !f.fresh && (front == nil || ahead(f, front)) {
			front = f
		}
	}
	return front
}

// checkOrder looks at what has left the ready messages: all of it was in front of
// what is still there.
func (m *model) checkOrder() {
	front := m.front()
	if front == nil {
		return
	}
	for _, f := range m.step.left {
		if m.law.anywhere && f.reason == Expired {
			continue
		}
		m.must(ahead(f, front), "message %d (%s) left before message %d", f.seq, f.reason, front.seq)
	}
}

// checkLimits looks at what was dropped because there was too much: it would
// still be too much with the last one of it.
func (m *model) checkLimits() {
	var last *fact
	count, octets := m.amount()
	for _, f := range m.step.left {
		switch {
		case f.reason != MaxLength:
			count++
			octets += int64(f.message.Size())
		case last == nil || ahead(last, f):
			last = f
		}
	}
	if last != nil {
		over := exceeds(count+1, m.rules.MaxLength) || exceeds(octets+int64(last.message.Size()), m.rules.MaxBytes)
		m.must(over, "message %d was not too much", last.seq)
	}
}

// checkSingle looks at who was given messages where only one consumer may.
func (m *model) checkSingle() {
	if m.law.single == shared {
		return
	}
	before := m.leader
	if !slices.Contains(m.consumers, before) {
		before = nil
	}
	best := m.best()
	switch {
	case before == nil:
		m.must(best == m.active, "the best consumer takes over")
	case m.law.single == faithful || before.unacked > 0 || best.Priority == before.Priority:
		m.must(before == m.active, "the active consumer stays")
	default:
		m.must(best == m.active, "the better consumer takes over")
	}
	m.leader = m.active
	for _, f := range m.step.left {
		if f.reason == "" && f.consumer != nil {
			m.must(f.consumer == before || f.consumer == m.active, "message %d", f.seq)
			m.must(!m.superseded(f.consumer), "message %d goes to the better consumer", f.seq)
		}
	}
	for _, c := range m.consumers {
		m.must(c == m.active || c.unacked == 0, "two consumers hold messages")
	}
}

// best is the consumer of the highest priority, and of these the first.
func (m *model) best() (best *Consumer) {
	for _, c := range m.consumers {
		if best == nil || c.Priority > best.Priority {
			best = c
		}
	}
	return best
}

// superseded says whether a consumer waits for the given one to settle what it holds.
func (m *model) superseded(c *Consumer) bool {
	return m.law.single == ambitious && m.best().Priority > c.Priority
}

// mayTake says whether the consumer can be given a message.
func (m *model) mayTake(c *Consumer) bool {
	return !m.paused && (c.Prefetch == 0 || c.unacked < c.Prefetch) &&
		c.assigned.len() < maxAssigned && c.assignedBytes < maxAssignedBytes &&
		(m.law.single == shared || c == m.active && !m.superseded(c))
}

// checkSettled looks at what must not be left over when the queue has seen to its
// rules.
func (m *model) checkSettled() {
	var front *fact
	for _, f := range m.ready() {
		if front == nil || ahead(f, front) {
			front = f
		}
	}
	m.checkTimer()
	m.must(m.timed || !m.temporal(), "the queue does not look at the clock")
	takes := slices.ContainsFunc(m.consumers, m.mayTake)
	m.checkFresh(takes)
	if front == nil {
		return
	}
	over := false
	if m.rules.Overflow == DropHead {
		count, octets := m.amount()
		over = exceeds(count, m.rules.MaxLength) || exceeds(octets, m.rules.MaxBytes)
	}
	// What is left of a page may begin later than the core knows.
	if _, at := m.lanes.front(); at == inLow || at == inOut {
		needed := takes || over || m.timed
		m.must(!needed || m.reading != nil || m.effects.load, "message %d is needed, and nobody loads it", front.seq)
		return
	}
	m.must(!takes, "a consumer waits while message %d is ready", front.seq)
	m.must(!over, "there is too much")
	m.must(!m.expired(front), "message %d has expired", front.seq)
	if m.timed {
		m.must(m.wakeAt <= m.deadline(front), "when message %d expires", front.seq)
	}
}

// checkFresh looks at what has just come and was dropped: who waits for a message
// would have had it, however short its life is.
func (m *model) checkFresh(takes bool) {
	for _, f := range m.step.left {
		dropped := f.fresh && (f.reason == MaxLength || f.reason == Expired && !m.law.anywhere)
		m.must(!dropped || !takes, "message %d (%s) was dropped while a consumer waits", f.seq, f.reason)
	}
}

// checkTimer looks at what the time has come for, or will.
func (m *model) checkTimer() {
	for _, f := range m.all {
		if f.where == isWaiting {
			m.must(f.due > m.now, "message %d should be ready", f.seq)
			m.must(m.wakeAt <= f.due, "when message %d becomes ready", f.seq)
		}
		// What was with a client at its time, or transient and out of memory, expires
		// at the front.
		if m.law.anywhere && f.where == isReady && !f.unseen && (f.fresh || f.awake < m.deadline(f)) && (f.keep || !m.swapped) {
			m.must(!m.expired(f), "message %d has expired", f.seq)
		}
	}
}
