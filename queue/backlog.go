package queue

import (
	"cmp"
	"maps"
	"slices"
	"sort"
)

// backlog is messages of a queue that are out of memory, in the order of their
// sequence numbers. Of stored ones it knows the spans in which they lie, of
// others the pages that they were swapped into, so that a long backlog costs no
// memory.
type backlog struct {
	spans   []Span            // of stored messages; all of the store's messages in them belong here
	pages   []*page           // ascending, disjoint
	flagged []Span            // of redelivered messages
	returns map[uint64]uint16 // of messages that have any
	count   int
	octets  int64 // of bodies
}

// page is messages that are swapped out together. Until they are written, and
// if they cannot be, it holds them.
type page struct {
	Span
	number  uint64  // the store's
	entries []Entry // nil once they are written or given up
	size    Amount  // of the messages that are left
	charge  int64   // what the entries cost in memory, in octets
	gone    bool    // nobody needs the page any more
}

func (b *backlog) empty() bool { return b == nil || len(b.spans)+len(b.pages) == 0 }

// view is the backlog, or an empty one if there is none.
func (b *backlog) view() backlog {
	if b == nil {
		return backlog{}
	}
	return *b
}

func (b *backlog) len() int {
	if b == nil {
		return 0
	}
	return b.count
}

// bytes is the octets of all bodies.
func (b *backlog) bytes() int64 {
	if b == nil {
		return 0
	}
	return b.octets
}

// first is the lowest sequence number; the backlog must not be empty.
func (b *backlog) first() uint64 {
	switch {
	case len(b.pages) == 0:
		return b.spans[0].First
	case len(b.spans) == 0:
		return b.pages[0].First
	}
	return min(b.spans[0].First, b.pages[0].First)
}

// packer makes a backlog of messages that leave memory in the order of their
// numbers.
type packer struct {
	backlog
	// neighbours says that no other message of the queue lies between those
	// that are added. Otherwise spans only grow by the very next number.
	neighbours bool
	flagging   bool // the last one was redelivered
	room       int  // octets that the last page takes
}

// add takes the next message.
func (p *packer) add(e *Entry) {
	if e.state&tomb != 0 {
		return
	}
	p.count++
	p.octets += int64(e.size())
	if e.Redelivered() {
		p.flagged = extend(p.flagged, e.Seq, p.neighbours && p.flagging)
	}
	p.flagging = e.Redelivered()
	p.countReturns(e)
	if e.stored() {
		p.spans = extend(p.spans, e.Seq, p.neighbours)
		return
	}
	if p.room <= 0 {
		p.pages = append(p.pages, &page{Span: Span{First: e.Seq}})
		p.room = pageOctets
	}
	last := p.pages[len(p.pages)-1]
	last.Last = e.Seq
	e.Message.Keep() // it may be written and delivered at the same time
	last.entries = append(last.entries, *e)
	last.charge += e.charge()
	last.size.add(e.size())
	p.room -= e.size() + entryOverhead
}

// countReturns keeps what the entry knows of its returns.
func (b *backlog) countReturns(e *Entry) {
	if e.Returns == 0 {
		return
	}
	if b.returns == nil {
		b.returns = make(map[uint64]uint16)
	}
	b.returns[e.Seq] = e.Returns
}

// takeReturns gives what countReturns has kept.
func (b *backlog) takeReturns(seq uint64) uint16 {
	n := b.returns[seq]
	if n > 0 {
		delete(b.returns, seq)
	}
	return n
}

// mergeReturns unites what two backlogs have kept.
func mergeReturns(a, b map[uint64]uint16) map[uint64]uint16 {
	if len(a) == 0 {
		return b
	}
	maps.Copy(a, b)
	return a
}

// joins makes a number part of the last span, whatever lies between.
const joins = true

// extend adds a number at the end of spans: to the last one if it joins it.
func extend(spans []Span, seq uint64, joins bool) []Span {
	if n := len(spans); n > 0 && (joins || spans[n-1].Last+1 == seq) {
		spans[n-1].Last = seq
		return spans
	}
	return append(spans, Span{First: seq, Last: seq})
}

// concat joins two backlogs of which the second comes behind the first. If they
// are neighbours, nothing lies between them.
func concat(a, b backlog, neighbours bool) backlog {
	if n := len(a.spans); n > 0 && len(b.spans) > 0 && neighbours {
		a.spans[n-1].Last = b.spans[0].Last
		b.spans = b.spans[1:]
	}
	return backlog{
		spans: append(a.spans, b.spans...), pages: append(a.pages, b.pages...),
		flagged: append(a.flagged, b.flagged...),
		returns: mergeReturns(a.returns, b.returns),
		count:   a.count + b.count, octets: a.octets + b.octets,
	}
}

