package queue

import "github.com/leveretmq/leveret/amqp"

// The refusals that clients of quorum queues know.

func (q *Queue) checkQuorumDelete(c Condition) error {
	const text = "cannot delete %s. queue.delete operations with %s flag set are not supported by quorum queues"
	switch {
	case q.args.Type != Quorum:
		return nil
	case c.IfUnused:
		return amqp.Errorf(amqp.CodeNotImplemented, text, q.spec, "if-unused")
	case c.IfEmpty:
		return amqp.Errorf(amqp.CodeNotImplemented, text, q.spec, "if-empty")
	}
	return nil
}

// CheckConsume says whether the queue takes consumers of a channel with the
// given shared limit: quorum queues know no such limit.
func (q *Queue) CheckConsume(l *Limiter) error {
	if q.args.Type == Quorum && l.limit.Load() > 0 {
		return amqp.Errorf(amqp.CodeNotImplemented, "%s does not support global qos", q.spec)
	}
	return nil
}
