package queue

import "github.com/leveretmq/leveret/message"

// Entry is one message in one queue.
type Entry struct {
	Message *message.Message
	// Seq is the message's place in the queue; it never changes.
	Seq uint64
	// Redelivered says that the message may have been seen by a consumer.
	Redelivered bool
	// stored says that the store knows the message, and has to learn when it
	// is gone.
	stored bool
}

// ready holds the messages that wait for a consumer, in the order of their
// sequence numbers. Whatever comes back was taken from the head once, so all
// returned messages go before all others: a heap beside a plain ring.
type ready struct {
	returned []Entry // binary heap by Seq
	fifo     ring[Entry]
	bytes    int64 // octets of the bodies of both
}

func (r *ready) len() int { return len(r.returned) + r.fifo.len() }

// push adds a message with a sequence number above all that came before.
func (r *ready) push(e Entry) {
	r.fifo.push(e)
	r.bytes += int64(e.Message.Size())
}

// giveBack puts a message that was taken before back to its place.
func (r *ready) giveBack(e Entry) {
	r.bytes += int64(e.Message.Size())
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

// pop takes the message with the lowest sequence number; there must be one.
func (r *ready) pop() Entry {
	var e Entry
	if len(r.returned) > 0 {
		e = r.popReturned()
	} else {
		e = r.fifo.pop()
	}
	r.bytes -= int64(e.Message.Size())
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
