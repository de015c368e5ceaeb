package broker

import "github.com/leveretmq/leveret/queue"

// Progress is how much of what is stored has come back.
type Progress struct {
	Queues   int // done, of Of
	Of       int
	Messages int
	Octets   int64 // of their bodies; an estimate, see queue.Recovered
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

func (r *recovery) add(m queue.Recovered) {
	r.Messages += m.Count
	r.Octets += m.Octets
}

func (r *recovery) queueDone() {
	r.Queues++
	r.report()
}

func (r *recovery) report() {
	if r.tell != nil {
		r.tell(r.Progress)
	}
}