// merge adds a backlog whose numbers lie anywhere between those of this one.
func (b *backlog) merge(other backlog) {
	b.spans = mergeSpans(b.spans, other.spans)
	b.flagged = mergeSpans(b.flagged, other.flagged)
	b.returns = mergeReturns(b.returns, other.returns)
	if len(other.pages) > 0 {
		b.pages = append(b.pages, other.pages...)
		slices.SortFunc(b.pages, func(p, q *page) int { return cmp.Compare(p.First, q.First) })
	}
	b.count += other.count
	b.octets += other.octets
}

// mergeSpans unites disjoint spans; those that touch become one.
func mergeSpans(a, b []Span) []Span {
	if len(b) == 0 {
		return a
	}
	if n := len(a); n == 0 || a[n-1].Last < b[0].First {
		if n > 0 && a[n-1].Last+1 == b[0].First {
			a[n-1].Last, b = b[0].Last, b[1:]
		}
		return append(a, b...)
	}
	if len(b) == 1 {
		return insertSpan(a, b[0])
	}
	all := append(slices.Clone(a), b...)
	slices.SortFunc(all, func(s, t Span) int { return cmp.Compare(s.First, t.First) })
	united := all[:1]
	for _, s := range all[1:] {
		if last := &united[len(united)-1]; last.Last+1 == s.First {
			last.Last = s.Last
		} else {
			united = append(united, s)
		}
	}
	return united
}

// insertSpan puts one span to its place, and joins it to its neighbours.
func insertSpan(spans []Span, s Span) []Span {
	i := sort.Search(len(spans), func(i int) bool { return spans[i].First > s.First })
	before := i > 0 && spans[i-1].Last+1 == s.First
	after := i < len(spans) && s.Last+1 == spans[i].First
	switch {
	case before && after:
		spans[i-1].Last = spans[i].Last
		return slices.Delete(spans, i, i+1)
	case before:
		spans[i-1].Last = s.Last
	case after:
		spans[i].First = s.First
	default:
		return slices.Insert(spans, i, s)
	}
	return spans
}

// isFlagged says whether a message is redelivered.
func (b *backlog) isFlagged(seq uint64) bool {
	i := sort.Search(len(b.flagged), func(i int) bool { return b.flagged[i].Last >= seq })
	return i < len(b.flagged) && b.flagged[i].First <= seq
}

// forget removes what a reading has brought in, and returns the page that nobody
// needs any more, and how many messages turn out to be lost.
func (b *backlog) forget(r *reading, loaded []Entry) (freed []*page, lost int) {
	for i := range loaded {
		b.octets -= int64(loaded[i].size())
		if !loaded[i].stored() {
			r.page.size.remove(loaded[i].size())
		}
	}
	b.count -= len(loaded)
	taken := []Span{{Last: r.through}}
	flagged := taken
	if r.from == inLow {
		// Others may have come between these meanwhile.
		taken, flagged = r.spans, nil
		for i := range loaded {
			flagged = extend(flagged, loaded[i].Seq, !joins)
		}
	}
	b.spans = subtract(b.spans, taken, r.through)
	b.flagged = subtract(b.flagged, flagged, r.through)
	if r.page != nil {
		freed = b.cutPage(r.page, r.through)
	}
	if b.empty() {
		// What is left over was lost; the octets were partly estimated.
		lost = b.count
		*b = backlog{}
	}
	b.count, b.octets = max(b.count, 0), max(b.octets, 0)
	return freed, lost
}

// cutPage takes a page out, or what lies in it up to a number.
func (b *backlog) cutPage(p *page, through uint64) (freed []*page) {
	i := slices.Index(b.pages, p)
	if i < 0 {
		return nil
	}
	if p.Last > through {
		p.First = through + 1
		return nil
	}
	b.pages = slices.Delete(b.pages, i, i+1)
	return []*page{p}
}

// subtract takes the parts of the taken spans that lie not above through out of
// others. What is taken lies at the front, so that only the front is looked at.
func subtract(spans, taken []Span, through uint64) []Span {
	var kept []Span
	seen := 0
	for ; seen < len(spans) && spans[seen].First <= through; seen++ {
		s := spans[seen]
		for _, t := range taken {
			if t.First > s.Last || t.Last < s.First {
				continue
			}
			if t.First > through {
				break
			}
			if t.First > s.First {
				kept = append(kept, Span{First: s.First, Last: t.First - 1})
			}
			s.First = min(t.Last, through) + 1
			if s.First > s.Last {
				break
			}
		}
		if s.First <= s.Last {
			kept = append(kept, s)
		}
	}
	rest := spans[seen:]
	switch {
	case len(kept) > seen:
		return append(kept, rest...)
	case len(kept)+len(rest) == 0:
		return nil
	}
	copy(spans[seen-len(kept):seen], kept)
	return spans[seen-len(kept):]
}
