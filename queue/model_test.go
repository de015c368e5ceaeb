package queue

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/message"
)

// model is what a queue is, told as simply as possible: each message is ready,
// assigned, held by a client, or gone.
type model struct {
	core      core
	rng       *rand.Rand
	ready     []uint64        // ascending
	flagged   map[uint64]bool // has come back from a client
	levels    map[uint64]uint8
	held      []Delivery // by clients, unacknowledged
	consumers []*Consumer
	gone      map[uint64]bool // messages that left
	disk      map[uint64]Entry
	reading   *reading // under way
	unwritten []*page
	pages     [][]Entry // that are written
	result    []Entry
}

func newModel(t *testing.T, seed uint64, spec Spec) *model {
	t.Helper()
	m := &model{
		rng:     rand.New(rand.NewPCG(seed, 1)),
		flagged: make(map[uint64]bool),
		levels:  make(map[uint64]uint8),
		gone:    make(map[uint64]bool),
		disk:    make(map[uint64]Entry),
	}
	args, err := spec.meaning()
	require.NoError(t, err)
	m.core.obey(args)
	return m
}

// TestQueue_AgainstModel drives the core with random commands and compares it
// with the model after each.
func TestQueue_AgainstModel(t *testing.T) {
	single := amqp.Field{Key: "x-single-active-consumer", Value: true}
	quorum := amqp.Table{{Key: "x-queue-type", Value: "quorum"}, {Key: "x-delivery-limit", Value: int32(-1)}}
	for name, arguments := range map[string]amqp.Table{
		"plain":                 nil,
		"priorities":            {{Key: "x-max-priority", Value: int32(6)}},
		"single active":         {single},
		"quorum":                quorum,
		"quorum, single active": append(slices.Clone(quorum), single),
	} {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(100) {
				m := newModel(t, seed, Spec{Arguments: arguments})
				for step := range 300 {
					name := m.step(t)
					m.check(t, fmt.Sprintf("seed %d, step %d: %s", seed, step, name))
				}
			}
		})
	}
}

func (m *model) step(t *testing.T) string {
	steps := []struct {
		name string
		do   func(*testing.T)
	}{
		{"publish", m.publish},
		{"publish", m.publish},
		{"fetch", m.fetch},
		{"fetch", m.fetch},
		{"fetch", m.fetch},
		{"ack", m.ack},
		{"ack", m.ack},
		{"requeue", m.requeue},
		{"get", m.get},
		{"add consumer", m.addConsumer},
		{"remove consumer", m.removeConsumer},
		{"page out", m.pageOut},
		{"write a page", m.writePage},
		{"begin to load", m.beginLoad},
		{"begin to load", m.beginLoad},
		{"end the load", m.endLoad},
		{"end the load", m.endLoad},
		{"purge", m.purge},
	}
	// A purge makes the rest dull, so it is rare.
	chosen := steps[m.rng.IntN(len(steps)-1+m.rng.IntN(2))]
	chosen.do(t)
	return chosen.name
}

func (m *model) publish(*testing.T) {
	for range 1 + m.rng.IntN(20) {
		body := make([]byte, m.rng.IntN(3)*m.rng.IntN(100_000))
		msg, keep := &message.Message{Body: body}, m.rng.IntN(4) > 0
		if priority := m.rng.IntN(9); priority > 0 {
			msg.Properties = amqp.PropertyList{Priority: uint8(priority)}.Encode()
		}
		e := m.core.publish(msg, keep)
		m.ready = append(m.ready, e.Seq)
		m.levels[e.Seq] = e.level
		if keep {
			m.disk[e.Seq] = e
		}
	}
	m.core.dispatch()
}

// pageOut takes messages out of memory, up to any number, and keeps any part of
// the head. Whether memory is short changes now and then, too.
func (m *model) pageOut(t *testing.T) {
	m.core.short = m.rng.IntN(2) == 0
	bound := m.rng.Uint64N(m.core.nextSeq + 1)
	if m.rng.IntN(2) == 0 {
		bound = m.core.nextSeq
	}
	keep := int64(m.rng.IntN(2) * m.rng.IntN(400_000))
	for _, e := range m.core.scattered(bound, keep) {
		require.True(t, e.stored() && e.Seq <= bound)
	}
	m.unwritten = append(m.unwritten, m.core.evict(bound, keep)...)
	m.core.dispatch()
}

// writePage moves the oldest page to where only its number leads.
func (m *model) writePage(*testing.T) {
	if len(m.unwritten) == 0 {
		return
	}
	p := m.unwritten[0]
	m.unwritten = m.unwritten[1:]
	if p.entries != nil {
		m.pages = append(m.pages, p.entries)
		m.core.written(p, uint64(len(m.pages)))
	}
}

