package persistence

import (
	"math"
	"slices"

	"github.com/leveretmq/leveret/message"
)

// seenMessages are the messages of a mixed block by ordinal.
type seenMessages map[*message.Message]uint32

// place gives every message of the batch its place on disk: queues with much
// get blocks of their own, the others share mixed blocks.
func (s *Store) place() {
	b := &s.batch
	waiting := 0
	for _, sh := range b.shares {
		sh.items = compact(sh.items)
		if sh.live > 0 {
			waiting++
		}
		for i := range sh.items {
			b.sharing.count(sh.items[i].message)
		}
	}
	b.groups = b.groups[:0]
	for _, sh := range b.shares {
		if sh.live == 0 {
			continue
		}
		s.placeBodies(sh)
		if waiting == 1 || sh.octets >= ownBlockOctets {
			s.placeOwn(sh.queue, sh.items, plainKey)
		} else {
			b.groups = append(b.groups, group{queue: sh.queue.id, items: sh.items})
		}
	}
	s.placeMixed(b.groups)
	clear(b.groups)
}

// compact leaves out what was acknowledged already.
func compact(items []item) []item {
	return slices.DeleteFunc(items, func(it item) bool { return it.message == nil })
}

// placeBodies stores the bodies of a share that do not go into its blocks, and
// measures what is left.
func (s *Store) placeBodies(sh *share) {
	for i := range sh.items {
		it := &sh.items[i]
		if s.batch.sharing.separate(it.message) {
			it.body = s.sharedBody(it.message)
			it.body.refs++
		}
		sh.octets += it.size()
	}
}

// sharedBody returns the stored body of a message, new if need be.
func (s *Store) sharedBody(m *message.Message) *body {
	if b := s.batch.sharing.find(m); b != nil {
		return b
	}
	b := &body{number: s.reserved.take(), length: uint64(len(m.Body))}
	writeBody(&s.writes, b, m.Body)
	s.index.bodies[b.number] = b
	s.batch.sharing.remember(m, b)
	return b
}

// size is an upper bound of the encoded item.
func (it *item) size() int {
	m := it.message
	n := recordOverhead + len(m.Exchange) + len(m.RoutingKey) + len(m.Properties)
	if it.body == nil {
		n += len(m.Body)
	}
	return n
}

// room measures what still fits a block.
type room struct {
	records, octets int
	bodies          int
	first           uint64 // sequence number that the run begins with
}

// take says whether one more item fits, and counts it if so. The first always
// fits.
func (r *room) take(it *item) bool {
	size, body := it.size(), len(it.message.Body)
	full := r.octets+size > blockOctets || r.records == blockRecords ||
		r.bodies+body > blockBodyOctets || it.seq-r.first > math.MaxUint32
	if full && r.records > 0 {
		return false
	}
	r.records++
	r.octets += size
	r.bodies += body
	return true
}

// plainKey numbers blocks whose key is told apart by what they hold.
func plainKey() uint64 { return 0 }

// placeOwn writes the blocks of one queue. What is written again gets numbers,
// as a block that begins with the same message may be there or be buried.
func (s *Store) placeOwn(q *queueIndex, items []item, number func() uint64) {
	for len(items) > 0 {
		r := room{first: items[0].seq}
		n := 0
		for n < len(items) && r.take(&items[n]) {
			n++
		}
		b := &block{queue: q.id, first: items[0].seq, number: number()}
		if items[n-1].seq-items[0].seq == uint64(n-1) {
			b.flags = flagContiguous
		}
		s.writeBlock(b, r, func(e *encoder) { e.appendOwn(items[:n]) })
		q.add(newRun(b, 0, items[:n]))
		items = items[n:]
	}
}

// placeMixed writes the blocks that queues share.
func (s *Store) placeMixed(groups []group) {
	var r room
	var part []group
	for _, g := range groups {
		for len(g.items) > 0 {
			r.first = g.items[0].seq
			n := 0
			for n < len(g.items) && r.take(&g.items[n]) {
				n++
			}
			if n == 0 {
				s.writeMixed(part, r)
				r, part = room{}, part[:0]
				continue
			}
			part = append(part, group{queue: g.queue, items: g.items[:n]})
			g.items = g.items[n:]
		}
	}
	if len(part) > 0 {
		s.writeMixed(part, r)
	}
}

func (s *Store) writeMixed(groups []group, r room) {
	b := &block{mixed: true, first: s.reserved.take()}
	e := &s.batch.encoder
	if len(groups) > 1 {
		e.seen = s.batch.seen
		clear(e.seen)
	}
	s.writeBlock(b, r, func(e *encoder) { e.appendMixed(groups) })
	e.seen = nil
	s.index.mixed = append(s.index.mixed, b)
	base := uint32(0)
	for _, g := range groups {
		s.index.queues[g.queue].add(newRun(b, base, g.items))
		base += uint32(len(g.items))
	}
}

// writeBlock encodes one block and adds it to the write set.
func (s *Store) writeBlock(b *block, r room, records func(*encoder)) {
	b.count, b.live, b.octets = uint32(r.records), uint32(r.records), uint32(r.bodies)
	key := b.key()
	e := &s.batch.encoder
	e.reset()
	start := len(e.buf)
	e.buf = beginEnvelope(e.buf, key)
	records(e)
	value := e.buf[start:len(e.buf):len(e.buf)]
	endEnvelope(value)
	b.refs = e.refs
	b.size = uint32(len(value))
	if len(b.refs) > 0 {
		b.flags |= flagBodies
	}
	if e.expires {
		b.flags |= flagExpires
	}
	if len(value) >= inlineOctets {
		b.flags |= flagInLog
	}
	s.writes.putCounted(key, value, b.flags, &b.file)
}
