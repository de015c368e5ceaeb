package queue

// compare finds out what the queue has done, and whether it was right.
func (m *model) compare() {
	equal(m, len(m.all), int(m.nextSeq), "messages that the queue has taken")
	m.collectDead()
	found := m.look()
	for _, f := range m.all {
		m.follow(f, found)
	}
	m.collectGone()
	m.checkNumbers()
	m.checkTally()
	m.checkMemory()
	m.checkOrder()
	m.checkLimits()
	m.checkSingle()
	if m.step.settle {
		m.checkSettled()
	}
	m.step = step{}
	for _, f := range m.all {
		f.fresh = false
	}
}

// collectDead takes the dead messages over, as the undertaker does.
func (m *model) collectDead() {
	for _, d := range m.effects.dead {
		m.must(m.rules.DeadLetter == d.Letter, "where dead messages go")
		m.unburied = append(m.unburied, d)
		if d.Seq == noPlace {
			m.must(m.step.refused == d.Message, "a refused message")
			equal(m, MaxLength, d.Reason, "why a message is refused")
			m.step.refused = nil
			continue
		}
		f := m.all[d.Seq]
		m.must(d.Message == f.message || d.Message == nil && f.onDisk, "message %d can be read", f.seq)
		equal(m, f.returned, d.Returns, "returns of message %d", f.seq)
		if f.where == isReady {
			m.must(d.Reason == Expired || d.Reason == MaxLength, "message %d was dropped: %s", f.seq, d.Reason)
			m.dropped(f, d.Reason)
		}
		equal(m, isDead, f.where, "message %d is dead", f.seq)
		equal(m, f.reason, d.Reason, "why message %d was dropped", f.seq)
	}
	m.effects.dead = nil
	if m.rules.DeadLetter == nil {
		m.step.refused = nil
	}
	m.must(m.step.refused == nil, "what was refused is dead")
	dead := make(map[uint64]bool)
	for _, d := range m.unburied {
		m.must(!dead[d.Seq] || d.Seq == noPlace, "message %d dies once", d.Seq)
		dead[d.Seq] = true
	}
	for _, f := range m.all {
		equal(m, dead[f.seq], f.where == isDead, "message %d is dead", f.seq)
	}
}

// follow compares where one message is, and takes over what was up to the queue.
func (m *model) follow(f *fact, found contents) {
	_, ready := found.of[f.seq]
	due, waits := found.due[f.seq]
	with := found.with[f.seq]
	switch {
	case f.where != isReady:
	case with != nil:
		m.taken(f, with)
		f.where = isAssigned
	case !ready:
		m.must(m.rules.DeadLetter == nil, "message %d was lost", f.seq)
		reason := MaxLength
		if m.expired(f) {
			reason = Expired
		}
		m.dropped(f, reason)
	}
	equal(m, f.where == isReady, ready, "message %d is ready", f.seq)
	equal(m, f.where == isWaiting, waits, "message %d waits", f.seq)
	equal(m, f.where == isAssigned, with != nil, "message %d is assigned", f.seq)
	if waits {
		equal(m, f.due, due, "when message %d becomes ready", f.seq)
	}
	if with != nil {
		m.must(f.consumer == with, "the consumer of message %d", f.seq)
	}
}

// taken notes that the queue has given a ready message out.
func (m *model) taken(f *fact, c *Consumer) {
	equal(m, isReady, f.where, "message %d is given out once", f.seq)
	m.must(!m.paused, "a queue that is paused gives nothing out")
	m.must(!m.expired(f) || f.fresh, "message %d has expired", f.seq)
	f.consumer = c
	m.step.left = append(m.step.left, f)
}

// dropped notes that the queue has dropped a ready message.
func (m *model) dropped(f *fact, reason Reason) {
	if reason == Expired {
		m.must(m.expired(f), "message %d has not expired", f.seq)
	} else {
		m.must(m.bounded() && m.rules.Overflow == DropHead, "message %d was dropped", f.seq)
	}
	m.drop(f, reason)
	m.step.left = append(m.step.left, f)
}

// collectGone does what the store is told.
func (m *model) collectGone() {
	forget := func(f *fact) {
		m.must(f.onDisk, "message %d leaves once", f.seq)
		f.onDisk = false
	}
	for _, id := range m.effects.gone {
		equal(m, m.all[id.seq].level, id.level, "level of message %d", id.seq)
		forget(m.all[id.seq])
	}
	for _, s := range m.effects.purged {
		for _, f := range m.stored(s.Span, s.level) {
			forget(f)
		}
	}
	m.effects.gone, m.effects.purged = nil, nil
	for _, f := range m.all {
		equal(m, f.keep && f.where != isGone, f.onDisk, "message %d is stored", f.seq)
	}
}
