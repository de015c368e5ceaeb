package persistence

import (
	"math"
	"slices"
	"sort"
)

// run is the records of one queue in one block, in the order of their sequence
// numbers. An own block is one run, a mixed block one for each of its queues.
type run struct {
	block *block
	first uint64
	base  uint32 // position of the first record in the block
	count uint32
	live  uint32
	// gaps are nil if there are none, and in recovered own blocks until these
	// are read. There may be a million runs, and few have gaps.
	gaps *gaps
}

// gaps tell the sequence numbers of a run that is not contiguous: by their
// distances from the first one.
type gaps struct{ distances []uint32 }

// last is the highest sequence number of the run.
func (r *run) last() uint64 {
	if r.gaps != nil {
		return r.first + uint64(r.gaps.distances[len(r.gaps.distances)-1])
	}
	return r.first + uint64(r.count) - 1
}

// position finds a sequence number in the run: its position in the block.
func (r *run) position(seq uint64) (uint32, bool) {
	if seq < r.first || seq > r.last() {
		return 0, false
	}
	distance := seq - r.first
	if r.gaps == nil {
		return r.base + uint32(distance), true
	}
	i, found := slices.BinarySearch(r.gaps.distances, uint32(distance))
	return r.base + uint32(i), found
}

// unread says that the gaps of a recovered run are not known yet.
func (r *run) unread() bool {
	return r.gaps == nil && !r.block.mixed && r.block.flags&flagContiguous == 0
}

// newRun describes items that were written at base of a block.
func newRun(b *block, base uint32, items []item) run {
	n := len(items)
	r := run{block: b, first: items[0].seq, base: base, count: uint32(n), live: uint32(n)}
	if items[n-1].seq-r.first == uint64(n-1) {
		return r
	}
	distances := make([]uint32, n)
	for i, it := range items {
		distances[i] = uint32(it.seq - r.first)
	}
	r.gaps = &gaps{distances}
	return r
}

// queueIndex is what is stored of one stream of a queue, and of the whole queue if
// that has no priorities: its runs in ascending order, and its live set.
type queueIndex struct {
	id   uint32
	next uint64 // the lowest sequence number that an enqueue may have
	runs []run
	live liveSet
	// stale says that the stored live set is to be written in this commit.
	stale bool
	// recovered says that Recover has begun.
	recovered bool
}

// find returns the position in runs of the run that a sequence number falls
// into, or -1. Consumers mostly take from the head.
func (q *queueIndex) find(seq uint64) int {
	if len(q.runs) == 0 || seq < q.runs[0].first {
		return -1
	}
	if len(q.runs) == 1 || seq < q.runs[1].first {
		return 0
	}
	return sort.Search(len(q.runs), func(i int) bool { return q.runs[i].first > seq }) - 1
}

// add puts a run to its place, which is nearly always the end.
func (q *queueIndex) add(r run) {
	at := len(q.runs)
	if at > 0 && q.runs[at-1].first > r.first {
		at = sort.Search(at, func(i int) bool { return q.runs[i].first > r.first })
	}
	q.runs = slices.Insert(q.runs, at, r)
	q.next = max(q.next, r.last()+1)
}

// remove takes a run without living records out. If it was an own block the
// live set has to say so.
func (q *queueIndex) remove(i int) {
	r := q.runs[i]
	s := span{first: r.first, last: r.last()}
	q.runs = removeAt(q.runs, i)
	if r.block.mixed {
		return
	}
	q.stale = true
	if i > 0 {
		above := uint64(math.MaxUint64)
		if i < len(q.runs) {
			above = q.runs[i].first
		}
		q.live.kill(s, q.runs[i-1].first, above)
		return
	}
	if len(q.runs) > 0 {
		q.live.advance(q.runs[0].first)
		return
	}
	// Not up to next, which counts what this commit still has to place.
	if n := len(q.live.dead); n > 0 {
		s.last = max(s.last, q.live.dead[n-1].last)
	}
	q.live.advance(s.last + 1)
}

// removeAt takes one element out and moves what is shorter, the part before it
// or the part behind it: the lists are long, and what dies is near an end.
func removeAt[T any](list []T, i int) []T {
	if i >= len(list)/2 {
		return slices.Delete(list, i, i+1)
	}
	copy(list[1:i+1], list[:i])
	clear(list[:1])
	return list[1:]
}

// index is what the store knows of all blocks that are alive. Blocks enter it
// before their commit, so that nothing alive on disk is missing here.
type index struct {
	defined definedStreams
	queues  map[uint32]*queueIndex // those of them that have had a message
	mixed   []*block               // ascending numbers
	bodies  map[uint64]*body

	liveMixed  liveSet
	staleMixed bool
}

func newIndex() index {
	return index{queues: map[uint32]*queueIndex{}, bodies: map[uint64]*body{}}
}

// findMixed returns the position of the mixed block with the number, or where
// it would be.
func (x *index) findMixed(number uint64) (int, bool) {
	i := sort.Search(len(x.mixed), func(i int) bool { return x.mixed[i].first >= number })
	return i, i < len(x.mixed) && x.mixed[i].first == number
}

// removeMixed takes a mixed block without living records out.
func (x *index) removeMixed(number uint64) {
	i, found := x.findMixed(number)
	if !found {
		return
	}
	x.mixed = removeAt(x.mixed, i)
	x.staleMixed = true
	above := uint64(math.MaxUint64)
	if i < len(x.mixed) {
		above = x.mixed[i].first
	}
	switch {
	case i > 0:
		x.liveMixed.kill(span{first: number, last: number}, x.mixed[i-1].first, above)
	case len(x.mixed) > 0:
		x.liveMixed.advance(above)
	default:
		x.liveMixed.advance(number + 1)
	}
}

// has says whether the index knows the block that a key was parsed into.
func (x *index) has(b *block) bool {
	if b.mixed {
		_, found := x.findMixed(b.first)
		return found
	}
	q := x.queues[b.queue]
	if q == nil {
		return false
	}
	i := q.find(b.first)
	return i >= 0 && q.runs[i].first == b.first && !q.runs[i].block.mixed
}
