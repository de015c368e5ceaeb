package persistence

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/leveretmq/leveret/queue"
)

// streams are the numbers under which the messages of one queue are kept: one for
// each of its priorities, side by side. To the rest of the store each of them is a
// queue of its own.
type streams struct {
	first uint32
	count uint32 // zero once the queue is gone
}

func streamsOf(q queue.Spec) streams { return streams{first: q.ID, count: uint32(q.Streams())} }

func (s streams) last() uint32 { return s.first + s.count - 1 }

func (s streams) has(id uint32) bool { return id-s.first < s.count }

// definedStreams are the streams of all queues that are defined, ascending and
// disjoint: few octets for each queue, as most streams never have a message.
type definedStreams struct {
	list []streams
	gone int // elements of queues that are gone
}

// at returns the position of the streams that begin with a number, or where they
// would be. New queues have the highest numbers.
func (d *definedStreams) at(first uint32) (int, bool) {
	if n := len(d.list); n == 0 || d.list[n-1].first < first {
		return n, false
	}
	return slices.BinarySearchFunc(d.list, first, func(s streams, n uint32) int { return cmp.Compare(s.first, n) })
}

// has says whether a number belongs to a queue that is defined.
func (d *definedStreams) has(id uint32) bool {
	i, exact := d.at(id)
	if !exact {
		i--
	}
	return i >= 0 && d.list[i].has(id)
}

// add makes streams defined, which they may be already.
func (d *definedStreams) add(s streams) {
	i, exact := d.at(s.first)
	if !exact {
		d.list = slices.Insert(d.list, i, s)
		return
	}
	if d.list[i].count == 0 {
		d.gone--
	}
	d.list[i] = s
}

// remove makes the streams that begin with a number undefined, and returns them.
// The list closes up seldom, as many queues may go one by one.
func (d *definedStreams) remove(first uint32) (s streams, found bool) {
	i, exact := d.at(first)
	if !exact || d.list[i].count == 0 {
		return streams{}, false
	}
	s = d.list[i]
	d.list[i].count = 0
	d.gone++
	if 2*d.gone > len(d.list) {
		d.list = slices.DeleteFunc(d.list, func(s streams) bool { return s.count == 0 })
		d.gone = 0
	}
	return s, true
}

// restored puts what was added in any order into order.
func (d *definedStreams) restored() error {
	slices.SortFunc(d.list, func(a, b streams) int { return cmp.Compare(a.first, b.first) })
	for i := 1; i < len(d.list); i++ {
		if a, b := d.list[i-1], d.list[i]; a.last() >= b.first {
			return fmt.Errorf("persistence: %w definitions: two queues have the number %d", errDamaged, b.first)
		}
	}
	return nil
}

// stream returns what is known of a stream, which is made if this is its first
// message, or nil if no queue has it. Messages of it that the directory may have
// had before lie below floor.
func (x *index) stream(id uint32, floor uint64) *queueIndex {
	q := x.queues[id]
	if q == nil && x.defined.has(id) {
		q = &queueIndex{id: id, next: floor}
		x.queues[id] = q
	}
	return q
}
