package queue

import "time"

// tally is what the core counts beside what it needs for itself. All of it changes
// under the queue's lock, a batch at once where that is possible.
type tally struct {
	counters counters
	arrivals arrivals
	dropped  [deadLetterStrategies]Dropped
	reburied uint64 // dead letters that other queues have confirmed

	unacked Amount // of what clients have; only the octets, see core.unacked
	durable Amount // messages that the store knows
	waiting int64  // octets of messages that wait for their time
	light   int    // unacknowledged messages that are not in memory
}

// Amount is a number of messages and the octets of their bodies.
type Amount struct {
	Messages int
	Octets   int64
}

func (a Amount) plus(b Amount) Amount {
	return Amount{Messages: a.Messages + b.Messages, Octets: a.Octets + b.Octets}
}

func (a Amount) minus(b Amount) Amount {
	return Amount{Messages: max(a.Messages-b.Messages, 0), Octets: max(a.Octets-b.Octets, 0)}
}

// add and remove count one message.
func (a *Amount) add(octets int) {
	a.Messages++
	a.Octets += int64(octets)
}

func (a *Amount) remove(octets int) {
	a.Messages--
	a.Octets -= int64(octets)
}

// Strategy is what a queue does with messages that it drops.
type Strategy int

// Messages are dropped for good, or published to a dead-letter exchange without or
// with confirms.
const (
	DeadLetterDisabled Strategy = iota
	DeadLetterAtMostOnce
	DeadLetterAtLeastOnce
	deadLetterStrategies
)

// String is RabbitMQ's word.
func (s Strategy) String() string {
	return [...]string{"disabled", "at_most_once", "at_least_once"}[s]
}

// Dropped is how many messages a queue has dropped, by why.
type Dropped struct {
	Rejected, Expired, MaxLength, DeliveryLimit uint64
}

// Add adds what another queue has dropped.
func (d *Dropped) Add(other *Dropped) {
	d.Rejected += other.Rejected
	d.Expired += other.Expired
	d.MaxLength += other.MaxLength
	d.DeliveryLimit += other.DeliveryLimit
}

// strategy is what becomes of messages that are dropped.
func (l *law) strategy() Strategy {
	switch {
	case l.Rules == nil || l.DeadLetter == nil:
		return DeadLetterDisabled
	case l.DeadLetter.AtLeastOnce:
		return DeadLetterAtLeastOnce
	}
	return DeadLetterAtMostOnce
}

// countDropped counts a message that the queue drops.
func (c *core) countDropped(reason Reason) {
	d := &c.tally.dropped[c.law.strategy()]
	switch reason {
	case Refused:
		d.Rejected++
	case Expired:
		d.Expired++
	case MaxLength:
		d.MaxLength++
	case DeliveryLimit:
		d.DeliveryLimit++
	}
}

// countFetched counts messages that a consumer was sent.
func (c *core) countFetched(consumer *Consumer, n int) {
	if consumer.NoAck {
		c.tally.counters.DeliverNoAck += uint64(n)
	} else {
		c.tally.counters.Deliver += uint64(n)
	}
}

// countGot counts what basic.get has found.
func (c *core) countGot(e *Entry, found bool, mode AckMode) {
	n := &c.tally.counters
	switch {
	case !found:
		n.GetEmpty++
		return
	case mode == AutoAck:
		n.GetNoAck++
	default:
		n.Get++
	}
	n.Redeliver += uint64(e.state & redelivered)
}

// durableIn is the messages of a backlog that the store knows.
func (b *backlog) durableIn() Amount {
	if b == nil {
		return Amount{}
	}
	all := Amount{Messages: b.count, Octets: b.octets}
	for _, p := range b.pages {
		all = all.minus(p.size)
	}
	return all
}

// useSpan is about how far back use looks, in nanoseconds.
const useSpan = float64(5 * time.Second)

// use is how much of the last time the consumers of a queue could take what there
// was.
type use struct {
	since time.Time // of the last change
	busy  bool      // messages are ready, and no consumer can take one
	share float64   // of the time before, in which that was not so
}

// turn notes that consumers are, or are no longer, too busy.
func (u *use) turn(busy bool) {
	now := time.Now()
	u.share, u.since = u.now(now), now
	u.busy = busy
}

// now is the share at a moment: older times count less.
func (u *use) now(now time.Time) float64 {
	passed := float64(now.Sub(u.since))
	current := 1.0
	if u.busy {
		current = 0
	}
	return u.share + (current-u.share)*passed/(passed+useSpan)
}

// noteUse finds out whether all consumers are busy though messages are ready; the
// caller holds the lock.
func (q *Queue) noteUse() {
	c := &q.core
	busy := len(c.consumers) > 0 && !c.rotation.waiting() && c.lanes.len() > 0
	if busy != q.use.busy {
		q.use.turn(busy)
	}
}
