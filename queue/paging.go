package queue

import (
	"cmp"
	"slices"
)

const (
	// shortOctets is how much is loaded at once where memory is short, in
	// octets of bodies.
	shortOctets = 32 << 10
	// pageOctets is how much is swapped out together, in octets.
	pageOctets = 256 << 10
	// maxLoadSpans bounds what one load asks the store for.
	maxLoadSpans = 256
)

// reading is messages on their way back into memory.
type reading struct {
	lane       *ready
	from       place // inLow or inOut
	spans      []Span
	page       *page // nil if only stored messages are wanted
	octets     int
	generation uint64
	// through is the number up to which everything is brought in; the host
	// lowers it if the store stops earlier.
	through uint64
}

// beginLoad says what has to be loaded next, if anything has to be.
func (c *core) beginLoad() (reading, bool) {
	lane, from := c.lanes.front()
	r := reading{lane: lane, from: from, generation: c.generation, octets: shortOctets}
	if from != inLow && from != inOut {
		if r.lane, r.from = c.ahead(), inOut; r.lane == nil {
			return r, false
		}
	}
	if !c.short {
		r.octets = max(r.octets, headOctets-int(r.lane.headSize))
	}
	r.lane.backlogAt(r.from).begin(&r)
	return r, true
}

// backlogAt is the backlog at a place that is out of memory.
func (r *ready) backlogAt(from place) *backlog {
	if from == inLow {
		return r.low
	}
	return r.out
}

// begin fills in what comes first in a backlog that is not empty: spans, or a
// page and the spans that it lies between.
func (b *backlog) begin(r *reading) {
	const none = ^uint64(0)
	limit := none
	if len(b.spans) > maxLoadSpans {
		limit = b.spans[maxLoadSpans].First - 1
	}
	if len(b.pages) > 0 {
		p := b.pages[0]
		if len(b.spans) == 0 || p.First <= b.spans[0].First {
			r.page = p
			limit = min(limit, p.Last)
		} else {
			limit = min(limit, p.First-1)
		}
	}
	for _, s := range b.spans {
		if s.First > limit {
			break
		}
		r.spans = append(r.spans, Span{First: s.First, Last: min(s.Last, limit)})
	}
	if limit == none {
		limit = r.spans[len(r.spans)-1].Last
	}
	r.through = limit
}

// endLoad takes in what was loaded, in the order of the sequence numbers.
func (c *core) endLoad(r *reading, loaded []Entry) {
	if r.generation != c.generation {
		return
	}
	b := r.lane.backlogAt(r.from)
	for i := range loaded {
		e := &loaded[i]
		e.level = r.lane.level
		if b.isFlagged(e.Seq) {
			e.state |= redelivered
		}
		e.Returns = b.takeReturns(e.Seq)
		c.memory += e.charge()
		if r.from == inLow {
			r.lane.giveBack(*e)
		} else {
			r.lane.octets += int64(e.size())
			r.lane.pushHead(*e)
		}
	}
	freed, lost := b.forget(r, loaded)
	c.tally.durable = c.tally.durable.minus(Amount{Messages: lost})
	c.free(freed)
}

// scattered lists the stored messages that evict would take out of memory and
// that were never read back: they may lie in many small pieces on the disk. Those
// of one lane stand side by side, in their order.
func (c *core) scattered(bound uint64, keep int64) (list []Entry) {
	c.lanes.each(func(r *ready) {
		list = append(list, r.scattered(bound, keep)...)
		keep = max(keep-r.headSize, 0)
	})
	for level := range c.law.highest() + 1 {
		if c.waiting.memory > 0 {
			list = append(list, c.waiting.scattered(uint8(level), bound)...)
		}
	}
	return list
}

func (r *ready) scattered(bound uint64, keep int64) (list []Entry) {
	note := func(e Entry) {
		if e.state&(stored|settled) == stored && e.Seq <= bound {
			list = append(list, e)
		}
	}
	for _, e := range r.returned {
		note(e)
	}
	for i := r.kept(keep); i < r.head.len(); i++ {
		note(r.head.at(i))
	}
	for i := range r.tail.len() {
		note(r.tail.at(i))
	}
	slices.SortFunc(list, bySeq)
	return list
}

func bySeq(a, b Entry) int { return cmp.Compare(a.Seq, b.Seq) }

// kept is how many messages at the head have about so many octets.
func (r *ready) kept(octets int64) int {
	n := 0
	for ; n < r.head.len() && octets > 0; n++ {
		e := r.head.at(n)
		octets -= headCost(&e)
	}
	return n
}

