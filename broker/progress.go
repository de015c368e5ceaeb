package broker

import "github.com/leveretmq/leveret/queue"

// Progress is how much of what is stored has come back.
type Progress struct {
	Queues   int // done, of Of
	Of       int
	Messages int
}

// recovery counts what comes back, and tells.
type recovery struct {
	Progress
	tell func(Progress) // may be nil
}

func (r *recovery) begin(queues int) {
	r.Of = queues
	r.report()
}

// add counts a queue that is complete.
func (r *recovery) add(q *queue.Queue) {
	r.Queues++
	r.Messages += q.Counts().Ready
	r.report()
}

func (r *recovery) report() {
	if r.tell != nil {
		r.tell(r.Progress)
	}
}