// beginLoad reads what the core asks for, as far as a store might get. The
// result arrives later.
func (m *model) beginLoad(*testing.T) {
	if m.reading != nil {
		return
	}
	r, any := m.core.beginLoad()
	m.core.effects.load = false
	if !any {
		return
	}
	m.reading, m.result = &r, nil
	octets := r.octets
	kept := slices.Sorted(maps.Keys(m.disk))
	for _, s := range r.spans {
		for _, seq := range kept {
			if seq < s.First || seq > s.Last || octets <= 0 || m.levels[seq] != r.lane.level {
				continue
			}
			e := Entry{Message: m.disk[seq].Message, Seq: seq, state: stored | settled}
			m.result = append(m.result, e)
			if octets -= e.size() + m.rng.IntN(50_000); octets <= 0 && seq < r.spans[len(r.spans)-1].Last {
				r.through = min(r.through, seq)
			}
		}
	}
	if r.page != nil {
		entries := r.page.entries
		if entries == nil {
			entries = m.pages[r.page.number-1]
		}
		for _, e := range entries {
			if e.Seq >= r.page.First && e.Seq <= r.through {
				m.result = append(m.result, e)
			}
		}
		slices.SortFunc(m.result, bySeq)
	}
}

func (m *model) endLoad(*testing.T) {
	if m.reading == nil {
		return
	}
	m.core.endLoad(m.reading, m.result)
	m.reading = nil
	m.core.dispatch()
}

func (m *model) addConsumer(*testing.T) {
	if len(m.consumers) >= 6 {
		return
	}
	c := NewConsumer(nil, nil, ConsumerOptions{
		Tag:      fmt.Sprint(m.rng.Uint64()),
		NoAck:    m.rng.IntN(3) == 0,
		Prefetch: m.rng.IntN(5),
		Priority: int64(m.rng.IntN(3)),
	})
	m.consumers = append(m.consumers, c)
	m.core.addConsumer(c)
}

func (m *model) removeConsumer(t *testing.T) {
	if len(m.consumers) == 0 {
		return
	}
	i := m.rng.IntN(len(m.consumers))
	require.True(t, m.core.removeConsumer(m.consumers[i]))
	require.False(t, m.core.removeConsumer(m.consumers[i]))
	m.consumers = slices.Delete(m.consumers, i, i+1)
}

func (m *model) fetch(t *testing.T) {
	if len(m.consumers) == 0 {
		return
	}
	c := m.consumers[m.rng.IntN(len(m.consumers))]
	entries, more := m.core.fetch(c, nil, m.rng.IntN(200_000))
	require.Equal(t, more, c.assigned.len() > 0)
	for _, e := range entries {
		m.leave(t, e)
		if c.NoAck {
			m.drop(e)
		} else {
			m.held = append(m.held, Delivery{Entry: e.Held(), Consumer: c})
		}
	}
}

// leave takes a message that a client was given out of the ready ones.
func (m *model) leave(t *testing.T, e Entry) {
	i := slices.Index(m.ready, e.Seq)
	require.GreaterOrEqual(t, i, 0, "message %d was given out twice", e.Seq)
	m.ready = slices.Delete(m.ready, i, i+1)
	require.Equal(t, m.flagged[e.Seq], e.Redelivered(), "redelivered flag of message %d", e.Seq)
}

func (m *model) get(t *testing.T) {
	e, at := m.core.get()
	if at == inHead || at == inReturned {
		m.leave(t, e)
		m.held = append(m.held, Delivery{Entry: e})
	}
}