// evict takes messages up to a sequence number out of memory and keeps about so
// many octets at the head. Up to that number everything that is stored is
// committed. It returns the pages of what is not stored: the host writes them.
func (c *core) evict(bound uint64, keep int64) (pages []*page) {
	c.lanes.each(func(r *ready) {
		before := r.headSize
		pages = append(pages, c.evictLane(r, bound, keep)...)
		keep = max(keep-before, 0)
	})
	if c.waiting.memory > 0 {
		c.evictWaiting(bound)
	}
	for _, p := range pages {
		c.memory += p.charge // until it is written
		c.unwritten += p.charge
	}
	return pages
}

func (c *core) evictLane(r *ready, bound uint64, keep int64) (pages []*page) {
	returned := c.evictReturned(r, bound, keep)
	pages = append(pages, returned.pages...)
	r.mergeLow(returned)

	head := c.evictHead(r, bound, keep)
	pages = append(pages, head.pages...)
	if !head.empty() && !r.out.empty() {
		c.generation++ // a running load brings what comes behind this
	}
	r.out = c.concat(head, r.out.view())

	tail := c.evictTail(r, bound)
	pages = append(pages, tail.pages...)
	r.out = c.concat(r.out.view(), tail)
	return pages
}

// concat joins two parts of what is out of a lane's memory.
func (c *core) concat(a, b backlog) *backlog {
	joined := concat(a, b, c.law.dense())
	if joined.empty() {
		return nil
	}
	return &joined
}

// written notes that a page has left memory.
func (c *core) written(p *page, number uint64) {
	c.memory -= p.charge
	c.unwritten -= p.charge
	p.number, p.entries = number, nil
}

// free gives pages up, written or not.
func (c *core) free(pages []*page) {
	for _, p := range pages {
		if p.entries != nil {
			c.written(p, 0)
		}
		p.gone = true
	}
	c.effects.freed = append(c.effects.freed, pages...)
}

// leave accounts for a message of a lane that leaves memory.
func (c *core) leave(r *ready, e *Entry) {
	if e.state&tomb != 0 {
		r.tombs--
		return
	}
	c.memory -= e.charge()
	r.octets -= int64(e.size())
}

// evictReturned takes messages that came back. Those that would go into a page
// stay if it could lie between others.
func (c *core) evictReturned(r *ready, bound uint64, keep int64) backlog {
	swapped := uint64(0)
	if pages := r.low.view().pages; len(pages) > 0 {
		swapped = pages[len(pages)-1].Last
	}
	var left packer
	var stay []Entry
	slices.SortFunc(r.returned, bySeq)
	for i := range r.returned {
		e := &r.returned[i]
		if keep > 0 || e.Seq > bound || !e.stored() && e.Seq <= swapped {
			keep -= headCost(e)
			stay = append(stay, *e)
			continue
		}
		left.add(e)
		c.leave(r, e)
	}
	r.returned = stay // sorted, which is a heap
	return left.backlog
}

// evictHead takes messages from the end of the head, where they join what is
// out. What comes behind them and has to stay becomes the tail.
func (c *core) evictHead(r *ready, bound uint64, keep int64) backlog {
	if r.out.empty() {
		r.joinTail()
	}
	n := r.kept(keep)
	if n == r.head.len() || r.head.at(n).Seq > bound ||
		!r.out.empty() && r.head.at(r.head.len()-1).Seq > bound {
		return backlog{}
	}
	left := packer{neighbours: c.law.dense()}
	all := r.head
	r.head, r.headSize = ring[Entry]{}, 0
	for i := range all.len() {
		switch e := all.at(i); {
		case i < n:
			r.pushHead(e)
		case e.Seq <= bound:
			left.add(&e)
			c.leave(r, &e)
		default:
			r.tail.push(e)
		}
	}
	return left.backlog
}

// evictTail takes messages from the front of the tail, if there is one.
func (c *core) evictTail(r *ready, bound uint64) backlog {
	left := packer{neighbours: c.law.dense()}
	for tail := &r.tail; tail.len() > 0 && tail.front().Seq <= bound; {
		e := tail.pop()
		left.add(&e)
		c.leave(r, &e)
	}
	return left.backlog
}

// restoreSpan adds stored messages that are out of memory, behind all others of
// their lane.
func (c *core) restoreSpan(level uint8, r Recovered) {
	c.tally.durable = c.tally.durable.plus(Amount{Messages: r.Count, Octets: r.Octets})
	lane := c.lanes.of(level)
	tail := c.evictTail(lane, r.Last) // nothing in memory may lie between what is out
	lane.out = c.concat(c.concat(lane.out.view(), tail).view(), backlog{
		spans: []Span{r.Span}, flagged: slices.Clone(r.Redelivered), returns: r.Returns,
		count: r.Count, octets: r.Octets,
	})
}
