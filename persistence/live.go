package persistence

import (
	"encoding/binary"
	"slices"
)

// span is a range of numbers, both ends included.
type span struct{ first, last uint64 }

// liveSet says which blocks of a sequence are dead, independently of which keys
// exist, because Badger may bring deleted keys back. Everything below head is
// dead, and so are the spans above it. The same type serves the own blocks of a
// queue, by sequence number, and the mixed blocks, by block number.
//
// A dead block above head has been overwritten in the commit in which it died;
// its span only guards against the old version, so the oldest spans may be
// forgotten. Below head the live set is all that counts.
type liveSet struct {
	head uint64
	dead []span // ascending, disjoint, all above head
}

// covers says whether a block that starts at first is known to be dead.
func (l *liveSet) covers(first uint64) bool {
	if first < l.head {
		return true
	}
	i, found := slices.BinarySearchFunc(l.dead, first, func(s span, n uint64) int {
		switch {
		case s.last < n:
			return -1
		case s.first > n:
			return 1
		}
		return 0
	})
	return found && i < len(l.dead)
}

// advance moves head up: nothing lives below it.
func (l *liveSet) advance(head uint64) {
	if head <= l.head {
		return
	}
	l.head = head
	n := 0
	for n < len(l.dead) && l.dead[n].last < head {
		n++
	}
	l.dead = slices.Delete(l.dead, 0, n)
}

// kill adds a dead range above head. below and above are the starts of its
// living neighbours; nothing lives between them, so the range grows together
// with the dead ranges there.
func (l *liveSet) kill(s span, below, above uint64) {
	from := 0
	for from < len(l.dead) && l.dead[from].first <= below {
		from++
	}
	to := from
	for to < len(l.dead) && l.dead[to].last < above {
		s.first = min(s.first, l.dead[to].first)
		s.last = max(s.last, l.dead[to].last)
		to++
	}
	l.dead = slices.Replace(l.dead, from, to, s)
	if len(l.dead) > deadRanges {
		l.dead = slices.Delete(l.dead, 0, len(l.dead)-deadRanges)
	}
}

// appendTo encodes the set: the number of sequences (1; more come with blocks
// by priority), then of each its priority, head, and spans as distances.
func (l *liveSet) appendTo(dst []byte) []byte {
	dst = append(dst, 1, 0)
	dst = binary.AppendUvarint(dst, l.head)
	at := l.head
	for _, s := range l.dead {
		dst = binary.AppendUvarint(dst, s.first-at)
		dst = binary.AppendUvarint(dst, s.last-s.first)
		at = s.last
	}
	return dst
}

func decodeLiveSet(payload []byte) (liveSet, error) {
	c := cursor{data: payload}
	var l liveSet
	if c.octet() != 1 || c.octet() != 0 {
		c.fail("live sets by priority")
	}
	l.head = c.uvarint()
	at := l.head
	for !c.empty() {
		s := span{first: at + c.uvarint()}
		s.last = s.first + c.uvarint()
		if s.first < at || s.last < s.first {
			c.fail("a range ends before it begins")
		}
		l.dead = append(l.dead, s)
		at = s.last
	}
	return l, c.err
}