// drop notes that a message is gone for good. The store learns it from the
// effects.
func (m *model) drop(e Entry) {
	if !e.stored() {
		m.gone[e.Seq] = true
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
	return taken
}

func (m *model) ack(*testing.T) {
	for _, d := range m.someHeld() {
		m.drop(d.Entry)
		m.core.release(d.Consumer, d.Entry)
		if d.Consumer != nil {
			m.core.readmit(d.Consumer)
		}
	}
	m.core.dispatch()
}

func (m *model) requeue(*testing.T) {
	back := m.someHeld()
	m.rng.Shuffle(len(back), func(i, j int) { back[i], back[j] = back[j], back[i] })
	m.core.requeue(back, Nacked)
	for _, d := range back {
		m.flagged[d.Seq] = true
		m.ready = append(m.ready, d.Seq)
	}
	slices.Sort(m.ready)
	for _, d := range back {
		if d.Consumer != nil {
			m.core.readmit(d.Consumer)
		}
	}
	m.core.dispatch()
}

func (m *model) purge(t *testing.T) {
	// Purging takes what is ready for the queue, not what is assigned.
	assigned := m.assigned()
	require.Equal(t, len(m.ready)-len(assigned), m.core.purge())
	m.ready = slices.DeleteFunc(m.ready, func(seq uint64) bool {
		if slices.Contains(assigned, seq) {
			return false
		}
		if _, kept := m.disk[seq]; !kept {
			m.gone[seq] = true
		}
		return true
	})
}

// assigned lists what waits for consumers to fetch it.
func (m *model) assigned() (seqs []uint64) {
	for _, c := range m.consumers {
		for i := range c.assigned.len() {
			seqs = append(seqs, c.assigned.at(i).Seq)
		}
	}
	return seqs
}

func (m *model) check(t *testing.T, at string) {
	assigned := m.assigned()
	require.Len(t, m.ready, m.core.lanes.len()+len(assigned), "%s: ready messages", at)
	require.Equal(t, len(m.held)+len(assigned), m.core.unacked, "%s: unacknowledged messages", at)
	m.collectGone(t, at)
	require.Equal(t, int(m.core.nextSeq), len(m.gone)+len(m.held)+len(m.ready), "%s: no message is lost or doubled", at)
	m.checkMemory(t, at)
	if m.core.lanes.len() == 0 {
		require.Zero(t, m.core.lanes.bytes(), "%s: octets of an empty queue", at)
		return
	}
	lane, place := m.core.lanes.front()
	if place == inLow || place == inOut {
		for _, c := range m.consumers {
			asked := m.reading != nil || m.core.effects.load
			require.True(t, asked || !m.core.hasRoom(c), "%s: a consumer with room waits for a message that nobody loads", at)
		}
		return
	}
	next := lane.peek(place).Seq
	for _, c := range m.consumers {
		require.False(t, m.core.hasRoom(c), "%s: a consumer with room waits while message %d is ready", at, next)
		if c.Prefetch > 0 {
			require.LessOrEqual(t, c.unacked, c.Prefetch, "%s: prefetch", at)
		}
	}
	if m.core.lanes.apart != nil && lane == &m.core.lanes.apart.returns {
		require.True(t, m.flagged[next], "%s: only what has come back goes before its turn", at)
		return
	}
	free := slices.DeleteFunc(slices.Clone(m.ready), func(seq uint64) bool { return slices.Contains(assigned, seq) })
	slices.SortStableFunc(free, func(a, b uint64) int { return int(m.levels[b]) - int(m.levels[a]) })
	require.Equal(t, free[0], next, "%s: the lowest sequence number of the highest priority goes first", at)
}

// lanes are all lanes of the core, as they are.
func (m *model) lanes() []*ready {
	l := &m.core.lanes
	if l.apart == nil {
		return []*ready{&l.only}
	}
	all := []*ready{&l.apart.returns}
	for _, level := range l.apart.used {
		all = append(all, l.apart.lanes[level])
	}
	return all
}

// collectGone moves what the store is told to forget.
func (m *model) collectGone(t *testing.T, at string) {
	forget := func(seq uint64) {
		require.Contains(t, m.disk, seq, "%s: message %d left twice", at, seq)
		delete(m.disk, seq)
		m.gone[seq] = true
	}
	for _, id := range m.core.effects.gone {
		forget(id.seq)
	}
	for _, s := range m.core.effects.purged {
		for _, seq := range slices.Sorted(maps.Keys(m.disk)) {
			if seq >= s.First && seq <= s.Last && m.levels[seq] == s.level {
				forget(seq)
			}
		}
	}
	m.core.effects.gone, m.core.effects.purged = nil, nil
}

// checkMemory adds up what should be in memory.
func (m *model) checkMemory(t *testing.T, at string) {
	var memory, unwritten int64
	count := func(e *Entry) { memory += e.charge() }
	for _, r := range m.lanes() {
		unwritten += checkLane(t, at, r, count)
	}
	for _, c := range m.consumers {
		for i := range c.assigned.len() {
			e := c.assigned.at(i)
			count(&e)
		}
	}
	for i := range m.held {
		count(&m.held[i].Entry)
	}
	require.Equal(t, unwritten, m.core.unwritten, "%s: memory of pages that are not written", at)
	memory += unwritten
	require.Equal(t, memory, m.core.memory, "%s: memory", at)
}

// checkLane does so for a lane, and returns the memory of its pages that are not
// written.
func checkLane(t *testing.T, at string, r *ready, count func(*Entry)) (unwritten int64) {
	t.Helper()
	var octets, head int64
	r.eachInMemory(func(e *Entry) {
		count(e)
		octets += int64(e.size())
	})
	for i := range r.head.len() {
		e := r.head.at(i)
		head += headCost(&e)
	}
	require.Equal(t, octets, r.octets, "%s: octets in memory", at)
	require.Equal(t, head, r.headSize, "%s: octets at the head", at)
	for _, p := range slices.Concat(r.low.view().pages, r.out.view().pages) {
		if p.entries != nil {
			unwritten += p.charge
		}
	}
	return unwritten
}
