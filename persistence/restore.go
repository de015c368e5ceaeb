package persistence

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/dgraph-io/badger/v4"

	"github.com/leveretmq/leveret/message"
)

// restore brings memory into the state of the last commit. Nothing is alive
// just because its key exists: live sets, definitions and references say what
// is. What is dead goes to the graveyard.
func (s *Store) restore() error {
	steps := []func() error{
		s.checkFormat, s.finishRedo, s.takeStopRecord, s.restoreCounters, s.restoreQueues,
		s.restoreLiveSets, s.restoreBlocks, s.restoreAcks, s.restoreReferences, s.restoreMixed,
		s.orderRuns, s.buryOrphans,
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// finishRedo completes write sets that were declared valid before a crash, and
// buries the parts of those that were not.
func (s *Store) finishRedo() error {
	var numbers []uint64
	err := s.scan([]byte{prefixRedoCommit}, func(item *badger.Item) error {
		numbers = append(numbers, binary.BigEndian.Uint64(item.Key()[1:]))
		return nil
	})
	if err != nil {
		return err
	}
	for _, number := range numbers {
		if err := s.finishRedoOf(number); err != nil {
			return fmt.Errorf("finishing the big commit %d: %w", number, err)
		}
	}
	return s.scan([]byte{prefixRedo}, func(item *badger.Item) error {
		s.findGrave(item)
		return nil
	})
}

func (s *Store) finishRedoOf(number uint64) error {
	payload, _, err := s.readValue(redoCommitKey(number))
	if err != nil {
		return err
	}
	c := cursor{data: payload}
	parts := c.uvarint32()
	if c.err != nil {
		return c.err
	}
	var w writeSet
	for i := range int(parts) {
		part, _, err := s.readValue(appendPartKey(nil, prefixRedo, number, i))
		if err != nil {
			return err
		}
		writes, err := decodeWrites(nil, part)
		if err != nil {
			return err
		}
		for _, entry := range writes {
			w.put(entry.key, entry.value, entry.flags)
		}
	}
	if !s.space.admits(int64(w.octets())) {
		return fmt.Errorf("%w: %d MiB have to be written to finish a commit that was under way; make room, then start again",
			ErrDiskFull, w.octets()>>20+1)
	}
	if err := w.slices(s.apply); err != nil {
		return err
	}
	return s.apply([]write{{key: redoCommitKey(number)}})
}

// findGrave sends a dead key on its way: overwritten ones to their deletion,
// others to be overwritten.
func (s *Store) findGrave(item *badger.Item) {
	key, size := item.KeyCopy(nil), item.ValueSize()
	if isMarker(size) {
		s.graves.found(key, s.reclaim.flushes.Load())
		return
	}
	// Whether the value is inline is only known for blocks; to overwrite an
	// inline one is harmless.
	s.graves.add(grave{key: key, inLog: true, size: int(size)})
}

// restoreCounters reads the numbers that must not come back.
func (s *Store) restoreCounters() error {
	payload, _, err := s.readValue([]byte{prefixMeta, metaReservation})
	if errors.Is(err, errMissing) {
		err = s.reserved.restore([]byte{0, 0})
	} else if err == nil {
		err = s.reserved.restore(payload)
	}
	if err != nil {
		return err
	}
	s.floor = s.reserved.sequence
	payload, _, err = s.readValue([]byte{prefixMeta, metaLastQueue})
	if errors.Is(err, errMissing) {
		return nil
	}
	if err != nil {
		return err
	}
	c := cursor{data: payload}
	s.lastQueue.Store(c.uvarint32())
	return c.err
}

// restoreQueues learns which queues are defined.
func (s *Store) restoreQueues() error {
	defined := &s.index.defined
	err := s.eachDefinition(func(key string, payload []byte) error {
		s.parts.note(key, partsOf(payload))
		if key[1] != metaQueue {
			return nil
		}
		q, err := decodeQueue(payload)
		if err != nil {
			return err
		}
		d := streamsOf(q)
		defined.list = append(defined.list, d)
		s.lastQueue.Store(max(s.lastQueue.Load(), d.last()))
		return nil
	})
	if err != nil {
		return err
	}
	return defined.restored()
}

// restoreLiveSets reads the live sets. A damaged one is reported and taken for
// empty: more is delivered again then, and nothing is lost.
func (s *Store) restoreLiveSets() error {
	if err := s.scan([]byte{prefixLiveMixed}, func(item *badger.Item) error {
		s.index.liveMixed = s.liveSet(item)
		return nil
	}); err != nil {
		return err
	}
	return s.scan([]byte{prefixLive}, func(item *badger.Item) error {
		var q *queueIndex
		if key := item.Key(); len(key) == liveKeyLen {
			q = s.index.stream(binary.BigEndian.Uint32(key[1:]), s.floor)
		}
		if q == nil {
			s.graves.add(grave{key: item.KeyCopy(nil)})
			return nil
		}
		q.live = s.liveSet(item)
		return nil
	})
}

func (s *Store) liveSet(item *badger.Item) liveSet {
	payload, err := itemPayload(item)
	if err == nil {
		var l liveSet
		l, err = decodeLiveSet(payload)
		if err == nil {
			return l
		}
	}
	s.log.Error("the record of what is alive is damaged; acknowledged messages may be delivered again",
		"damage", err)
	return liveSet{}
}

// restoreBlocks learns from their keys which blocks are alive.
func (s *Store) restoreBlocks() error {
	for _, prefix := range []byte{prefixBlock, prefixMixed} {
		if err := s.scan([]byte{prefix}, s.restoreBlock); err != nil {
			return err
		}
	}
	for _, q := range s.index.queues {
		s.buryDoubles(q)
	}
	return nil
}

// buryDoubles buries blocks whose messages were gathered in another one, in
// case Badger has brought them back. Live sets do not tell these apart.
func (s *Store) buryDoubles(q *queueIndex) {
	kept := q.runs[:0]
	for _, r := range q.runs {
		n := len(kept)
		switch {
		case n == 0 || kept[n-1].last() < r.first:
			kept = append(kept, r)
		case r.block.number > kept[n-1].block.number:
			s.graves.add(graveOf(kept[n-1].block))
			kept[n-1] = r
		default:
			s.graves.add(graveOf(r.block))
		}
	}
	clear(q.runs[len(kept):])
	q.runs = kept
}

func (s *Store) restoreBlock(item *badger.Item) error {
	b, err := parseBlockKey(item.Key())
	if err != nil {
		s.log.Error("a key of the message store is damaged and was left out", "error", err)
		return nil
	}
	b.size = uint32(item.ValueSize())
	b.flags = item.UserMeta()
	b.recovered = true
	if isMarker(item.ValueSize()) {
		s.graves.found(item.KeyCopy(nil), s.reclaim.flushes.Load())
		return nil
	}
	if b.mixed {
		if s.index.liveMixed.covers(b.first) {
			s.graves.add(graveOf(b))
			return nil
		}
		s.index.mixed = append(s.index.mixed, b)
		return nil
	}
	q := s.index.stream(b.queue, s.floor)
	if q == nil || q.live.covers(b.first) {
		s.graves.add(graveOf(b))
		return nil
	}
	q.add(run{block: b, first: b.first, count: b.count, live: b.count})
	return nil
}

func graveOf(b *block) grave {
	return grave{key: b.key(), inLog: b.inLog(), size: int(b.size)}
}

// restoreAcks learns which records of living blocks are dead.
func (s *Store) restoreAcks() error {
	return s.scan([]byte{prefixAcks}, func(item *badger.Item) error {
		b, r := s.blockOfAcks(item.Key())
		if b == nil {
			s.graves.add(grave{key: item.KeyCopy(nil)})
			return nil
		}
		payload, err := itemPayload(item)
		if err == nil {
			b.dead, err = decodeBitmap(payload, b.count)
		}
		if err != nil {
			s.log.Error("the record of acknowledgements is damaged; messages may be delivered again",
				"block", b.name(), "damage", err)
			return nil
		}
		b.recorded = true
		b.live = b.count - b.dead.count()
		if r != nil {
			r.live = b.live
		}
		return nil
	})
}

// blockOfAcks finds the block that a record of dead records belongs to, and
// the run if it is an own block.
func (s *Store) blockOfAcks(key []byte) (*block, *run) {
	switch {
	case len(key) == 1+1+8 && key[1] == prefixMixed:
		if i, found := s.index.findMixed(binary.BigEndian.Uint64(key[2:])); found {
			return s.index.mixed[i], nil
		}
	case len(key) == 1+1+4+1+8 && key[1] == prefixBlock:
		q := s.index.queues[binary.BigEndian.Uint32(key[2:])]
		if q == nil {
			return nil, nil
		}
		first := binary.BigEndian.Uint64(key[7:])
		if i := q.find(first); i >= 0 && q.runs[i].first == first {
			return q.runs[i].block, &q.runs[i]
		}
	}
	return nil, nil
}

// restoreReferences reads the own blocks that refer to bodies elsewhere.
func (s *Store) restoreReferences() error {
	for _, q := range s.index.queues {
		for i := range q.runs {
			b := q.runs[i].block
			if b.flags&flagBodies == 0 {
				continue
			}
			records, _, err := s.readBlock(b)
			if errors.Is(err, errDamaged) {
				s.damaged = append(s.damaged, b)
				continue
			}
			if err != nil {
				return err
			}
			s.refer(b, records)
		}
	}
	return nil
}

// refer counts the references of the living records of a block.
func (s *Store) refer(b *block, records []record) {
	for i, r := range records {
		if r.number == 0 || b.dead.has(uint32(i)) {
			continue
		}
		shared := s.index.bodies[r.number]
		if shared == nil {
			shared = &body{number: r.number, length: r.length}
			s.index.bodies[r.number] = shared
		}
		b.refs = append(b.refs, bodyRef{position: uint32(i), body: shared})
		shared.refs++
	}
}

// restoreMixed reads all mixed blocks and holds their messages for Recover.
func (s *Store) restoreMixed() error {
	alive := s.index.mixed[:0]
	for _, b := range s.index.mixed {
		records, sections, err := s.readBlock(b)
		if err != nil && !errors.Is(err, errDamaged) {
			return err
		}
		if err == nil {
			s.buryUnknown(b, sections)
			s.refer(b, records)
			s.hold(b, records, sections)
		}
		if err != nil || b.live == 0 {
			s.graves.add(graveOf(b))
			continue
		}
		alive = append(alive, b)
	}
	clear(s.index.mixed[len(alive):])
	s.index.mixed = alive
	return nil
}

// buryUnknown marks the records of queues that are gone as dead.
func (s *Store) buryUnknown(b *block, sections []section) {
	for _, sec := range sections {
		if s.index.defined.has(sec.queue) {
			continue
		}
		for i := sec.from; i < sec.to; i++ {
			b.bury(uint32(i))
		}
	}
}

// hold keeps the living records of a mixed block for their queues.
func (s *Store) hold(b *block, records []record, sections []section) {
	for _, sec := range sections {
		all := records[sec.from:sec.to]
		var living []record
		items := make([]item, len(all))
		for i, r := range all {
			items[i] = item{seq: r.seq}
			if !b.dead.has(uint32(sec.from + i)) {
				living = append(living, r)
			}
		}
		if len(living) == 0 {
			continue
		}
		r := newRun(b, uint32(sec.from), items)
		r.live = uint32(len(living))
		q := s.index.stream(sec.queue, s.floor)
		q.runs = append(q.runs, r)
		q.next = max(q.next, r.last()+1)
		s.holdRun(sec.queue, heldRun{first: r.first, records: living})
	}
}

// holdRun keeps messages in memory that were read anyway, as long as there are
// not too many, and their bodies are with them.
func (s *Store) holdRun(id uint32, h heldRun) {
	octets := 0
	for _, r := range h.records {
		if r.number != 0 {
			return
		}
		octets += r.size() + messageOverhead
	}
	if octets > s.holdable {
		return
	}
	s.holdable -= octets
	detach(h.records)
	s.held[id] = append(s.held[id], h)
}

// detach gives messages memory of their own, so that none of them keeps the
// whole block.
func detach(records []record) {
	done := make(map[*message.Message]bool, len(records))
	for _, r := range records {
		m := r.message
		if done[m] {
			continue
		}
		done[m] = true
		octets := make([]byte, 0, len(m.Properties)+len(m.Body))
		octets = append(append(octets, m.Properties...), m.Body...)
		n := len(m.Properties)
		if n > 0 {
			m.Properties = octets[:n:n]
		}
		if m.Body != nil {
			m.Body = octets[n:]
		}
	}
}

// orderRuns puts the runs of each queue into the order of their sequence
// numbers: own blocks came first, mixed ones after them.
func (s *Store) orderRuns() error {
	ascending := func(a, b run) int { return cmp.Compare(a.first, b.first) }
	for _, q := range s.index.queues {
		if !slices.IsSortedFunc(q.runs, ascending) {
			slices.SortFunc(q.runs, ascending)
		}
		q.runs = slices.Clone(q.runs) // without the room to grow, which most will not
	}
	return nil
}

// buryOrphans buries bodies that nobody refers to.
func (s *Store) buryOrphans() error {
	return s.scan([]byte{prefixBody}, func(item *badger.Item) error {
		key := item.Key()
		if len(key) == bodyKeyLen && s.index.bodies[binary.BigEndian.Uint64(key[1:])] != nil &&
			!isMarker(item.ValueSize()) {
			return nil
		}
		s.findGrave(item)
		return nil
	})
}
