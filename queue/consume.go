package queue

import "github.com/leveretmq/leveret/amqp"

// AddConsumer lets the consumer take part. It is refused if it wants the queue
// for itself and others are there, or if another one has it for itself, and
// if the queue is deleted. A queue that chooses a single active consumer has
// none for itself.
func (q *Queue) AddConsumer(c *Consumer) error {
	q.lock()
	if q.deleted {
		q.mu.Unlock()
		return Missing(q.spec.Name, q.spec.VHost)
	}
	if q.core.exclusive || c.Exclusive && (len(q.core.consumers) > 0 || q.core.law.single != shared) {
		q.mu.Unlock()
		return amqp.Errorf(amqp.CodeAccessRefused, "%s in exclusive use", q.spec)
	}
	q.core.addConsumer(c)
	q.finish(&Unit{})
	return nil
}

// RemoveConsumer takes the consumer away; what was assigned to it and not
// fetched is ready again. It reports whether an auto-delete queue has thereby
// lost its last consumer, and so has to be deleted by the caller.
func (q *Queue) RemoveConsumer(c *Consumer) (abandoned bool) {
	q.lock()
	q.touch()
	if q.deleted {
		q.mu.Unlock()
		return false
	}
	removed := q.core.removeConsumer(c)
	abandoned = removed && q.spec.AutoDelete && len(q.core.consumers) == 0
	q.finish(&Unit{})
	return abandoned
}

// Fetched tells what a fetch found.
type Fetched int

const (
	// Drained: nothing is left for now; the waker is called when that changes.
	Drained Fetched = iota
	// More: the caller has to come back, nobody will tell it.
	More
	// Gone: the queue of the consumer was deleted.
	Gone
)

// Fetch appends to dst what the consumer is given, up to maxBytes octets of
// bodies. Unless the consumer acknowledges automatically, the messages are now
// unacknowledged, and the caller answers for each by Ack or Requeue; otherwise
// their references are the caller's. It is called by the one goroutine that writes to the consumer's connection.
func (q *Queue) Fetch(c *Consumer, dst []Entry, maxBytes int) ([]Entry, Fetched) {
	q.lock()
	if c.gone {
		deleted := q.deleted
		q.mu.Unlock()
		if deleted {
			return dst, Gone
		}
		return dst, Drained
	}
	q.core.short = q.pager.short()
	before := len(dst)
	dst, more := q.core.fetch(c, dst, maxBytes)
	q.core.countFetched(c, len(dst)-before)
	q.finish(&Unit{})
	if more {
		return dst, More
	}
	return dst, Drained
}

// Resume lets a consumer stand in line again that was refused by the limit of
// its channel.
func (q *Queue) Resume(c *Consumer) {
	q.lock()
	q.core.readmit(c)
	q.core.dispatch()
	q.finish(&Unit{})
}

// Pause says whether the queue gives messages out, to consumers and to basic.get.
// It takes messages all the time, and what it has given out can be settled.
func (q *Queue) Pause(paused bool) {
	q.lock()
	q.core.paused = paused
	q.core.dispatch()
	q.finish(&Unit{})
}

// Missing is the error for a queue that does not exist.
func Missing(name, vhost string) *amqp.Error {
	return amqp.Errorf(amqp.CodeNotFound, "no queue '%s' in vhost '%s'", name, vhost)
}

// Locked is the error for a queue that is exclusive to another connection, or
// that is declared exclusive though it is not.
func (s Spec) Locked() *amqp.Error {
	return amqp.Errorf(amqp.CodeResourceLocked,
		"cannot obtain exclusive access to locked %s. It could be originally declared on another connection "+
			"or the exclusive property value does not match that of the original declaration.", s)
}

// ConsumerPriority reads the x-priority argument of a consumer of q; without
// it, the priority is zero. It refuses arguments that belong to other queues.
func ConsumerPriority(q *Queue, args amqp.Table) (int64, error) {
	value, ok := args.Lookup("x-priority")
	if !ok {
		return 0, q.checkConsumer(args)
	}
	priority, ok := amqp.Integer(value)
	if !ok {
		return 0, q.spec.invalid("x-priority", integerReason(value))
	}
	return priority, q.checkConsumer(args)
}
