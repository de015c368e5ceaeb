package queue

import "github.com/leveretmq/leveret/message"

// Store is what a durable queue needs of the place that keeps its messages.
//
// Submit is called under the queue's lock. It only hands the unit over, in
// memory: it never blocks and keeps no slice of the unit. Units take effect in
// the order of their submission, each as a whole or not at all, also through a
// crash. For one queue, sequence numbers of enqueued messages ascend, and an
// acknowledgement never comes before its message.
type Store interface {
	Submit(u Unit)
}

// Unit is one atomic change of stored messages.
type Unit struct {
	Enqueue []Enqueue
	Ack     []Ack
	// Done, if set, is called once when the unit is durable or has failed,
	// after the receipts of the unit and without any lock held.
	Done func(error)
}

// Enqueue is one message that enters a queue. Its receipt is told when the
// message is durable, or at once when it was acknowledged before that.
type Enqueue struct {
	Queue   uint32
	Seq     uint64
	Message *message.Message
	Receipt *message.Receipt
}

// Ack is one stored message that the queue is done with: acknowledged,
// dropped or purged.
type Ack struct {
	Queue uint32
	Seq   uint64
}

// Recovered is one message as the store found it at start.
type Recovered struct {
	Seq         uint64
	Message     *message.Message
	Redelivered bool
}
