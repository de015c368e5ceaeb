package persistence

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/leveretmq/leveret/queue"
)

// batch is one commit in the making. It applies submissions to the index, in
// order, collects what changes on disk, and is used again for the next commit.
// Nothing is ever rolled back: a commit that fails is the end of the store.
type batch struct {
	shares  []*share
	byQueue map[uint32]*share
	last    *share   // consecutive operations tend to be of one queue
	spare   []*share // for the next batches

	touched []*block      // blocks with records that died
	stale   []*queueIndex // queues whose live set changed
	orphans []*body       // bodies that nobody refers to any more

	sharing sharing
	encoder encoder
	seen    seenMessages
	groups  []group
}

// share is what a commit adds to one queue. Items whose message was
// acknowledged before the commit are left with a nil message: neither message
// nor acknowledgement is written.
type share struct {
	queue  *queueIndex
	items  []item
	live   int
	octets int // encoded, about; known when the batch is complete
}

func newBatch() batch {
	return batch{byQueue: map[uint32]*share{}, sharing: newSharing(), seen: seenMessages{}}
}

func (b *batch) reset() {
	for _, sh := range b.shares {
		clear(sh.items)
		if cap(sh.items) > keptOperations {
			sh.items = nil
		}
		*sh = share{items: sh.items[:0]}
	}
	b.spare = append(b.spare, b.shares...)
	b.shares = b.shares[:0]
	clear(b.byQueue)
	b.last = nil
	clear(b.touched)
	clear(b.stale)
	clear(b.orphans)
	b.touched, b.stale, b.orphans = b.touched[:0], b.stale[:0], b.orphans[:0]
	b.sharing.end()
	b.encoder.reset()
	if cap(b.encoder.buf) > scratchOctets {
		b.encoder.buf = nil
	}
	b.encoder.buf = b.encoder.buf[:0]
}

// share returns the share of a stream, or nil if nothing was ever stored in it.
func (b *batch) share(x *index, id uint32) *share {
	if b.last != nil && b.last.queue.id == id {
		return b.last
	}
	sh := b.byQueue[id]
	if sh == nil {
		q := x.queues[id]
		if q == nil {
			return nil
		}
		if n := len(b.spare); n > 0 {
			sh, b.spare = b.spare[n-1], b.spare[:n-1]
		} else {
			sh = &share{}
		}
		sh.queue = q
		b.byQueue[id] = sh
		b.shares = append(b.shares, sh)
	}
	b.last = sh
	return sh
}

// enqueue adds a message to the share of its queue.
func (s *Store) enqueue(e *queue.Enqueue) error {
	sh := s.batch.share(&s.index, e.Queue)
	if sh == nil {
		if s.index.stream(e.Queue, s.floor) == nil {
			return nil // the queue has been deleted
		}
		sh = s.batch.share(&s.index, e.Queue)
	}
	if e.Seq < sh.queue.next {
		return fmt.Errorf("persistence: queue %d enqueues message %d, but was at %d already",
			e.Queue, e.Seq, sh.queue.next)
	}
	sh.queue.next = e.Seq + 1
	sh.items = append(sh.items, item{seq: e.Seq, message: e.Message})
	sh.live++
	s.reserved.saw(e.Seq)
	return nil
}

// acknowledge buries one message: in this batch, or in its block.
func (s *Store) acknowledge(a queue.Ack) {
	sh := s.batch.share(&s.index, a.Queue)
	if sh == nil || sh.elide(a.Seq) {
		return
	}
	q := sh.queue
	i := q.find(a.Seq)
	if i < 0 {
		return
	}
	if q.runs[i].unread() {
		s.log.Error("a message was acknowledged before its queue was recovered",
			"queue", a.Queue, "sequence", a.Seq)
		return
	}
	if position, found := q.runs[i].position(a.Seq); found {
		s.bury(q, i, position)
	}
}

// elide takes a message out of the share, if it is there.
func (sh *share) elide(seq uint64) bool {
	if len(sh.items) == 0 || seq < sh.items[0].seq {
		return false
	}
	i, found := slices.BinarySearchFunc(sh.items, seq, itemBySeq)
	if found && sh.items[i].message != nil {
		sh.items[i].message = nil
		sh.live--
	}
	return found
}

func itemBySeq(it item, seq uint64) int { return cmp.Compare(it.seq, seq) }

// bury marks one record of run i as dead, with all that follows from it.
func (s *Store) bury(q *queueIndex, i int, position uint32) {
	r := &q.runs[i]
	if !r.block.bury(position) {
		return
	}
	s.touch(r.block)
	s.release(r.block.bodyAt(position))
	r.live--
	if r.live == 0 {
		s.removeRun(q, i)
	}
}

func (s *Store) touch(b *block) {
	if !b.touched {
		b.touched = true
		s.batch.touched = append(s.batch.touched, b)
	}
}

// release takes one reference from a body, which may be nil.
func (s *Store) release(b *body) {
	if b == nil {
		return
	}
	b.refs--
	if b.refs == 0 {
		s.batch.orphans = append(s.batch.orphans, b)
	}
}

func (s *Store) removeRun(q *queueIndex, i int) {
	before := q.stale
	q.remove(i)
	if q.stale && !before {
		s.batch.stale = append(s.batch.stale, q)
	}
}

// drop buries everything that a queue has, in this batch and before, and forgets
// it. Its live sets go, too: a queue without definition has nothing that lives.
func (s *Store) drop(queueID uint32) {
	d, found := s.index.defined.remove(queueID)
	if !found {
		return
	}
	for id := d.first; d.has(id); id++ {
		delete(s.held, id)
		delete(s.stopped, id)
		if s.index.queues[id] == nil {
			continue
		}
		s.purge(queue.Range{Queue: id, Span: allNumbers()})
		s.writes.delete(appendLiveKey(make([]byte, 0, liveKeyLen), id))
		delete(s.index.queues, id)
		delete(s.batch.byQueue, id)
	}
	s.batch.last = nil
}

// killRun buries a whole run.
func (s *Store) killRun(q *queueIndex, i int) {
	r := q.runs[i]
	b := r.block
	s.touch(b)
	s.releaseRun(&r)
	s.removeRun(q, i)
}

// lostRun is a run whose block cannot be read.
type lostRun struct {
	queue uint32
	first uint64
	block *block
}

// lose buries it.
func (s *Store) lose(r *lostRun) {
	q := s.index.queues[r.queue]
	if q == nil {
		return
	}
	if i := q.find(r.first); i >= 0 && q.runs[i].block == r.block {
		s.killRun(q, i)
	}
}

// define applies a change of definitions.
func (s *Store) define(c *change) {
	for _, d := range c.delete {
		s.parts.delete(&s.writes, d)
	}
	for _, id := range c.drop {
		s.drop(id)
	}
	for _, d := range c.put {
		s.parts.put(&s.writes, d)
	}
	for _, d := range c.declare {
		s.index.defined.add(d)
		if last := d.last(); last > s.lastQueue.Load() {
			s.lastQueue.Store(last)
			s.writes.put(lastQueueWrite(last))
		}
	}
}
