package message

import "sync/atomic"

// Settler learns the fate of one publish. Settle is called exactly once for
// each receipt, from any goroutine, possibly while the caller holds a queue's
// lock: it must not block and must not call back into a queue.
type Settler interface {
	Settle(tag uint64, accepted bool)
}

// Receipt is one publish that waits for its queues: it settles when every
// queue that the message was routed to has reported. All methods work on a
// nil receipt, which means that nobody waits.
type Receipt struct {
	owner    Settler
	tag      uint64
	pending  atomic.Int32
	rejected atomic.Bool
}

// NewReceipt makes the receipt of the publish with the given tag, which waits
// for the given number of reports.
func NewReceipt(owner Settler, tag uint64, reports int) *Receipt {
	r := &Receipt{owner: owner, tag: tag}
	r.pending.Store(int32(reports))
	return r
}

// Done reports for one queue: the message is kept as safely as it has to be,
// or it was refused. The last report settles the publish; one refusal is
// enough to refuse it (RabbitMQ behaviour: a publish is nacked if any of its
// queues rejects).
func (r *Receipt) Done(accepted bool) {
	if r == nil {
		return
	}
	if !accepted {
		r.rejected.Store(true)
	}
	if r.pending.Add(-1) == 0 {
		r.owner.Settle(r.tag, !r.rejected.Load())
	}
}
