package queue

import (
	"slices"
)

// pageOut takes messages out of memory, up to any number, and keeps any part of
// the head. Whether memory is short changes now and then, too.
func (m *model) pageOut() {
	m.lock()
	m.short = m.rng.IntN(2) == 0
	bound := m.rng.Uint64N(m.nextSeq + 1)
	if m.rng.IntN(2) == 0 {
		bound = m.nextSeq
	}
	keep := int64(m.rng.IntN(2) * m.rng.IntN(400_000))
	for _, f := range m.ready() {
		f.first = 0
	}
	listed := make(map[uint64]bool)
	for _, e := range m.scattered(bound, keep) {
		f := m.all[e.Seq]
		m.must(!listed[e.Seq], "message %d is gathered once", e.Seq)
		listed[e.Seq] = true
		m.must(f.onDisk && e.Seq <= bound && (f.where == isReady || f.where == isWaiting), "message %d", e.Seq)
	}
	pages := m.evict(bound, keep)
	m.unwritten = append(m.unwritten, pages...)
	m.swapped = m.swapped || len(pages) > 0
	for _, w := range m.waiting.list {
		m.must(w.Message == nil || !w.stored() || w.Seq > bound, "message %d waits in memory", w.Seq)
	}
	m.dispatch()
}

// writePage moves the oldest page to where only its number leads.
func (m *model) writePage() {
	if len(m.unwritten) == 0 {
		return
	}
	p := m.unwritten[0]
	m.unwritten = m.unwritten[1:]
	if p.entries != nil {
		m.pages = append(m.pages, p.entries)
		m.written(p, uint64(len(m.pages)))
	}
}

// beginLoad reads what the core asks for, as far as a store might get. The
// result arrives later.
func (m *model) beginLoad() {
	if m.reading != nil {
		return
	}
	r, any := m.core.beginLoad()
	m.effects.load = false
	if !any {
		return
	}
	m.reading, m.result = &r, nil
	octets := r.octets
	for _, s := range r.spans {
		for _, f := range m.stored(s, r.lane.level) {
			if octets <= 0 {
				break
			}
			e := Entry{Message: f.message, Seq: f.seq, state: stored | settled}
			m.result = append(m.result, e)
			if octets -= e.size() + m.rng.IntN(50_000); octets <= 0 && f.seq < r.spans[len(r.spans)-1].Last {
				r.through = min(r.through, f.seq)
			}
		}
	}
	if r.page != nil {
		for _, e := range m.swappedOut(r.page) {
			if e.Seq <= r.through {
				m.result = append(m.result, e)
			}
		}
		slices.SortFunc(m.result, bySeq)
	}
}

func (m *model) endLoad() {
	if m.reading == nil {
		return
	}
	m.lock()
	m.core.endLoad(m.reading, m.result)
	m.reading = nil
	m.dispatch()
}

// stored lists the messages of a level that a store finds between two numbers.
func (m *model) stored(s Span, level uint8) (list []*fact) {
	for seq := s.First; seq <= s.Last && seq < uint64(len(m.all)); seq++ {
		if f := m.all[seq]; f.onDisk && f.level == level {
			list = append(list, f)
		}
	}
	return list
}

// swappedOut lists what a page still has.
func (m *model) swappedOut(p *page) (list []Entry) {
	entries := p.entries
	if entries == nil {
		entries = m.pages[p.number-1]
	}
	for _, e := range entries {
		if e.Seq >= p.First {
			list = append(list, e)
		}
	}
	return list
}

// contents is where each message is that the core has.
type contents struct {
	m    *model
	of   map[uint64]place // of the ready ones
	with map[uint64]*Consumer
	due  map[uint64]int64
}

// look finds all messages, those out of memory as a store would find them.
func (m *model) look() contents {
	c := contents{m: m, of: make(map[uint64]place), with: make(map[uint64]*Consumer), due: make(map[uint64]int64)}
	l := &m.lanes
	if l.apart == nil {
		c.lookAt(&l.only)
	} else {
		c.lookAt(&l.apart.returns)
		for _, level := range l.apart.used {
			c.lookAt(l.apart.lanes[level])
		}
	}
	for _, consumer := range m.consumers {
		for i := range consumer.assigned.len() {
			c.meet(consumer.assigned.at(i).Seq)
			c.with[consumer.assigned.at(i).Seq] = consumer
		}
	}
	for _, w := range m.waiting.list {
		c.meet(w.Seq)
		c.due[w.Seq] = w.due
	}
	return c
}

// meet notes that a message was found.
func (c *contents) meet(seq uint64) {
	_, ready := c.of[seq]
	_, waits := c.due[seq]
	c.m.must(!ready && !waits && c.with[seq] == nil, "message %d is in the queue once", seq)
}

// lookAt finds the messages of a lane, and adds up what it should know of them.
func (c *contents) lookAt(r *ready) {
	count, octets := 0, int64(0)
	found := func(seq uint64, at place) {
		c.meet(seq)
		c.of[seq] = at
		count++
		octets += int64(c.m.all[seq].message.Size())
	}
	for _, e := range r.returned {
		found(e.Seq, inReturned)
	}
	for _, list := range []*ring[Entry]{&r.head, &r.tail} {
		for i := range list.len() {
			if e := list.at(i); e.state&tomb == 0 {
				found(e.Seq, inHead)
			}
		}
	}
	c.lookOut(r, r.low, func(seq uint64) { found(seq, inLow) })
	c.lookOut(r, r.out, func(seq uint64) { found(seq, inOut) })
	equal(c.m, count, r.len(), "messages of a lane")
	equal(c.m, octets, r.bytes(), "octets of a lane")
}

// lookOut finds what is out of memory.
func (c *contents) lookOut(r *ready, b *backlog, found func(seq uint64)) {
	back := b.view()
	known := make(map[uint64]bool)
	for _, s := range back.spans {
		for _, f := range c.m.stored(s, r.level) {
			known[f.seq] = true
		}
	}
	for _, p := range back.pages {
		for _, e := range c.m.swappedOut(p) {
			known[e.Seq] = true
		}
	}
	for seq := range known {
		found(seq)
		f := c.m.all[seq]
		equal(c.m, f.flagged, back.isFlagged(seq), "redelivered flag of message %d", seq)
		equal(c.m, f.returned, back.returns[seq], "returns of message %d", seq)
	}
	for seq := range back.returns {
		c.m.must(known[seq], "returns of message %d that is not there", seq)
	}
}
