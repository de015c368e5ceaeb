package queue

import "github.com/leveretmq/leveret/amqp"

// Spec is what a queue was declared as.
type Spec struct {
	VHost string
	Name  string
	// ID is the queue's number, in the range that FirstTransientID divides. That
	// of a durable queue never comes back, not even when a queue of the same
	// name is declared again; storage keys are made of it. No two queues that
	// exist have the same one, or their locks would have no order (see Commit).
	ID         uint32
	Durable    bool
	Exclusive  bool
	AutoDelete bool
	Arguments  amqp.Table
	// Paused says that the queue gives nothing out, see Queue.Pause. It is no part
	// of what clients declare.
	Paused bool
}

// FirstTransientID divides the numbers of queues: durable ones have the lower
// half, which thus lasts for 2^31-1 declarations in the life of a data
// directory; all others have the upper half, which nothing on disk refers to.
const FirstTransientID uint32 = 1 << 31
