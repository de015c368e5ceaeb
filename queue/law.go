package queue

import (
	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/message"
)

// unlimited is the value of a limit that does not exist.
const unlimited = -1

// Rules are what arguments, or a policy, say about the messages of a queue. They
// can change while the queue lives. A limit that is negative does not exist.
type Rules struct {
	// TTL is how long a message may be ready, in milliseconds from its arrival.
	TTL int64
	// Expires is how long the queue may be unused, in milliseconds.
	Expires int64
	// MaxLength and MaxBytes are how much may be ready, in messages and octets
	// of bodies.
	MaxLength, MaxBytes int64
	// Overflow is what becomes of what is too much.
	Overflow Overflow
	// DeadLetter is where dropped messages go; nil means nowhere.
	DeadLetter *DeadLetter
	// DeliveryLimit is how often a message may come back from consumers.
	DeliveryLimit int64
	// Retry is how long a message that comes back has to wait.
	Retry Retry
}

// Overflow is the value of the x-overflow argument.
type Overflow string

// What a queue does with too many messages: drop the oldest, refuse the new
// ones, or refuse them and publish them to the dead-letter exchange, too.
const (
	DropHead         Overflow = "drop-head"
	RejectPublish    Overflow = "reject-publish"
	RejectPublishDLX Overflow = "reject-publish-dlx"
)

// DeadLetter is where dropped messages go.
type DeadLetter struct {
	Exchange string
	// Key replaces the routing keys of the message if HasKey is set.
	Key    string
	HasKey bool
	// AtLeastOnce says that a message leaves only when another queue has it.
	AtLeastOnce bool
}

// NoRules is what a queue without arguments and policies has.
func NoRules() Rules {
	return Rules{
		TTL: unlimited, Expires: unlimited, MaxLength: unlimited, MaxBytes: unlimited,
		Overflow: DropHead, DeliveryLimit: unlimited,
	}
}

// law is everything that makes a queue something else than a line of messages.
type law struct {
	*Rules              // nil if there are none
	levels  *priorities // nil without priorities
	single  singleActive
	counted bool // how often messages come back, whatever the rules say
	counts  bool // the same, but as the rules say
	// returnsFirst says that messages that come back go before all others, in
	// whatever order they come.
	returnsFirst bool
	delays       bool // messages may ask to be held back
	anywhere     bool // messages expire anywhere, not only at the front
	keeps        bool // all messages, however transient
}

// highest is the highest level.
func (l *law) highest() int {
	if l.levels == nil {
		return 0
	}
	return int(l.levels.highest)
}

// dense says that the stored messages of a lane are neighbours: between two of
// them lies no other one of the lane that is somewhere else. What waits may do so,
// and what has expired until it is buried.
func (l *law) dense() bool { return !l.delays && !l.anywhere }

// priorities maps the priority of messages to levels.
type priorities struct {
	highest uint8
	usual   uint8 // of messages that do not say
}

// of is the level of a message.
func (p *priorities) of(m *message.Message) uint8 {
	level, ok := m.Properties.Priority()
	if !ok {
		level = p.usual
	}
	return min(level, p.highest)
}

// limited says whether a message has come back too often.
func (l *law) limited(returns uint16) bool {
	return l.Rules != nil && l.DeliveryLimit >= 0 && int64(returns) > l.DeliveryLimit
}

// Retry is how long messages wait that come back from consumers.
type Retry struct {
	// Failed and Returned say for what: for basic.reject and channels that end,
	// and for basic.nack.
	Failed, Returned bool
	// Min is the wait after the first return, in milliseconds. It grows with
	// each one, up to Max.
	Min, Max int64
}

// Return is how a delivery comes back.
type Return int

const (
	// Nacked is by basic.nack or basic.recover.
	Nacked Return = iota
	// Rejected is by basic.reject.
	Rejected
	// Abandoned is because the channel has ended.
	Abandoned
)

// timed says whether the rules depend on the time.
func (l *law) timed() bool {
	return l.Rules != nil && (l.TTL >= 0 || l.Expires >= 0) || l.delays || l.retries()
}

