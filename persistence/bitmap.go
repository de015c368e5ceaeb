package persistence

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"slices"
)

// bitmap is a set of record positions.
type bitmap []uint64

func newBitmap(size uint32) bitmap { return make(bitmap, (size+63)/64) }

func (m bitmap) has(i uint32) bool { return m != nil && m[i/64]&(1<<(i%64)) != 0 }

func (m bitmap) set(i uint32) { m[i/64] |= 1 << (i % 64) }

func (m bitmap) clone() bitmap { return slices.Clone(m) }

func (m bitmap) count() uint32 {
	n := 0
	for _, w := range m {
		n += bits.OnesCount64(w)
	}
	return uint32(n)
}

// prefix is the number of whole words at the front that are full. A queue that
// is consumed in order has all its dead records there.
func (m bitmap) prefix() int {
	for i, w := range m {
		if w != ^uint64(0) {
			return i
		}
	}
	return len(m)
}

// appendTo encodes the set: the number of full words at the front, then the
// other words without the empty ones at the end.
func (m bitmap) appendTo(dst []byte) []byte {
	full, end := m.prefix(), len(m)
	for end > full && m[end-1] == 0 {
		end--
	}
	dst = binary.AppendUvarint(dst, uint64(full))
	for _, w := range m[full:end] {
		dst = binary.AppendUvarint(dst, w)
	}
	return dst
}

// decodeBitmap is the inverse of appendTo for positions below size.
func decodeBitmap(payload []byte, size uint32) (bitmap, error) {
	c := cursor{data: payload}
	m := newBitmap(size)
	full := c.uvarint()
	if full > uint64(len(m)) {
		c.fail("%d full words of %d", full, len(m))
		return nil, c.err
	}
	i := 0
	for ; i < int(full); i++ {
		m[i] = ^uint64(0)
	}
	for ; !c.empty(); i++ {
		if i == len(m) {
			c.fail("more than %d words", len(m))
			break
		}
		m[i] = c.uvarint()
	}
	if c.err != nil {
		return nil, c.err
	}
	if tail := size % 64; tail != 0 && len(m) > 0 && m[len(m)-1]>>tail != 0 {
		return nil, fmt.Errorf("persistence: %w payload: positions from %d on", errDamaged, size)
	}
	return m, nil
}
