package queue

import (
	"fmt"
	"slices"

	"github.com/leveretmq/leveret/message"
)

func (m *model) publish() {
	m.lock()
	n := 1 + m.rng.IntN(20)
	if !m.bounded() || m.rules.Overflow == DropHead {
		m.must(m.offer(n), "the messages are taken")
		return
	}
	m.dispatch()
	m.compare()
	for range n {
		msg := m.anyMessage()
		refused := m.full(msg)
		equal(m, !refused, m.offer(1, msg), "a message is taken")
		if refused && m.rules.Overflow == RejectPublishDLX {
			m.step.refused = msg
		}
		m.compare()
	}
}

// offer publishes that many messages, and says whether the queue has taken them.
func (m *model) offer(n int, messages ...*message.Message) bool {
	var batch []Publication
	for range n - len(messages) {
		messages = append(messages, m.anyMessage())
	}
	for _, msg := range messages {
		batch = append(batch, Publication{Message: msg})
	}
	var unit Unit
	if !m.queue.publishLocked(batch, &unit) {
		return false
	}
	for _, msg := range messages {
		m.admit(msg)
	}
	for _, stored := range unit.Enqueue {
		m.all[stored.Seq].onDisk = true
	}
	return true
}

func (m *model) anyMessage() *message.Message {
	return &message.Message{
		Body:       m.octets[:m.rng.IntN(3)*m.rng.IntN(100_000)],
		Properties: m.anyProperties(),
		Arrived:    m.clock - m.rng.Int64N(2),
		Persistent: m.rng.IntN(4) > 0,
	}
}

// admit notes a new message.
func (m *model) admit(msg *message.Message) {
	f := &fact{
		seq: uint64(len(m.all)), message: msg, keep: msg.Persistent || m.queue.args.Type == Quorum,
		fresh: true, awake: m.now,
	}
	priority, given := msg.Properties.Priority()
	switch highest := m.queue.args.Levels - 1; {
	case highest == 0:
	case given:
		f.level = uint8(min(int(priority), highest))
	case m.queue.args.Type == Quorum:
		f.level = 4
	}
	if delay := Delay(msg); m.law.delays && msg.Arrived+delay > m.now && delay > 0 {
		f.where, f.due = isWaiting, msg.Arrived+delay
	}
	m.all = append(m.all, f)
}

// full says whether a queue that refuses messages has to refuse this one.
func (m *model) full(msg *message.Message) bool {
	count, octets := m.amount()
	return exceeds(count+1, m.rules.MaxLength) || exceeds(octets+int64(msg.Size()), m.rules.MaxBytes)
}

// amount is how much is ready, in messages and octets.
func (m *model) amount() (count, octets int64) {
	for _, f := range m.ready() {
		count++
		octets += int64(f.message.Size())
	}
	return count, octets
}

func exceeds(n, limit int64) bool { return limit != unlimited && n > limit }

func (m *model) addConsumer() {
	if len(m.consumers) >= 6 {
		return
	}
	m.lock()
	c := NewConsumer(m.queue, nil, ConsumerOptions{
		Tag:      fmt.Sprint(m.rng.Uint64()),
		NoAck:    m.rng.IntN(3) == 0,
		Prefetch: m.rng.IntN(5),
		Priority: int64(m.rng.IntN(3)),
	})
	m.consumers = append(m.consumers, c)
	m.core.addConsumer(c)
}

func (m *model) removeConsumer() {
	if len(m.consumers) == 0 {
		return
	}
	m.lock()
	i := m.rng.IntN(len(m.consumers))
	c := m.consumers[i]
	m.consumers = slices.Delete(m.consumers, i, i+1)
	for _, f := range m.all {
		if f.where == isAssigned && f.consumer == c {
			m.comesBack(f)
		}
	}
	m.must(m.core.removeConsumer(c), "the consumer was there")
	m.must(!m.core.removeConsumer(c), "the consumer is gone")
}

// comesBack makes a message ready again. Without delays, those that come back were
// in front of all others anyway.
func (m *model) comesBack(f *fact) {
	f.where, f.first, f.early, f.awake = isReady, 0, m.law.delays, m.now
}

func (m *model) fetch() {
	if len(m.consumers) == 0 {
		return
	}
	m.lock()
	c := m.consumers[m.rng.IntN(len(m.consumers))]
	entries, more := m.core.fetch(c, nil, m.rng.IntN(200_000))
	equal(m, more, c.assigned.len() > 0, "there is more")
	for _, e := range entries {
		f := m.all[e.Seq]
		if f.where == isAssigned {
			m.must(c == f.consumer, "message %d goes to whom it was assigned to", f.seq)
			f.where = isReady
		} else {
			m.taken(f, c)
		}
		m.receive(e, c)
	}
}

