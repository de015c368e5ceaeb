package queue

import (
	"slices"

	"github.com/leveretmq/leveret/amqp"
)

// The refusals that clients of quorum queues know, and the header that they look at.

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

// CheckGet says whether the queue may be asked for single messages: a quorum queue
// may not, where a single consumer is to get all of them.
func (q *Queue) CheckGet() error {
	if q.args.Type == Quorum && q.core.law.single != shared {
		return amqp.Errorf(amqp.CodeResourceLocked, "cannot obtain access to locked %s. "+
			"basic.get operations are not supported by quorum queues with single active consumer", q.spec)
	}
	return nil
}

// deliveryCount is the header that tells how often a message has come back.
const deliveryCount = "x-delivery-count"

// Properties are those of the message as consumers get them: with the number of
// returns, if there were any and the queue counts them.
func (e *Entry) Properties() amqp.Properties {
	if e.Returns == 0 {
		return e.Message.Properties
	}
	sent := func(f amqp.Field) bool { return f.Key == deliveryCount }
	headers := slices.DeleteFunc(e.Message.Properties.Headers(), sent)
	return e.Message.Properties.WithHeaders(append(headers, amqp.Field{Key: deliveryCount, Value: int64(e.Returns)}))
}
