package queue

import "github.com/leveretmq/leveret/message"

// Store is what queues need of the place that keeps their messages.
//
// Submit is called under the queue's lock. It only hands the unit over, in
// memory: it never blocks and keeps no slice of the unit. Units take effect in
// the order of their submission, each as a whole or not at all, also through a
// crash. For one queue, sequence numbers of enqueued messages ascend, and an
// acknowledgement never comes before its message.
//
// The other methods read and write; they are called without any lock.
type Store interface {
	Submit(u Unit)
	// Load reads stored messages of a queue: those whose numbers lie in the
	// spans, which ascend, up to about the given number of octets of bodies.
	// They come ascending and are complete up to through; a message that is
	// not there has been lost, which the store has told in its log. Nothing
	// is loaded that is not committed yet.
	Load(queue uint32, spans []Span, octets int) (loaded []Loaded, through uint64)
	// SwapOut writes messages that need not survive the process. Their memory
	// may be given up afterwards.
	SwapOut(messages []Loaded) (page uint64, err error)
	// SwapIn reads a page. It returns nothing if the page cannot be read,
	// which the store has told in its log.
	SwapIn(page uint64) []Loaded
	// SwapFree gives the space of a page back.
	SwapFree(page uint64)
}

// Unit is one atomic change of stored messages.
type Unit struct {
	Enqueue []Enqueue
	Ack     []Ack
	// Purge is stored messages that are gone, all that lie in the ranges.
	Purge []Range
	// Gather is committed messages that are about to leave memory. Those that
	// lie scattered are written again side by side, so that a long queue costs
	// little memory and is read in large pieces. Their receipts are nil.
	Gather []Enqueue
	// Done, if set, is called once when the unit is durable or has failed,
	// after the receipts of the unit and without any lock held.
	Done func(error)
}

// Empty says whether the unit changes nothing.
func (u *Unit) Empty() bool { return len(u.Enqueue)+len(u.Ack)+len(u.Purge)+len(u.Gather) == 0 }

// Enqueue is one message that enters a queue. Its receipt is told when the
// message is durable, or at once when it was acknowledged before that.
type Enqueue struct {
	Queue   uint32
	Seq     uint64
	Message *message.Message
	Receipt *message.Receipt
}

// Ack is one stored message that the queue is done with: acknowledged or
// dropped.
type Ack struct {
	Queue uint32
	Seq   uint64
}

// Span is the messages between two sequence numbers, both included.
type Span struct{ First, Last uint64 }

// Range is a span of one queue.
type Range struct {
	Queue uint32
	Span
	// Returns is how often each of its messages has come back from consumers, in
	// what a clean stop records; see Entry.
	Returns uint16
}

// Loaded is one message that was read back. The octets of its message belong
// to the message.
type Loaded struct {
	Seq     uint64
	Message *message.Message
}

// Recovered is what the store found of a queue at start: one message that is
// in memory, or stored messages that stay on the disk until they are needed.
type Recovered struct {
	Span
	// Message is the only message of the span, or nil if the messages stay on
	// the disk.
	Message *message.Message
	// Count is the number of messages in the span, and Octets that of their
	// bodies, which is an estimate if some of them were acknowledged.
	Count  int
	Octets int64
	// Expires says that some of them may have a time to live of their own; it
	// is left out where Message is there to be asked.
	Expires bool
	// Redelivered are the messages that a consumer may have seen.
	Redelivered []Span
	// Returns is how often those of them have come back that have, as far as
	// the last stop knew; see Entry. The map belongs to the queue.
	Returns map[uint64]uint16
}
