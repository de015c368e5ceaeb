package queue

import "github.com/leveretmq/leveret/message"

// Entry is one message in one queue.
type Entry struct {
	// Message is nil in an unacknowledged entry whose message was given up,
	// see Held.
	Message *message.Message
	// Seq is the message's place in the queue; it never changes.
	Seq    uint64
	octets uint32 // of the body, once the message was given up
	// Returns is how often a consumer has given the message back, as far as
	// the queue counts that, and at most 65,535.
	Returns uint16
	level   uint8 // of priority; zero in a queue without priorities
	state   state
}

// state is flags of an entry.
type state uint8

const (
	// redelivered says that the message may have been seen by a consumer.
	redelivered state = 1 << iota
	// stored says that the store knows the message, and has to learn when it
	// is gone.
	stored
	// settled says that the message was read from the store, so that it can
	// be read again at any time.
	settled
	// light says that the message is not kept while it is unacknowledged.
	light
	// tomb says that this is no message any more, see expireAnywhere.
	tomb
)

// Redelivered says that the message may have been seen by a consumer.
func (e *Entry) Redelivered() bool { return e.state&redelivered != 0 }

func (e *Entry) stored() bool { return e.state&stored != 0 }

// Held is the entry as it is to be kept until it is acknowledged. Where memory
// is short it is without its message, which a requeue brings back from disk.
func (e Entry) Held() Entry {
	if e.state&light != 0 {
		e.octets, e.Message = uint32(e.Message.Size()), nil
	}
	return e
}

// before orders entries by their places.
func (e Entry) before(other Entry) bool { return e.Seq < other.Seq }

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
	if e.Message == nil || e.state&light != 0 {
		return 0
	}
	return messageCharge + int64(e.Message.Footprint())
}

// messageCharge is what a message costs beside its octets: the message, its
// strings, and its entry in a ring that may be half empty.
const messageCharge = 256
