package queue

import (
	"sync/atomic"
	"time"

	"github.com/leveretmq/leveret/amqp"
)

const (
	// maxAssigned is how many messages may wait for a consumer's connection
	// to fetch them. RabbitMQ uses the same number for its unsent messages.
	maxAssigned = 200
	// maxAssignedBytes bounds the same in octets of bodies: as much as one
	// write to a socket carries.
	maxAssignedBytes = 256 << 10
)

// Waker is told that a consumer has something to fetch. It must not block and
// must not call back into a queue.
type Waker interface {
	Wake(c *Consumer)
}

// Timed is a Waker that minds how long its consumer may take to acknowledge. Retime
// tells that the queue may have another time than before, see Queue.AckTimeout. It is
// called with no lock held but that of a change of policies.
type Timed interface {
	Retime(c *Consumer)
}

// ConsumerOptions is what a consumer asked for.
type ConsumerOptions struct {
	Tag       string
	NoAck     bool
	Exclusive bool
	// Priority is the x-priority argument; higher goes first.
	Priority int64
	// Prefetch is the number of unacknowledged messages that the consumer may
	// hold; zero means no limit. It does not apply with NoAck.
	Prefetch int
	// Limiter is the limit that the consumers of a channel share (basic.qos
	// with global set).
	Limiter *Limiter
	// Arguments are what the consumer was declared with, and Timeout is how long
	// it may take to acknowledge, see SetTimeout. The queue only shows them.
	Arguments amqp.Table
	Timeout   time.Duration
}

// Consumer takes messages from one queue. Its options do not change, but for the
// timeout; all else belongs to the queue.
type Consumer struct {
	ConsumerOptions
	queue *Queue
	waker Waker

	// The fields below are guarded by the queue's lock.

	assigned      ring[Entry]
	assignedBytes int
	unacked       int   // assigned or delivered, and not acknowledged
	line          *line // of its priority, while it takes part
	inLine        bool  // stands in the rotation
	asked         bool  // the connection was told and has not fetched since
	gone          bool  // cancelled, or its queue is deleted
}

// NewConsumer makes a consumer of q that reports to w. It takes part when it
// is handed to AddConsumer.
func NewConsumer(q *Queue, w Waker, o ConsumerOptions) *Consumer {
	if q != nil && q.args.Type == Quorum {
		o.Exclusive = false // which such a queue does not enforce (RabbitMQ behaviour)
	}
	if o.NoAck {
		o.Prefetch = 0
	}
	return &Consumer{ConsumerOptions: o, queue: q, waker: w}
}

// SetTimeout changes how long the consumer may take to acknowledge.
func (c *Consumer) SetTimeout(timeout time.Duration) {
	c.queue.mu.Lock()
	defer c.queue.mu.Unlock()
	c.Timeout = timeout
}

// Queue is the queue that the consumer takes from.
func (c *Consumer) Queue() *Queue { return c.queue }

// acquire takes one message's worth of the shared limit. Without
// acknowledgements nothing is taken; but a consumer without them waits, too,
// while others have used up the limit (RabbitMQ behaviour).
func (c *Consumer) acquire() bool {
	switch {
	case c.Limiter == nil:
		return true
	case c.NoAck:
		return c.Limiter.admit(0)
	}
	return c.Limiter.admit(1)
}

// yieldLimit gives back what the consumer took of the shared limit for messages
// that it will never fetch.
func (c *Consumer) yieldLimit() {
	if !c.NoAck && c.Limiter != nil {
		c.Limiter.Hold(-int64(c.assigned.len()))
	}
}

// Limiter is the number of unacknowledged messages that the consumers of one
// channel may hold together, whatever their queues. Its methods are safe for
// concurrent use.
type Limiter struct {
	ceiling int64 // never exceeded, whatever the limit; zero is none
	limit   atomic.Int64
	held    atomic.Int64
	refused atomic.Bool
}

// NewLimiter makes a limiter without a limit, under a ceiling that clients cannot change
// and do not see; zero is none.
func NewLimiter(ceiling int64) *Limiter { return &Limiter{ceiling: ceiling} }

// SetLimit changes the limit; zero means none. The messages that are held
// already count. The caller resumes the channel's consumers afterwards.
func (l *Limiter) SetLimit(limit int64) { l.limit.Store(limit) }

// Limit is the limit; zero is none.
func (l *Limiter) Limit() int64 { return l.limit.Load() }

// Hold counts messages that are unacknowledged though nobody asked for room.
func (l *Limiter) Hold(n int64) { l.held.Add(n) }

// Release gives n messages' worth back and says whether a consumer was
// refused since the last time: the caller then resumes the channel's
// consumers, since no queue knows of the other ones.
func (l *Limiter) Release(n int64) (resume bool) {
	l.held.Add(-n)
	return l.refused.Load() && l.refused.Swap(false)
}

// admit takes n messages' worth if the limit is not reached; n may be zero.
func (l *Limiter) admit(n int64) bool {
	if l.tryAdmit(n) {
		return true
	}
	// A Release between the failed try and the flag would be missed: raise
	// the flag first, then look once more.
	l.refused.Store(true)
	return l.tryAdmit(n)
}

func (l *Limiter) tryAdmit(n int64) bool {
	for {
		limit, held := l.limit.Load(), l.held.Load()
		if limit > 0 && held >= limit || l.ceiling > 0 && held >= l.ceiling {
			return false
		}
		if n == 0 || l.held.CompareAndSwap(held, held+n) {
			return true
		}
	}
}
