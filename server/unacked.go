package server

import (
	"slices"
	"sort"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/queue"
)

// unackedList holds the unacknowledged deliveries of a channel by their
// delivery tags, which ascend. Settled ones leave holes, which are closed when
// they are at the front or become the majority; so the list is never much
// longer than what is unacknowledged.
type unackedList struct {
	items []queue.Delivery // items[head:] are in use; a hole has no queue
	head  int
	live  int
	// late are tags of deliveries that were taken back, see takeLate.
	late map[uint64]struct{}
}

const (
	// compactAbove is the length from which on holes are worth closing.
	compactAbove = 64
	// keptUnacked is the longest list whose memory an idle channel keeps.
	keptUnacked = 2048
)

// push adds a delivery, whose tag is above all others.
func (l *unackedList) push(d queue.Delivery) {
	if len(l.items) == cap(l.items) && l.head > len(l.items)/2 {
		l.closeHoles()
	}
	l.items = append(l.items, d)
	l.live++
}

// limitAll makes all deliveries count for the shared limit and returns how many
// did not.
func (l *unackedList) limitAll() (more int64) {
	for i := range l.items[l.head:] {
		u := &l.items[l.head+i]
		if u.Queue != nil && !u.Limited {
			u.Limited = true
			more++
		}
	}
	return more
}

// find returns the index of a tag, which may be a hole, or of the first one
// above it.
func (l *unackedList) find(tag uint64) int {
	used := l.items[l.head:]
	if len(used) == 0 || tag < used[0].Tag {
		return l.head
	}
	// Without gaps the place follows from the first tag.
	if i := tag - used[0].Tag; i < uint64(len(used)) && used[i].Tag == tag {
		return l.head + int(i)
	}
	return l.head + sort.Search(len(used), func(i int) bool { return used[i].Tag >= tag })
}

// takeTagged removes the deliveries that a tag names and appends them to dst
// in order. An unknown tag is an error; but zero with multiple means all there
// are, be it none (RabbitMQ behaviour).
func (l *unackedList) takeTagged(tag uint64, multiple bool, dst []queue.Delivery) ([]queue.Delivery, error) {
	if multiple && tag == 0 {
		return l.takeUpTo(maxTag, dst), nil
	}
	i := l.find(tag)
	known := i < len(l.items) && l.items[i].Tag == tag && l.items[i].Queue != nil
	switch {
	case !known && !l.forgive(tag):
		return dst, amqp.Errorf(amqp.CodePreconditionFailed, "unknown delivery tag %d", tag)
	case multiple:
		return l.takeUpTo(tag, dst), nil
	case !known:
		return dst, nil
	}
	taken := l.items[i]
	l.items[i] = queue.Delivery{Tag: tag} // a hole
	l.live--
	l.trim()
	return append(dst, taken), nil
}

// takeUpTo removes all deliveries up to the tag and appends them to dst in
// order.
func (l *unackedList) takeUpTo(tag uint64, dst []queue.Delivery) []queue.Delivery {
	for l.head < len(l.items) && l.items[l.head].Tag <= tag {
		if u := &l.items[l.head]; u.Queue != nil {
			dst = append(dst, *u)
			l.live--
		}
		l.items[l.head] = queue.Delivery{}
		l.head++
	}
	l.trim()
	return dst
}

// restore puts deliveries back that were taken, each under its old tag.
func (l *unackedList) restore(back []queue.Delivery) {
	l.closeHoles()
	l.items = append(l.items, back...)
	l.live += len(back)
	slices.SortFunc(l.items, func(a, b queue.Delivery) int {
		if a.Tag < b.Tag {
			return -1
		}
		return 1
	})
}

// trim drops holes at the front, and all of them once they are the majority.
func (l *unackedList) trim() {
	for l.head < len(l.items) && l.items[l.head].Queue == nil {
		l.head++
	}
	switch used := len(l.items) - l.head; {
	case used == 0 && cap(l.items) > keptUnacked:
		l.items, l.head = nil, 0
	case used == 0:
		l.items, l.head = l.items[:0], 0
	case used > compactAbove && l.live < used/2:
		l.closeHoles()
	}
}

func (l *unackedList) closeHoles() {
	n := 0
	for _, item := range l.items[l.head:] {
		if item.Queue != nil {
			l.items[n] = item
			n++
		}
	}
	clear(l.items[n:])
	l.items, l.head = l.items[:n], 0
}
