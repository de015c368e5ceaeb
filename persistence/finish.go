package persistence

import "encoding/binary"

// finish adds to the write set what follows from the submissions of a batch:
// which records and blocks are dead, and what is kept for the next start.
func (s *Store) finish(flush uint64) {
	b, w := &s.batch, &s.writes
	for _, blk := range b.touched {
		if blk.live == 0 && blk.mixed {
			s.index.removeMixed(blk.first)
		}
	}
	markers := 0
	for _, blk := range b.touched {
		blk.touched = false
		if blk.live > 0 {
			s.writeAcks(blk)
			continue
		}
		markers++
		s.killBlock(blk, flush, markers)
	}
	for _, body := range b.orphans {
		markers++
		s.killBody(body, flush, markers)
	}
	for _, q := range b.stale {
		q.stale = false
		if s.index.queues[q.id] == q {
			s.writeLive(appendLiveKey(make([]byte, 0, liveKeyLen), q.id), &q.live)
		}
	}
	if s.index.staleMixed {
		s.index.staleMixed = false
		s.writeLive([]byte{prefixLiveMixed}, &s.index.liveMixed)
	}
	s.graves.tend(w, flush)
	if s.reserved.due() {
		r := s.reserved.reserve()
		w.put(r.key, r.value, 0)
	}
}

// writeAcks records which records of a block are dead.
func (s *Store) writeAcks(b *block) {
	key := appendAcksKey(make([]byte, 0, 1+blockKeyLen), b)
	value := beginEnvelope(make([]byte, 0, 64), key)
	value = b.dead.appendTo(value)
	endEnvelope(value)
	s.writes.put(key, value, 0)
	b.recorded = true
}

func (s *Store) writeLive(key []byte, l *liveSet) {
	value := beginEnvelope(make([]byte, 0, 64), key)
	value = l.appendTo(value)
	endEnvelope(value)
	s.writes.put(key, value, 0)
}

// killBlock gives the key of a dead block to the graveyard. Behind the first
// few of a commit, counted by markers, it is overwritten later if the live set
// alone keeps it dead.
func (s *Store) killBlock(b *block, flush uint64, markers int) {
	if b.recorded {
		s.writes.delete(appendAcksKey(make([]byte, 0, 1+blockKeyLen), b))
	}
	// A value dies once, so nobody may count it twice.
	file := b.file
	b.file = 0
	g := grave{key: b.key(), inLog: b.inLog(), size: int(b.size), file: file}
	if markers > deferredMarkers && s.covered(b) {
		s.graves.add(g)
	} else {
		s.graves.mark(&s.writes, g, flush)
	}
}

// covered says whether recovery knows without its key that a block is dead,
// for good: spans above the head of a live set may be forgotten.
func (s *Store) covered(b *block) bool {
	if b.mixed {
		return b.first < s.index.liveMixed.head
	}
	if b.moved {
		return false // the live set may still cover the new block by then
	}
	q := s.index.queues[b.queue]
	return q == nil || b.first < q.live.head
}

// killBody does the same with the pieces of a body. Nothing refers to them, so
// recovery knows in any case that they are dead.
func (s *Store) killBody(b *body, flush uint64, markers int) {
	for i := range b.chunks() {
		from, to := b.chunk(i)
		g := grave{
			key:   appendBodyKey(make([]byte, 0, bodyKeyLen), b.number, i),
			inLog: true, size: int(to - from), file: b.file,
		}
		if markers > deferredMarkers {
			s.graves.add(g)
		} else {
			s.graves.mark(&s.writes, g, flush)
		}
	}
	b.file = 0
	delete(s.index.bodies, b.number)
}

func lastQueueWrite(id uint32) (key, value []byte, flags byte) {
	key = []byte{prefixMeta, metaLastQueue}
	return key, seal(key, binary.AppendUvarint(nil, uint64(id))), 0
}
