package persistence

import (
	"errors"
	"fmt"
	"slices"

	"github.com/leveretmq/leveret/queue"
)

// step is one run of a queue that Recover hands out: an own block that has to
// be read, or records that are held.
type step struct {
	block *block // nil if the records are held
	first uint64
	dead  bitmap
	held  []record
}

// Recover hands out what the directory held of a queue when it was opened, in
// the order of the sequence numbers, and ends with the first error of yield.
// It is called once for each queue, before anything is submitted for it; any
// number of queues may be recovered at once. Blocks are read one by one, and
// messages alias their memory. A block that cannot be read is logged by name,
// kept in quarantine, and left out.
func (s *Store) Recover(id uint32, yield func(queue.Recovered) error) error {
	steps, redelivered, err := s.steps(id)
	if err != nil {
		return err
	}
	for _, st := range steps {
		records, err := s.recordsOf(id, st)
		if err != nil {
			return fmt.Errorf("recovering queue %d: %w", id, err)
		}
		for _, r := range records {
			intact, err := s.load(id, &r)
			if err != nil {
				return fmt.Errorf("recovering queue %d: %w", id, err)
			}
			if !intact {
				continue
			}
			_, seen := slices.BinarySearch(redelivered, r.seq)
			err = yield(queue.Recovered{Seq: r.seq, Message: r.message, Redelivered: seen || !s.clean})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// steps lists what there is to recover, and the redelivered ones of a clean
// stop.
func (s *Store) steps(id uint32) (steps []step, redelivered []uint64, err error) {
	s.indexMu.Lock()
	defer s.indexMu.Unlock()
	q := s.index.queues[id]
	if q == nil {
		return nil, nil, nil
	}
	if q.recovered {
		return nil, nil, fmt.Errorf("%w: queue %d", ErrRecovered, id)
	}
	q.recovered = true
	held := s.held[id]
	for i := range q.runs {
		r := &q.runs[i]
		switch {
		case !r.block.recovered:
		case r.block.mixed:
			steps = append(steps, step{first: r.first, held: held[0].records})
			held = held[1:]
		default:
			steps = append(steps, step{block: r.block, first: r.first, dead: slices.Clone(r.block.dead)})
		}
	}
	redelivered = s.stopped[id]
	delete(s.held, id)
	delete(s.stopped, id)
	return steps, redelivered, nil
}

// recordsOf returns the living records of a step.
func (s *Store) recordsOf(id uint32, st step) ([]record, error) {
	if st.block == nil {
		return st.held, nil
	}
	all, _, err := s.readBlock(st.block)
	if errors.Is(err, errDamaged) {
		s.submit(submission{lost: st.block}, queue.Unit{})
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	s.learnGaps(id, st.block, all)
	records := all
	if st.dead != nil {
		records = make([]record, 0, len(all))
		for i, r := range all {
			if !st.dead.has(uint32(i)) {
				records = append(records, r)
			}
		}
		if 2*len(records) < len(all) {
			detach(records)
		}
	}
	return records, nil
}

// learnGaps notes the sequence numbers of a block with gaps, which its key does
// not tell.
func (s *Store) learnGaps(id uint32, b *block, records []record) {
	if b.flags&flagContiguous != 0 {
		return
	}
	s.indexMu.Lock()
	defer s.indexMu.Unlock()
	q := s.index.queues[id]
	if q == nil {
		return
	}
	i := q.find(b.first)
	if i < 0 || q.runs[i].block != b {
		return
	}
	items := make([]item, len(records))
	for j, r := range records {
		items[j] = item{seq: r.seq}
	}
	q.runs[i].seqs = newRun(b, 0, items).seqs
}

// load brings the body of a record in, if it is stored elsewhere. A message
// whose body is damaged is given up.
func (s *Store) load(id uint32, r *record) (intact bool, err error) {
	if r.number == 0 {
		return true, nil
	}
	octets, err := s.sharedOctets(r.number)
	if errors.Is(err, errDamaged) {
		s.log.Error("a stored message was left out, as its body is damaged",
			"queue", id, "sequence", r.seq, "damage", err)
		s.Submit(queue.Unit{Ack: []queue.Ack{{Queue: id, Seq: r.seq}}})
		return false, nil
	}
	if err != nil {
		return false, err
	}
	// The message may be in the hands of another queue already, which it was
	// recovered for at the same time.
	m := *r.message
	m.Body = octets
	r.message = &m
	return true, nil
}

// sharedOctets reads a body, or takes it from the queue that was recovered
// before with the same one.
func (s *Store) sharedOctets(number uint64) ([]byte, error) {
	s.indexMu.Lock()
	b := s.index.bodies[number]
	var octets []byte
	if b != nil {
		b.unread--
		octets = b.loaded
		if b.unread == 0 {
			b.loaded = nil
		}
	}
	s.indexMu.Unlock()
	if b == nil {
		return nil, fmt.Errorf("body %d: %w", number, errMissing)
	}
	if octets != nil {
		return octets, nil
	}
	octets, err := s.readBody(b)
	if err != nil {
		return nil, err
	}
	s.indexMu.Lock()
	defer s.indexMu.Unlock()
	if b.unread > 0 {
		b.loaded = octets
	}
	return octets, nil
}
