package persistence

import (
	"cmp"
	"slices"

	"github.com/leveretmq/leveret/queue"
)

const (
	// gatherBelow is the size of a stored block from which it is large enough
	// to be read for itself, in octets.
	gatherBelow = 32 << 10
	// gatherOctets is what has to come together for messages to be written
	// again, in encoded octets: less would leave more blocks than there were.
	gatherOctets = 16 << 10
)

// gather moves messages of one queue that lie in mixed or small blocks into
// larger blocks of its own. Only what a run has left as a whole is moved, so
// that runs stay disjoint. The list may be in any order.
func (s *Store) gather(list []queue.Enqueue) {
	byPlace := func(a, b queue.Enqueue) int { return cmp.Or(cmp.Compare(a.Queue, b.Queue), cmp.Compare(a.Seq, b.Seq)) }
	if !slices.IsSortedFunc(list, byPlace) {
		slices.SortFunc(list, byPlace)
	}
	for len(list) > 0 {
		n := 1
		for n < len(list) && list[n].Queue == list[0].Queue {
			n++
		}
		if q := s.index.queues[list[0].Queue]; q != nil {
			s.gatherQueue(q, list[:n])
		}
		list = list[n:]
	}
}

// segment is runs of a queue that follow each other and are worth moving.
type segment struct {
	first, last int // positions in the runs of the queue
	octets      int
	items       []item
}

func (s *Store) gatherQueue(q *queueIndex, list []queue.Enqueue) {
	var segments []segment
	var open segment
	closeSegment := func() {
		if open.octets >= gatherOctets && (open.last > open.first || q.runs[open.first].block.mixed) {
			segments = append(segments, open)
		}
		open = segment{}
	}
	for len(list) > 0 {
		i := q.find(list[0].Seq)
		if i < 0 || list[0].Seq > q.runs[i].last() && !q.runs[i].unread() {
			list = list[1:] // acknowledged
			continue
		}
		items, rest := q.itemsOf(i, list)
		list = rest
		if items == nil {
			closeSegment()
			continue
		}
		if len(open.items) > 0 && i != open.last+1 {
			closeSegment()
		}
		if len(open.items) == 0 {
			open.first = i
		}
		open.last, open.items = i, append(open.items, items...)
		for k := range items {
			open.octets += items[k].size()
		}
	}
	closeSegment()
	// From the end, so that positions stay valid.
	for k := len(segments) - 1; k >= 0; k-- {
		s.move(q, &segments[k])
	}
}

// itemsOf splits off what falls into run i, at least one message, and returns it
// if it is all that lives in the run and the run is worth moving.
func (q *queueIndex) itemsOf(i int, list []queue.Enqueue) (items []item, rest []queue.Enqueue) {
	if q.runs[i].unread() || !q.runs[i].block.scatters() {
		return nil, skipRun(q, i, list)
	}
	r := &q.runs[i]
	n := 0
	for ; n < len(list) && list[n].Seq <= r.last(); n++ {
		position, found := r.position(list[n].Seq)
		if !found || r.block.dead.has(position) {
			continue
		}
		items = append(items, item{seq: list[n].Seq, message: list[n].Message, body: r.block.bodyAt(position)})
	}
	if len(items) != int(r.live) {
		return nil, list[n:]
	}
	return items, list[n:]
}

// skipRun passes over what comes before the run after i.
func skipRun(q *queueIndex, i int, list []queue.Enqueue) []queue.Enqueue {
	n := 1
	for n < len(list) && (i+1 >= len(q.runs) || list[n].Seq < q.runs[i+1].first) {
		n++
	}
	return list[n:]
}

// scatters says whether a block is small, or shared with other queues.
func (b *block) scatters() bool { return b.mixed || b.size < gatherBelow }

// move writes the messages of a segment into blocks of their own and buries them
// where they were. The index is never without them, or what dies beside them
// would take them for dead, too. The live set is not told of the old blocks, as
// it would cover the new one: a marker in the place of the old one has to do.
func (s *Store) move(q *queueIndex, seg *segment) {
	for i := range seg.items {
		if b := seg.items[i].body; b != nil {
			b.refs++ // before the old reference goes
		}
	}
	for i := seg.last; i >= seg.first; i-- {
		r := &q.runs[i]
		s.touch(r.block)
		s.releaseRun(r)
		if !r.block.mixed {
			r.block.moved = true
		}
	}
	q.runs = slices.Delete(q.runs, seg.first, seg.last+1)
	s.placeOwn(q, seg.items, s.reserved.take)
}

// releaseRun marks all records of a run as dead and gives up their bodies.
func (s *Store) releaseRun(r *run) {
	b := r.block
	if !b.mixed {
		for _, ref := range b.refs {
			if !b.dead.has(ref.position) {
				s.release(ref.body)
			}
		}
		b.live = 0
		return
	}
	for position := r.base; position < r.base+r.count; position++ {
		if b.bury(position) {
			s.release(b.bodyAt(position))
		}
	}
}

// purge buries all messages in a range, in this batch and before.
func (s *Store) purge(r queue.Range) {
	sh := s.batch.share(&s.index, r.Queue)
	if sh == nil {
		return
	}
	for i := range sh.items {
		if it := &sh.items[i]; it.message != nil && it.seq >= r.First && it.seq <= r.Last {
			it.message = nil
			sh.live--
		}
	}
	q := sh.queue
	for i := max(q.find(r.First), 0); i < len(q.runs) && q.runs[i].first <= r.Last; {
		if s.purgeRun(q, i, r.Span) {
			continue // the next one has its place
		}
		i++
	}
}

// purgeRun buries what lies in a span, and says whether nothing of the run is
// left.
func (s *Store) purgeRun(q *queueIndex, i int, within queue.Span) (gone bool) {
	r := &q.runs[i]
	if r.first >= within.First && (r.unread() || r.last() <= within.Last) {
		s.killRun(q, i)
		return true
	}
	if r.unread() {
		return false
	}
	runs := len(q.runs)
	for k := range r.count {
		if seq := r.seq(k); seq >= within.First && seq <= within.Last {
			s.bury(q, i, r.base+k)
			if len(q.runs) < runs {
				return true
			}
		}
	}
	return false
}

// seq is the number of the k-th record of a run.
func (r *run) seq(k uint32) uint64 {
	if r.gaps == nil {
		return r.first + uint64(k)
	}
	return r.first + uint64(r.gaps.distances[k])
}