// retries says whether messages that come back may have to wait.
func (l *law) retries() bool { return l.Rules != nil && l.Retry != Retry{} }

// retryDelay is how long a message has to wait that comes back for the given
// time, in milliseconds.
func (l *law) retryDelay(returns uint16, how Return) int64 {
	if l.Rules == nil {
		return 0
	}
	r := &l.Retry
	applies := r.Failed
	if how == Nacked {
		applies = r.Returned
	}
	if !applies {
		return 0
	}
	delay := r.Min * int64(returns)
	if r.Max > 0 {
		delay = min(delay, r.Max)
	}
	return delay
}

// never is a time that does not come, in milliseconds since 1970.
const never = 1<<63 - 1

// deadline is when a message expires.
func (c *core) deadline(m *message.Message) int64 { return c.law.deadline(c.lifetime(m)) }

// lifetime is from when on the time of a message counts, in milliseconds since 1970,
// and the time that it has itself, in milliseconds.
func (c *core) lifetime(m *message.Message) (ready, own int64) {
	ready, own = m.Arrived, never
	if m.Properties.Flags()&amqp.FlagExpiration != 0 {
		if ttl, ok := m.TTL(); ok {
			own = ttl
		}
	}
	if c.law.delays {
		ready += Delay(m) // while it waits it is not ready
	}
	return ready, own
}

// deadline is when a message of such a lifetime expires.
func (l *law) deadline(ready, own int64) int64 {
	ttl := own
	if l.Rules != nil && l.TTL >= 0 {
		ttl = min(ttl, l.TTL)
	}
	if ttl == never {
		return never
	}
	return ready + ttl
}

// expired says whether a message should be gone at the given time.
func (c *core) expired(e Entry, now int64) bool { return c.deadline(e.Message) <= now }

// tidy drops what may not remain: what is too much, and what has expired at the
// front. Behind the front nothing is looked for (RabbitMQ behaviour).
func (c *core) tidy() {
	c.expireAnywhere()
	c.trim()
	if c.timed {
		c.expire()
		if len(c.mortals) > 0 {
			c.wakeAt = min(c.wakeAt, c.mortals[0].deadline)
		}
		c.wakeAt = min(c.wakeAt, c.waiting.next())
	}
}

// expire drops what has expired at the front, and notes when more will.
func (c *core) expire() {
	for c.wakeAt = never; ; {
		lane, from := c.lanes.front()
		switch from {
		case nowhere:
			return
		case inLow, inOut:
			c.effects.load = true // to know when
			return
		}
		e := lane.peek(from)
		if !c.expired(e, c.now) {
			c.wakeAt = c.deadline(e.Message)
			return
		}
		c.drop(lane.pop(from), Expired)
	}
}

// trim drops messages at the front while there are too many.
func (c *core) trim() {
	for c.trimming {
		if !c.over() {
			c.trimming = false
			return
		}
		lane, from := c.lanes.front()
		if from == inLow || from == inOut {
			c.effects.load = true
			return
		}
		c.drop(lane.pop(from), MaxLength)
	}
}

// over says whether more is ready than may be.
func (c *core) over() bool {
	l := c.law.Rules
	if l == nil || l.Overflow != DropHead {
		return false
	}
	return l.MaxLength >= 0 && int64(c.lanes.len()) > l.MaxLength ||
		l.MaxBytes >= 0 && c.lanes.bytes() > l.MaxBytes
}

// bounded says whether the queue has a limit of its length.
func (l *law) bounded() bool { return l.Rules != nil && (l.MaxLength >= 0 || l.MaxBytes >= 0) }

// full says whether the queue refuses the message.
func (c *core) full(m *message.Message) bool {
	l := c.law.Rules
	return l.MaxLength >= 0 && int64(c.lanes.len())+1 > l.MaxLength ||
		l.MaxBytes >= 0 && c.lanes.bytes()+int64(m.Size()) > l.MaxBytes
}

// hasRoomFor says whether a queue of bounded length would take the message.
func (c *core) hasRoomFor(m *message.Message) bool {
	c.trimming = true
	c.dispatch() // what a consumer takes at once does not fill the queue
	return c.law.Overflow == DropHead || !c.full(m)
}
