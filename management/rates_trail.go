package management

import (
	"encoding/binary"
	"math/bits"
	"slices"
)

// maxCounters is how many counters an object may have: the bits of a mask.
const maxCounters = 64

// appendPacked appends numbers so that those that are zero cost a bit: a mask of the
// others, then these as signed varints.
func appendPacked(dst []byte, numbers []int64) []byte {
	var mask uint64
	for i, n := range numbers {
		if n != 0 {
			mask |= 1 << i
		}
	}
	dst = binary.AppendUvarint(dst, mask)
	for rest := mask; rest != 0; rest &= rest - 1 {
		dst = binary.AppendVarint(dst, numbers[bits.TrailingZeros64(rest)])
	}
	return dst
}

// addPacked adds packed numbers to dst and returns the octets behind them.
func addPacked(dst []int64, packed []byte) []byte {
	mask, n := binary.Uvarint(packed)
	packed = packed[n:]
	for rest := mask; rest != 0; rest &= rest - 1 {
		value, n := binary.Varint(packed)
		dst[bits.TrailingZeros64(rest)] += value
		packed = packed[n:]
	}
	return packed
}

// trail is what the counters of one object were at regular times: the values of the
// oldest time, and what each of the later ones has changed, packed. A time at which
// nothing has changed costs one octet.
type trail struct {
	base  []int64
	diffs []byte
	count int // times after the oldest
	quiet int // times since the last change
}

// push adds a time, and forgets the oldest one where there are more than keep.
func (t *trail) push(diff []int64, keep int) {
	before := len(t.diffs)
	t.diffs = appendPacked(t.diffs, diff)
	t.count++
	t.quiet++
	if len(t.diffs)-before > 1 { // more than an empty mask
		t.quiet = 0
	}
	for t.count > keep {
		rest := addPacked(t.base, t.diffs)
		t.diffs = t.diffs[:copy(t.diffs, rest)]
		t.count--
	}
}

// values calls yield with the values at each time, the oldest first, and with the
// number of steps from that time to the newest. The slice is only valid in the call.
func (t *trail) values(yield func(back int, values []int64)) {
	now := slices.Clone(t.base)
	yield(t.count, now)
	rest := t.diffs
	for back := t.count - 1; back >= 0; back-- {
		rest = addPacked(now, rest)
		yield(back, now)
	}
}

// newest is the values of the last time.
func (t *trail) newest() []int64 {
	now := slices.Clone(t.base)
	for rest := t.diffs; len(rest) > 0; {
		rest = addPacked(now, rest)
	}
	return now
}

// clone copies the trail for a reader.
func (t *trail) clone() trail {
	return trail{base: slices.Clone(t.base), diffs: slices.Clone(t.diffs), count: t.count}
}
