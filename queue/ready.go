package queue

import "slices"

// ready holds the messages of one priority that wait for a consumer, in the order
// of their sequence numbers. Whatever comes back was taken from the head once, so all
// returned messages go before all others. The middle of a long queue is out of
// memory:
//
//	low, returned (mixed) | head | out | tail
type ready struct {
	returned heap[Entry]
	head     ring[Entry]
	tail     ring[Entry] // empty unless something is out
	low      *backlog    // of returned messages; nil is empty
	out      *backlog    // nil is empty
	octets   int64       // of the bodies in memory
	headSize int64       // octets of bodies in head, and a little for each
	tombs    uint32      // in head and tail, see expireAnywhere
	level    uint8       // the priority
}

func (r *ready) len() int {
	return len(r.returned) + r.head.len() + r.tail.len() + r.low.len() + r.out.len() - int(r.tombs)
}

// bytes is the octets of all bodies.
func (r *ready) bytes() int64 { return r.octets + r.low.bytes() + r.out.bytes() }

// push adds a message with a sequence number above all that came before.
func (r *ready) push(e Entry) {
	r.octets += int64(e.size())
	if r.out.empty() && r.tail.len() == 0 {
		r.pushHead(e)
	} else {
		r.tail.push(e)
	}
}

func (r *ready) pushHead(e Entry) {
	r.head.push(e)
	r.headSize += headCost(&e)
}

// headCost is what an entry counts in headSize.
func headCost(e *Entry) int64 { return int64(e.size()) + entryOverhead }

// giveBack puts a message that was taken before back to its place.
func (r *ready) giveBack(e Entry) {
	r.octets += int64(e.size())
	r.returned.push(e)
}

// giveBackLight does the same with entries whose messages were given up meanwhile.
// They are merged at once: a connection may end with a million of them, and one
// by one each would move the spans of all others.
func (r *ready) giveBackLight(entries []Entry) {
	slices.SortFunc(entries, bySeq)
	var back packer
	for i := range entries {
		back.add(&entries[i])
	}
	r.mergeLow(back.backlog)
}

// mergeLow adds to what has been returned and is out of memory.
func (r *ready) mergeLow(b backlog) {
	if b.empty() {
		return
	}
	if r.low == nil {
		r.low = new(backlog)
	}
	r.low.merge(b)
}

// place is where the first message is.
type place int

const (
	nowhere place = iota
	inReturned
	inHead
	inLow // out of memory
	inOut // out of memory
)

// front finds the message with the lowest sequence number.
func (r *ready) front() place {
	if !r.low.empty() && (len(r.returned) == 0 || r.low.first() < r.returned[0].Seq) {
		return inLow
	}
	if len(r.returned) > 0 {
		return inReturned
	}
	if r.tombs > 0 {
		r.skipTombs()
	}
	if r.head.len() == 0 && r.out.empty() && r.tail.len() > 0 {
		r.joinTail()
		r.skipTombs()
	}
	switch {
	case r.head.len() > 0:
		return inHead
	case !r.out.empty():
		return inOut
	}
	return nowhere
}

// joinTail makes the tail part of the head when nothing is out between them.
func (r *ready) joinTail() {
	if r.head.len() > 0 {
		for r.tail.len() > 0 {
			r.pushHead(r.tail.pop())
		}
		return
	}
	r.head, r.tail = r.tail, r.head
	r.headSize = 0
	for i := range r.head.len() {
		e := r.head.at(i)
		r.headSize += headCost(&e)
	}
}

// peek is the first message, whose place is in memory.
func (r *ready) peek(from place) Entry {
	if from == inReturned {
		return r.returned[0]
	}
	return r.head.front()
}

// pop takes the first message, whose place is in memory.
func (r *ready) pop(from place) Entry {
	var e Entry
	if from == inReturned {
		e = r.returned.pop()
	} else {
		e = r.head.pop()
		r.headSize -= headCost(&e)
	}
	r.octets -= int64(e.size())
	return e
}

// eachInMemory visits the messages in memory, in no order.
func (r *ready) eachInMemory(visit func(*Entry)) {
	for i := range r.returned {
		visit(&r.returned[i])
	}
	for _, ring := range []*ring[Entry]{&r.head, &r.tail} {
		for i := range ring.len() {
			e := ring.at(i)
			visit(&e)
		}
	}
}
