package persistence

import (
	"errors"
	"fmt"
	"math"
	"unsafe"
	"weak"

	"github.com/leveretmq/leveret/message"
	"github.com/leveretmq/leveret/queue"
)

// Load reads stored messages back: those of the queue whose numbers lie in the
// spans, ascending, until about so many octets of bodies are reached: whole
// blocks, unless less than one is asked for. What it returns is complete up to through. The messages alias the memory of their
// blocks, and several may share the octets of a body. A block or body that
// cannot be read is logged by name, kept in quarantine and left out. What has
// not been committed yet must not be asked for.
func (s *Store) Load(id uint32, spans []queue.Span, octets int) (loaded []queue.Loaded, through uint64) {
	l := loading{store: s, queue: id, spans: spans, room: octets, sparing: octets < blockOctets}
	from, end := spans[0].First, spans[len(spans)-1].Last
	for {
		p, found := s.nextPiece(&l, from)
		if !found {
			return l.loaded, end
		}
		through, err := l.read(p)
		if err != nil {
			_ = s.fail(err) // tells everybody; what was read so far is good
			return l.loaded, end
		}
		if through >= end || l.room <= 0 {
			return l.loaded, min(through, end)
		}
		from = through + 1
	}
}

// piece is a run as a load sees it.
type piece struct {
	block *block
	base  uint32
	count uint32
	first uint64
	last  uint64 // the next run begins behind it
	dead  bitmap
}

// nextPiece finds the first run from a number on in which something wanted may
// lie. It passes over all others: they would be read for nothing, and what is
// being gathered is not on the disk before its commit.
func (s *Store) nextPiece(l *loading, from uint64) (p piece, found bool) {
	s.indexMu.Lock()
	defer s.indexMu.Unlock()
	q := s.index.queues[l.queue]
	if q == nil {
		return piece{}, false
	}
	for l.pass(from) {
		from = max(from, l.spans[0].First)
		i := max(q.find(from), 0)
		if i < len(q.runs) && !q.runs[i].unread() && q.runs[i].last() < from {
			i++
		}
		if i >= len(q.runs) {
			break
		}
		if q.runs[i].first <= l.spans[0].Last {
			return q.piece(i), true
		}
		from = q.runs[i].first
	}
	return piece{}, false
}

func (q *queueIndex) piece(i int) piece {
	r := &q.runs[i]
	p := piece{block: r.block, base: r.base, count: r.count, first: r.first, last: math.MaxUint64, dead: r.block.dead.clone()}
	if i+1 < len(q.runs) {
		p.last = q.runs[i+1].first - 1
	}
	return p
}

// loading is one Load under way.
type loading struct {
	store *Store
	queue uint32
	spans []queue.Span // those that may still match
	room  int          // octets
	// sparing says to read a block twice rather than to exceed room.
	sparing bool
	loaded  []queue.Loaded
}

// read takes what is wanted out of a piece, and returns the number up to which
// it is complete.
func (l *loading) read(p piece) (through uint64, err error) {
	s := l.store
	all, _, raw, err := s.tryBlock(p.block)
	if err != nil {
		return p.last, s.unreadable(l.queue, p, raw, err)
	}
	through = p.last
	if !p.block.mixed {
		s.learnGaps(l.queue, p.block, all)
	}
	taken := make([]record, 0, p.count)
	for i := p.base; i < p.base+p.count; i++ {
		r := all[i]
		if p.dead.has(i) || !l.wants(r.seq) {
			continue
		}
		if l.room <= 0 && l.sparing {
			through = r.seq - 1 // taken has something, or the load had ended
			break
		}
		l.room -= r.size() + messageOverhead
		taken = append(taken, r)
	}
	if 2*len(taken) < len(all) {
		detach(taken)
	}
	for _, r := range taken {
		intact, err := s.load(l.queue, &r)
		if err != nil {
			return through, err
		}
		if intact {
			l.loaded = append(l.loaded, queue.Loaded{Seq: r.seq, Message: r.message})
		}
	}
	return through, nil
}

// pass forgets the spans below a number, and says whether others are left.
func (l *loading) pass(seq uint64) bool {
	for len(l.spans) > 0 && l.spans[0].Last < seq {
		l.spans = l.spans[1:]
	}
	return len(l.spans) > 0
}

// wants says whether a number lies in one of the spans; numbers ascend.
func (l *loading) wants(seq uint64) bool { return l.pass(seq) && l.spans[0].First <= seq }

// size is the octets of the body of a record.
func (r *record) size() int {
	if r.number != 0 {
		return int(r.length)
	}
	return len(r.message.Body)
}

// unreadable deals with a block that could not be read. One that has gone
// meanwhile, with its queue or by a purge, is nobody's loss; one that is
// damaged is given up.
func (s *Store) unreadable(id uint32, p piece, raw []byte, err error) error {
	if !errors.Is(err, errDamaged) {
		return fmt.Errorf("loading messages of queue %d: %w", id, err)
	}
	if errors.Is(err, errMissing) && s.committed(p.block) {
		return nil // nothing that was wanted: that is committed before
	}
	s.indexMu.Lock()
	q := s.index.queues[id]
	alive := false
	if q != nil {
		i := q.find(p.first)
		alive = i >= 0 && q.runs[i].block == p.block
	}
	s.indexMu.Unlock()
	if !alive {
		return nil
	}
	s.quarantine(p.block.key(), raw, err)
	s.submit(submission{lost: &lostRun{queue: id, first: p.first, block: p.block}}, queue.Unit{})
	return nil
}

// committed waits for the next commit and says whether a block that was missing
// is there then.
func (s *Store) committed(b *block) bool {
	done := make(chan error, 1)
	s.Submit(queue.Unit{Done: func(err error) { done <- err }})
	if <-done != nil {
		return true // nobody knows any more
	}
	_, _, _, err := s.tryBlock(b)
	return err == nil
}

// load brings the body of a record in, if it is stored elsewhere. A message
// whose body is damaged is given up.
func (s *Store) load(id uint32, r *record) (intact bool, err error) {
	if r.number == 0 {
		return true, nil
	}
	octets, err := s.sharedOctets(r.number)
	switch {
	case errors.Is(err, errGone):
		return false, nil // with the message
	case errors.Is(err, errDamaged):
		s.log.Error("a stored message was left out, as its body is damaged",
			"queue", id, "sequence", r.seq, "damage", err)
		s.Submit(queue.Unit{Ack: []queue.Ack{{Queue: id, Seq: r.seq}}})
		return false, nil
	case err != nil:
		return false, err
	}
	r.message = withBody(r.message, octets)
	return true, nil
}

// withBody is a message with another body.
func withBody(m *message.Message, octets []byte) *message.Message {
	whole := *m
	whole.Body = octets
	return &whole
}

// sharedOctets reads a body, or takes it from whoever has it in memory: a
// fan-out shares its body after it was read back, too.
func (s *Store) sharedOctets(number uint64) ([]byte, error) {
	s.indexMu.Lock()
	b := s.index.bodies[number]
	var first *byte
	if b != nil {
		first = b.loaded.Value()
	}
	s.indexMu.Unlock()
	if b == nil {
		return nil, fmt.Errorf("body %d: %w", number, errGone)
	}
	if first != nil {
		// The pointer was made of octets of just that length.
		return unsafe.Slice(first, b.length), nil
	}
	octets, err := s.readBody(b)
	if err != nil || len(octets) == 0 {
		return octets, err
	}
	s.indexMu.Lock()
	b.loaded = weak.Make(unsafe.SliceData(octets))
	s.indexMu.Unlock()
	return octets, nil
}
