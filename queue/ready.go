package queue

import (
	"cmp"
	"slices"

	"github.com/leveretmq/leveret/message"
)

// Entry is one message in one queue.
type Entry struct {
	// Message is nil in an unacknowledged entry whose message was given up,
	// see Held.
	Message *message.Message
	// Seq is the message's place in the queue; it never changes.
	Seq    uint64
	octets uint32 // of the body, once the message was given up
	// Redelivered says that the message may have been seen by a consumer.
	Redelivered bool
	// stored says that the store knows the message, and has to learn when it
	// is gone.
	stored bool
	// settled says that the message was read from the store, so that it can
	// be read again at any time.
	settled bool
	// light says that the message is not kept while it is unacknowledged.
	light bool
}

// Held is the entry as it is to be kept until it is acknowledged. Where memory
// is short it is without its message, which a requeue brings back from disk.
func (e Entry) Held() Entry {
	if e.light {
		e.octets, e.Message = uint32(e.Message.Size()), nil
	}
	return e
}

// size is the octets of the body.
func (e *Entry) size() int {
	if e.Message == nil {
		return int(e.octets)
	}
	return e.Message.Size()
}

// charge is what the entry costs in memory, in octets, about. A body that
// several queues share is charged to each of them in part.
func (e *Entry) charge() int64 {
	if e.Message == nil || e.light {
		return 0
	}
	return messageCharge + int64(e.Message.Footprint())
}

// messageCharge is what a message costs beside its octets: the message, its
// strings, and its entry in a ring that may be half empty.
const messageCharge = 256

// ready holds the messages that wait for a consumer, in the order of their
// sequence numbers. Whatever comes back was taken from the head once, so all
// returned messages go before all others. The middle of a long queue is out of
// memory:
//
//	low, returned (mixed) | head | out | tail
type ready struct {
	returned []Entry // binary heap by Seq
	head     ring[Entry]
	tail     ring[Entry] // empty unless something is out
	low      backlog     // of returned messages
	out      backlog
	octets   int64 // of the bodies in memory
	headSize int64 // octets of bodies in head, and a little for each
}

func (r *ready) len() int {
	return len(r.returned) + r.head.len() + r.tail.len() + r.low.count + r.out.count
}

// bytes is the octets of all bodies.
func (r *ready) bytes() int64 { return r.octets + r.low.octets + r.out.octets }

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
	r.pushReturned(e)
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
	r.low.merge(back.backlog)
}

func (r *ready) pushReturned(e Entry) {
	r.returned = append(r.returned, e)
	h := r.returned
	for i := len(h) - 1; i > 0; {
		parent := (i - 1) / 2
		if h[parent].Seq <= h[i].Seq {
			break
		}
		h[parent], h[i] = h[i], h[parent]
		i = parent
	}
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
	if r.head.len() == 0 && r.out.empty() && r.tail.len() > 0 {
		r.joinTail()
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

// pop takes the first message, whose place is in memory.
func (r *ready) pop(from place) Entry {
	var e Entry
	if from == inReturned {
		e = r.popReturned()
	} else {
		e = r.head.pop()
		r.headSize -= headCost(&e)
	}
	r.octets -= int64(e.size())
	return e
}

func (r *ready) popReturned() Entry {
	h := r.returned
	e, last := h[0], len(h)-1
	h[0], h[last] = h[last], Entry{}
	h = h[:last]
	for i := 0; ; {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(h); child++ {
			if h[child].Seq < h[least].Seq {
				least = child
			}
		}
		if least == i {
			break
		}
		h[i], h[least] = h[least], h[i]
		i = least
	}
	if len(h) == 0 {
		h = nil
	}
	r.returned = h
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

// redelivered lists the stored messages that a consumer may have seen.
func (r *ready) redelivered() []Span {
	var list []Span
	r.eachInMemory(func(e *Entry) {
		if e.stored && e.Redelivered {
			list = append(list, Span{First: e.Seq, Last: e.Seq})
		}
	})
	list = append(append(list, r.low.flagged...), r.out.flagged...)
	slices.SortFunc(list, func(a, b Span) int { return cmp.Compare(a.First, b.First) })
	return list
}