// receive gives a message to a client.
func (m *model) receive(e Entry, c *Consumer) {
	f := m.all[e.Seq]
	equal(m, isReady, f.where, "message %d is given out once", e.Seq)
	m.must(f.message == e.Message, "message %d", e.Seq)
	equal(m, f.flagged, e.Redelivered(), "redelivered flag of message %d", e.Seq)
	equal(m, f.returned, e.Returns, "returns of message %d", e.Seq)
	equal(m, f.level, e.level, "level of message %d", e.Seq)
	if c != nil && c.NoAck {
		f.where = isGone
		return
	}
	f.where = isHeld
	if m.rng.IntN(4) > 0 { // otherwise the connection has ended meanwhile
		e = e.Held()
	}
	m.held = append(m.held, Delivery{Entry: e, Consumer: c})
}

func (m *model) get() {
	m.lock()
	due := m.wakeAt <= m.now
	e, at := m.core.get()
	if at == inHead || at == inReturned {
		m.taken(m.all[e.Seq], nil)
		m.receive(e, nil)
	}
	if due {
		m.dispatch() // as the timer does, which is late
	}
}

// someHeld takes a random part of what clients hold.
func (m *model) someHeld() (taken []Delivery) {
	m.held = slices.DeleteFunc(m.held, func(d Delivery) bool {
		if m.rng.IntN(2) == 0 {
			return false
		}
		taken = append(taken, d)
		return true
	})
	m.rng.Shuffle(len(taken), func(i, j int) { taken[i], taken[j] = taken[j], taken[i] })
	return taken
}

func (m *model) ack() {
	m.lock()
	batch := m.someHeld()
	for _, d := range batch {
		m.all[d.Seq].where = isGone
	}
	m.queue.ackLocked(batch)
	m.dispatch()
}

func (m *model) reject() {
	m.lock()
	batch := m.someHeld()
	for _, d := range batch {
		m.drop(m.all[d.Seq], Refused)
	}
	m.queue.rejectLocked(batch)
	m.dispatch()
}

// drop notes that the queue has to let a message go.
func (m *model) drop(f *fact, reason Reason) {
	f.where, f.reason = isGone, reason
	if m.rules.DeadLetter != nil {
		f.where = isDead
	}
}

func (m *model) requeue() {
	m.lock()
	batch := m.someHeld()
	how := []Return{Nacked, Rejected, Abandoned}[m.rng.IntN(3)]
	for _, d := range batch {
		f := m.all[d.Seq]
		m.comesBack(f)
		f.flagged = true
		if m.counts() {
			f.returned++
		}
		switch delay := m.retryDelay(f.returned, how); {
		case m.counts() && exceeds(int64(f.returned), m.rules.DeliveryLimit):
			m.drop(f, DeliveryLimit)
		case delay > 0:
			f.where, f.due = isWaiting, m.now+delay
		case m.law.returnsFirst && !m.law.anywhere && d.Message != nil:
			m.returns++
			f.first = m.returns
		}
	}
	m.queue.requeueLocked(batch, how)
	m.dispatch()
}

// putBack undoes what get has done.
func (m *model) putBack() {
	m.lock()
	var back []Delivery
	m.held = slices.DeleteFunc(m.held, func(d Delivery) bool {
		if d.Message == nil || d.Consumer != nil || m.rng.IntN(2) == 0 {
			return false
		}
		back = append(back, d)
		return true
	})
	for _, d := range back {
		m.comesBack(m.all[d.Seq])
	}
	m.queue.putBackLocked(back)
	m.dispatch()
}

// retryDelay is how long a message has to wait that comes back.
func (m *model) retryDelay(returned uint16, how Return) int64 {
	if how == Nacked && !m.rules.Retry.Returned || how != Nacked && !m.rules.Retry.Failed {
		return 0
	}
	delay := m.rules.Retry.Min * int64(returned)
	if m.rules.Retry.Max > 0 {
		delay = min(delay, m.rules.Retry.Max)
	}
	return delay
}

// purge takes what is ready for the queue, not what is assigned.
func (m *model) purge() {
	n := 0
	for _, f := range m.all {
		if f.where == isReady || f.where == isWaiting {
			f.where = isGone
			n++
		}
	}
	equal(m, n, m.core.purge(), "the number of messages")
	m.must(len(m.effects.dead) == 0, "what is purged goes nowhere")
}

// bury tells the core that some dead messages are where they belong.
func (m *model) bury() {
	m.unburied = slices.DeleteFunc(m.unburied, func(d Dead) bool {
		if m.rng.IntN(2) == 0 {
			return false
		}
		if d.Seq != noPlace {
			m.all[d.Seq].where = isGone
		}
		m.forget(d.Entry)
		return true
	})
}
