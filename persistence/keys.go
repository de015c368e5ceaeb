package persistence

import (
	"encoding/binary"
	"fmt"
)

// The first octet of a key says what it holds. All integers in keys are big
// endian, so that the order of keys is the order of numbers. Names are never a
// prefix of anything: definitions carry lengths, all else carries numbers.
const (
	prefixAcks       = 'a' // which records of a block are dead: 'a' + the block's id
	prefixBlock      = 'b' // a block of one queue: queue(4) priority(1) first(8) [number(8)] count(4) octets(4)
	prefixMixed      = 'c' // a block of several queues: number(8) count(4) octets(4)
	prefixLive       = 'h' // live set of a queue's own blocks: queue(4)
	prefixLiveMixed  = 'H' // live set of the mixed blocks
	prefixMeta       = 'm' // format, counters, definitions
	prefixStop       = 's' // parts of the list of a clean stop: number(8) part(4)
	prefixRedo       = 't' // parts of a write set that is written ahead: number(8) part(4)
	prefixRedoCommit = 'T' // makes those parts valid: number(8)
	prefixBody       = 'x' // a piece of a body: number(8) chunk(2)
	prefixFiller     = 'z' // filler that pushes a memtable out: one octet
)

// The second octet of the keys under prefixMeta.
const (
	metaBinding     = 'b'
	metaExchange    = 'e'
	metaVHost       = 'h'
	metaLastQueue   = 'i'
	metaReservation = 'n'
	metaPermission  = 'p'
	metaQueue       = 'q'
	metaParameter   = 'r'
	metaStop        = 'S'
	metaTopic       = 't' // a topic permission
	metaUser        = 'u'
	metaFormat      = 'v'
)

// The flags of a block, kept in Badger's user meta octet, where recovery sees
// them without reading the value.
const (
	flagBodies     = 1 << iota // some bodies are stored outside of the block
	flagInLog                  // the value is in the value log
	flagContiguous             // the sequence numbers have no gap
	flagExpires                // some messages have a time to live of their own
)

const (
	blockKeyLen = 1 + 4 + 1 + 8 + 4 + 4
	movedKeyLen = blockKeyLen + 8
	mixedKeyLen = 1 + 8 + 4 + 4
	bodyKeyLen  = 1 + 8 + 2
	partKeyLen  = 1 + 8 + 4
	liveKeyLen  = 1 + 4
)

// appendBlockKey appends the key that the block is stored under.
func appendBlockKey(dst []byte, b *block) []byte {
	dst = appendBlockID(dst, b)
	if b.number != 0 {
		dst = binary.BigEndian.AppendUint64(dst, b.number)
	}
	dst = binary.BigEndian.AppendUint32(dst, b.count)
	return binary.BigEndian.AppendUint32(dst, b.octets)
}

// appendBlockID appends the part of the key that tells blocks apart.
func appendBlockID(dst []byte, b *block) []byte {
	if b.mixed {
		dst = append(dst, prefixMixed)
		return binary.BigEndian.AppendUint64(dst, b.first)
	}
	dst = append(dst, prefixBlock)
	dst = binary.BigEndian.AppendUint32(dst, b.queue)
	dst = append(dst, 0) // blocks by priority come with the paging of priority queues
	return binary.BigEndian.AppendUint64(dst, b.first)
}

func appendAcksKey(dst []byte, b *block) []byte {
	return appendBlockID(append(dst, prefixAcks), b)
}

func appendLiveKey(dst []byte, queue uint32) []byte {
	return binary.BigEndian.AppendUint32(append(dst, prefixLive), queue)
}

func appendBodyKey(dst []byte, number uint64, chunk int) []byte {
	dst = binary.BigEndian.AppendUint64(append(dst, prefixBody), number)
	return binary.BigEndian.AppendUint16(dst, uint16(chunk))
}

func appendPartKey(dst []byte, prefix byte, number uint64, part int) []byte {
	dst = binary.BigEndian.AppendUint64(append(dst, prefix), number)
	return binary.BigEndian.AppendUint32(dst, uint32(part))
}

func redoCommitKey(number uint64) []byte {
	return binary.BigEndian.AppendUint64([]byte{prefixRedoCommit}, number)
}

// parseBlockKey is the inverse of appendBlockKey, for both kinds of block.
func parseBlockKey(key []byte) (*block, error) {
	b := &block{}
	switch {
	case len(key) == mixedKeyLen && key[0] == prefixMixed:
		b.mixed = true
		b.first = binary.BigEndian.Uint64(key[1:])
	case (len(key) == blockKeyLen || len(key) == movedKeyLen) && key[0] == prefixBlock:
		b.queue = binary.BigEndian.Uint32(key[1:])
		b.first = binary.BigEndian.Uint64(key[6:])
		if len(key) == movedKeyLen {
			b.number = binary.BigEndian.Uint64(key[14:])
		}
	default:
		return nil, fmt.Errorf("persistence: %w key %x of a block", errDamaged, key)
	}
	b.count = binary.BigEndian.Uint32(key[len(key)-8:])
	b.octets = binary.BigEndian.Uint32(key[len(key)-4:])
	if b.count == 0 || b.count > blockRecords {
		return nil, fmt.Errorf("persistence: %w key %x of a block: %d records", errDamaged, key, b.count)
	}
	b.live = b.count
	return b, nil
}
