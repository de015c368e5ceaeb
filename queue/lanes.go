package queue

import (
	"math/bits"
	"slices"
)

// lanes are the ready messages of a queue by their priority, the highest first.
// A queue without priorities has one lane. Others make theirs as messages come,
// since few of the priorities that a queue may have are ever used.
type lanes struct {
	only  ready   // of a queue without priorities
	apart *levels // of the others
}

// levels are the lanes of a queue with priorities.
type levels struct {
	lanes []*ready // by level; nil where nothing has been
	used  []uint8  // the levels that are not nil, descending
	// returns go before all lanes; see comeBack.
	returns ready
	filled  levelSet // the levels that may have messages
}

// newLanes makes room for so many levels, from 0 on; one means that there are no
// priorities.
func newLanes(n int) lanes {
	if n <= 1 {
		return lanes{}
	}
	return lanes{apart: &levels{lanes: make([]*ready, n)}}
}

// of is the lane of a level, for messages that come in.
func (l *lanes) of(level uint8) *ready {
	if l.apart == nil {
		return &l.only
	}
	return l.apart.of(level)
}

func (l *levels) of(level uint8) *ready {
	r := l.lanes[level]
	if r == nil {
		r = &ready{level: level}
		l.lanes[level] = r
		at, _ := slices.BinarySearchFunc(l.used, level, func(a, b uint8) int { return int(b) - int(a) })
		l.used = slices.Insert(l.used, at, level)
	}
	l.filled.add(level)
	return r
}

// front finds the message that is next, and its lane.
func (l *lanes) front() (*ready, place) {
	if l.apart == nil {
		return &l.only, l.only.front()
	}
	return l.apart.front()
}

func (l *levels) front() (*ready, place) {
	if l.returns.head.len() > 0 {
		return &l.returns, inHead
	}
	for {
		level, any := l.filled.highest()
		if !any {
			return nil, nowhere
		}
		if from := l.lanes[level].front(); from != nowhere {
			return l.lanes[level], from
		}
		l.filled.remove(level)
	}
}

// each visits the lanes that are there, the highest priority first. What has come
// back is at its old place by then.
func (l *lanes) each(visit func(*ready)) {
	l.settleReturns()
	if l.apart == nil {
		visit(&l.only)
		return
	}
	for _, level := range l.apart.used {
		visit(l.apart.lanes[level])
	}
}

// sum adds up a number of all lanes.
func (l *levels) sum(number func(*ready) int64) int64 {
	n := number(&l.returns)
	for _, level := range l.used {
		n += number(l.lanes[level])
	}
	return n
}

// len is the number of messages.
func (l *lanes) len() int {
	if l.apart == nil {
		return l.only.len()
	}
	return int(l.apart.sum(func(r *ready) int64 { return int64(r.len()) }))
}

// bytes is the octets of all bodies.
func (l *lanes) bytes() int64 {
	if l.apart == nil {
		return l.only.bytes()
	}
	return l.apart.sum((*ready).bytes)
}

// headSize is the octets that wait in memory at the heads, and a little for each
// message.
func (l *lanes) headSize() int64 {
	if l.apart == nil {
		return l.only.headSize
	}
	return l.apart.sum(func(r *ready) int64 { return r.headSize })
}

// levelSet is a set of levels.
type levelSet [4]uint64

func (s *levelSet) add(level uint8)    { s[level>>6] |= 1 << (level & 63) }
func (s *levelSet) remove(level uint8) { s[level>>6] &^= 1 << (level & 63) }

func (s *levelSet) highest() (level uint8, any bool) {
	for i := len(s) - 1; i >= 0; i-- {
		if s[i] != 0 {
			return uint8(i<<6 + bits.Len64(s[i]) - 1), true
		}
	}
	return 0, false
}
