package broker

import (
	"sync"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/queue"
)

// queueNumbers gives queues their numbers. Those of durable queues never come
// back, and a data directory can run out of them. Those of the others start
// anew with the process and come round, which a day of many reply queues would
// bring about some time: the ones in use are left out then.
type queueNumbers struct {
	mu        sync.Mutex          // a leaf
	durable   uint32              // guarded by mu; the last one
	transient uint32              // guarded by mu; the last one
	inUse     map[uint32]struct{} // guarded by mu; of transient queues
}

// newQueueNumbers goes on after the last number that a durable queue had.
func newQueueNumbers(last uint32) *queueNumbers {
	return &queueNumbers{durable: last, inUse: make(map[uint32]struct{})}
}

// next is the number of a new queue. A durable one has as many as it has streams.
func (n *queueNumbers) next(spec queue.Spec) (uint32, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if spec.Durable {
		streams := uint32(spec.Streams())
		if n.durable+streams >= queue.FirstTransientID {
			return 0, amqp.Errorf(amqp.CodeResourceError,
				"%s is one durable queue too many: this data directory has had %d of them", spec, n.durable)
		}
		first := n.durable + 1
		n.durable += streams
		return first, nil
	}
	if len(n.inUse) >= int(queue.FirstTransientID) {
		return 0, amqp.Errorf(amqp.CodeResourceError, "%s is one queue too many: there are %d", spec, len(n.inUse))
	}
	for {
		n.transient = (n.transient + 1) | queue.FirstTransientID
		if _, taken := n.inUse[n.transient]; !taken {
			n.inUse[n.transient] = struct{}{}
			return n.transient, nil
		}
	}
}

// release gives the number of a deleted queue back.
func (n *queueNumbers) release(id uint32) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.inUse, id)
}
