package queue

// singleActive says how a queue chooses the one consumer that is given messages.
type singleActive int

const (
	// shared: there is no such consumer.
	shared singleActive = iota
	// faithful: the consumer stays until it goes.
	faithful
	// ambitious: one of a higher priority takes over when what the other one
	// holds is settled.
	ambitious
)

// elect chooses the active consumer anew, if the queue has one: of the highest
// priority, and of these the one that came first.
func (c *core) elect() {
	if c.law.single == shared {
		return
	}
	if c.active != nil && c.active.gone {
		c.active = nil
	}
	if c.active != nil && (c.law.single == faithful || c.active.unacked > 0) {
		return
	}
	best := c.active
	for _, consumer := range c.consumers {
		if best == nil || consumer.Priority > best.Priority {
			best = consumer
		}
	}
	if best != c.active {
		c.active = best
		c.readmit(best)
	}
}

// standsBack says that the consumer may not be given anything because another
// one is active, or is about to be.
func (c *core) standsBack(consumer *Consumer) bool {
	if c.law.single == shared {
		return false
	}
	return consumer != c.active || c.law.single == ambitious && c.successor()
}

// successor says whether a consumer of a higher priority waits for the active
// one to settle what it holds.
func (c *core) successor() bool {
	for _, consumer := range c.consumers {
		if consumer.Priority > c.active.Priority {
			return true
		}
	}
	return false
}

// Declared is what queue.declare tells of the queue: how many messages are ready,
// and how many consumers there are. Of those of a quorum queue that wait for the
// active one nothing is told (RabbitMQ behaviour). It counts as Touch does.
func (q *Queue) Declared() (messages, consumers int) {
	q.lock()
	defer q.mu.Unlock()
	q.touchByName()
	consumers = len(q.core.consumers)
	if q.core.law.single == ambitious {
		consumers = min(consumers, 1)
	}
	return q.core.lanes.len(), consumers
}
