package persistence

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/leveretmq/leveret/message"
)

// block is what memory knows of one stored block: counters and which records
// are dead, never the messages.
type block struct {
	queue  uint32 // of an own block; 0 in a mixed one
	mixed  bool
	flags  byte   // as stored, see flagBodies
	first  uint64 // own: the first sequence number; mixed: the block's number
	number uint64 // own: not 0 if its messages were written before, elsewhere
	count  uint32 // records when it was written
	octets uint32 // body octets when it was written
	live   uint32 // records that are not dead
	size   uint32 // octets of the stored value
	dead   bitmap // nil while all are alive
	refs   []bodyRef
	file   uint64 // of the value log that has it, 0 if that is not known

	// recovered says that the block was there when the store was opened.
	recovered bool
	// recorded says that a record of dead records is stored.
	recorded bool
	// touched says that the current commit has changed dead.
	touched bool
	// moved says that the messages of the block are in another one.
	moved bool
}

func (b *block) key() []byte { return appendBlockKey(make([]byte, 0, blockKeyLen), b) }

func (b *block) inLog() bool { return b.flags&flagInLog != 0 }

// name is the block in words, for logs.
func (b *block) name() string {
	if b.mixed {
		return fmt.Sprintf("mixed block %d (%d messages)", b.first, b.count)
	}
	return fmt.Sprintf("block of queue %d from sequence %d (%d messages)", b.queue, b.first, b.count)
}

// bury marks a record as dead and says whether it was alive.
func (b *block) bury(position uint32) bool {
	if b.dead == nil {
		b.dead = newBitmap(b.count)
	}
	if b.dead.has(position) {
		return false
	}
	b.dead.set(position)
	b.live--
	return true
}

// bodyAt returns the separate body of a record, or nil.
func (b *block) bodyAt(position uint32) *body {
	i, found := slices.BinarySearchFunc(b.refs, position, func(r bodyRef, p uint32) int {
		return int(int64(r.position) - int64(p))
	})
	if !found {
		return nil
	}
	return b.refs[i].body
}

// item is one message on its way into a block.
type item struct {
	seq     uint64
	message *message.Message
	body    *body // where the body is stored, if outside of the block
}

// group is the consecutive records of one queue in a mixed block.
type group struct {
	queue uint32
	items []item
}

// appendOwn encodes the records of an own block, whose key carries the first
// sequence number.
func (e *encoder) appendOwn(items []item) {
	base := items[0].seq
	for _, it := range items {
		e.record(it.seq-base, it.message, it.body)
		base = it.seq
	}
}

// appendMixed encodes groups: queue, number of records, first sequence number,
// records.
func (e *encoder) appendMixed(groups []group) {
	for _, g := range groups {
		e.buf = binary.AppendUvarint(e.buf, uint64(g.queue))
		e.buf = binary.AppendUvarint(e.buf, uint64(len(g.items)))
		e.buf = binary.AppendUvarint(e.buf, g.items[0].seq)
		e.appendOwn(g.items)
	}
}

// section is the records of one queue in a decoded block, by ordinals.
type section struct {
	queue    uint32
	from, to int
}

// decodeBlock decodes the payload of a block. Bodies stored elsewhere are left
// out; all other octets alias the payload.
func decodeBlock(b *block, payload []byte) ([]record, []section, error) {
	d := decoder{cursor: cursor{data: payload}, records: make([]record, 0, min(int(b.count), len(payload)))}
	var sections []section
	if b.mixed {
		for !d.cursor.empty() {
			queue, n, first := d.cursor.uvarint32(), d.cursor.uvarint(), d.cursor.uvarint()
			sections = append(sections, d.section(queue, n, first))
		}
	} else {
		sections = append(sections, d.section(b.queue, uint64(b.count), b.first))
	}
	if !d.cursor.empty() {
		d.cursor.fail("octets after the last record")
	}
	if len(d.records) != int(b.count) {
		d.cursor.fail("%d records where the key says %d", len(d.records), b.count)
	}
	if d.cursor.err != nil {
		return nil, nil, d.cursor.err
	}
	return d.records, sections, nil
}

// section reads n records that ascend from first.
func (d *decoder) section(queue uint32, n, first uint64) section {
	s := section{queue: queue, from: len(d.records)}
	base := first
	for i := uint64(0); i < n && d.cursor.err == nil; i++ {
		d.record(base)
		if d.cursor.err != nil {
			break
		}
		seq := d.records[len(d.records)-1].seq
		if seq == base && i > 0 || i == 0 && seq != first {
			d.cursor.fail("sequence numbers do not ascend at %d", seq)
		}
		base = seq
	}
	s.to = len(d.records)
	return s
}
