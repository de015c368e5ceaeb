package queue

import (
	"time"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/message"
)

// State is what a queue is doing, with RabbitMQ's words.
type State string

// The states of a queue. A paused one, which RabbitMQ does not know, gives nothing
// out.
const (
	StateRunning State = "running"
	StatePaused  State = "paused"
)

// Status is what is known of a queue at one moment. It is nobody else's, but for the
// arguments of the specification, which nobody changes.
type Status struct {
	// Spec is what the queue was declared as; whether it is paused is in State.
	Spec  Spec
	Type  Type
	State State
	// Policy and OperatorPolicy are the names of those that apply, or empty.
	Policy, OperatorPolicy string
	// EffectivePolicy is what both say together, with RabbitMQ's keys; nil if nothing
	// applies. Nobody changes it.
	EffectivePolicy map[string]any

	// Ready is what waits for a consumer, Delayed what waits for its time, and
	// Unacked what a client has and has not settled.
	Ready, Delayed, Unacked Amount
	// Persistent is the part of all messages that a restart brings back, InMemory
	// the part that is in memory, and PagedOut the part that is not.
	Persistent, InMemory, PagedOut Amount
	// ReadyInMemory and UnackedInMemory are parts of InMemory.
	ReadyInMemory, UnackedInMemory int
	// Priorities is how many messages are ready of each priority, from 0 on; nil
	// for a queue that does not look at it.
	Priorities []int
	// HeadTimestamp is the timestamp property of the first ready message, in
	// seconds since 1970; nil if it has none, or is out of memory.
	HeadTimestamp *uint64

	Counters message.Counters
	// Dropped is how many messages the queue has dropped, and Reburied how many of
	// them other queues have confirmed.
	Dropped  [deadLetterStrategies]Dropped
	Reburied uint64

	// Consumers is their number, and Capacity the share of the last time in which
	// there was none that could take nothing while messages were ready: 0 to 1.
	Consumers int
	Capacity  float64
	// ExclusiveTag and ActiveTag are the tags of the consumer that has the queue
	// for itself, and of the single active one; empty if there is none.
	ExclusiveTag, ActiveTag string
	// Owner is the name of the connection that an exclusive queue belongs to.
	Owner string
	// DeliveryLimit is how often a message may come back; negative is without limit.
	DeliveryLimit int64

	// Memory is about what the queue costs in memory, in octets.
	Memory int64
	// IdleSince is when the queue was used last, within a second; zero if that is
	// not known.
	IdleSince time.Time
}

// Messages is all messages of the queue.
func (s *Status) Messages() Amount { return s.Ready.plus(s.Delayed).plus(s.Unacked) }

// ChannelRef tells where a consumer is.
type ChannelRef struct {
	// Connection is the name of its connection, empty for the broker's own.
	Connection string
	Number     uint16
	User       string
	PeerHost   string
	PeerPort   int
}

// Locator is a Waker that knows where its consumer is. It is asked without any lock
// held, and answers at any time.
type Locator interface {
	Locate() ChannelRef
}

// ConsumerStatus is what is known of a consumer at one moment.
type ConsumerStatus struct {
	VHost, Queue string
	Tag          string
	Channel      ChannelRef
	AckRequired  bool
	Exclusive    bool
	// Active says that the consumer may be given messages: of a queue with a single
	// active consumer it is that one.
	Active bool
	// Single says that the queue has a single active consumer.
	Single    bool
	Prefetch  int
	Priority  int64
	Arguments amqp.Table
	// Unacked is what the consumer was given and has not settled.
	Unacked int
	// Timeout is how long it may take to acknowledge; zero is for ever.
	Timeout time.Duration
}

// named is an owner of exclusive queues that has a name.
type named interface{ ConnectionName() string }

// Status tells what is known of the queue. It holds the queue's lock for a moment.
func (q *Queue) Status() Status {
	s := Status{Spec: q.spec, Type: q.args.Type, State: StateRunning}
	if owner, ok := q.owner.(named); ok {
		s.Owner = owner.ConnectionName()
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	s.Policy, s.OperatorPolicy, s.EffectivePolicy = q.policy.Name, q.policy.Operator, q.policy.Definition
	q.core.describe(&s)
	if s.Consumers > 0 {
		s.Capacity = q.use.now(time.Now())
	}
	if q.coarse != nil {
		s.IdleSince = time.UnixMilli(q.used)
	}
	return s
}

// Deleted says whether the queue has ended. It holds the queue's lock for a moment.
func (q *Queue) Deleted() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.deleted
}

// describe fills in what the core knows.
func (c *core) describe(s *Status) {
	if c.paused {
		s.State = StatePaused
	}
	s.DeliveryLimit = unlimited
	if c.law.Rules != nil {
		s.DeliveryLimit = c.law.DeliveryLimit
	}
	c.describeMessages(s)
	s.Counters, s.Dropped, s.Reburied = c.tally.counters.all(), c.tally.dropped, c.tally.reburied
	s.Consumers = len(c.consumers)
	if c.exclusive && len(c.consumers) > 0 {
		s.ExclusiveTag = c.consumers[0].Tag
	}
	if c.active != nil {
		s.ActiveTag = c.active.Tag
	}
	s.Memory = c.memory + queueCharge + int64(s.Consumers)*consumerCharge
	s.HeadTimestamp = c.headTimestamp()
	if s.Type == Classic {
		s.Priorities = c.lanes.lengths()
	}
}

// What a queue and a consumer cost in memory without messages, in octets, about.
const (
	queueCharge    = 2048
	consumerCharge = 512
)

// describeMessages tells where the messages are.
func (c *core) describeMessages(s *Status) {
	s.Ready = Amount{Messages: c.lanes.len(), Octets: c.lanes.bytes()}
	s.Delayed = Amount{Messages: c.waiting.len(), Octets: c.tally.waiting}
	s.Unacked = Amount{Messages: c.unacked, Octets: c.tally.unacked.Octets}
	s.Persistent = c.tally.durable
	s.PagedOut = c.lanes.outside()
	s.ReadyInMemory = s.Ready.Messages - s.PagedOut.Messages
	s.UnackedInMemory = s.Unacked.Messages - c.tally.light
	s.InMemory = s.Messages().minus(s.PagedOut)
	s.InMemory.Messages -= c.tally.light
}

// outside is the messages that are out of memory.
func (l *lanes) outside() (sum Amount) {
	count := func(r *ready) {
		for _, b := range []*backlog{r.low, r.out} {
			sum = sum.plus(Amount{Messages: b.len(), Octets: b.bytes()})
		}
	}
	if l.apart == nil {
		count(&l.only)
		return sum
	}
	for _, level := range l.apart.used {
		count(l.apart.lanes[level])
	}
	return sum
}

// headTimestamp is the timestamp of the first ready message, if that is at hand.
func (c *core) headTimestamp() *uint64 {
	lane, from := c.lanes.front()
	if from != inReturned && from != inHead {
		return nil
	}
	p := lane.peek(from).Message.Properties
	if p.Flags()&amqp.FlagTimestamp == 0 {
		return nil // spares the variable below, which is on the heap
	}
	at, ok := p.Timestamp()
	if !ok {
		return nil
	}
	return &at
}

// lengths is how many messages each lane has, by priority.
func (l *lanes) lengths() []int {
	if l.apart == nil {
		return nil
	}
	n := make([]int, len(l.apart.lanes))
	for _, level := range l.apart.used {
		n[level] = l.apart.lanes[level].len()
	}
	returns := &l.apart.returns
	for i := range returns.head.len() {
		n[returns.head.ref(i).level]++
	}
	return n
}

// Consumers lists the consumers of the queue in the order of their arrival.
func (q *Queue) Consumers() []ConsumerStatus {
	q.mu.Lock()
	list := make([]ConsumerStatus, len(q.core.consumers))
	wakers := make([]Waker, len(list))
	for i, c := range q.core.consumers {
		list[i], wakers[i] = c.describe(), c.waker
	}
	q.mu.Unlock()
	for i := range list {
		if l, ok := wakers[i].(Locator); ok {
			list[i].Channel = l.Locate()
		}
	}
	return list
}

// describe tells what the queue knows of the consumer; the caller holds the queue's
// lock.
func (c *Consumer) describe() ConsumerStatus {
	core := &c.queue.core
	return ConsumerStatus{
		VHost: c.queue.spec.VHost, Queue: c.queue.spec.Name, Tag: c.Tag, AckRequired: !c.NoAck, Exclusive: c.Exclusive,
		Active: core.law.single == shared || core.active == c, Single: core.law.single != shared,
		Prefetch: c.Prefetch, Priority: c.Priority, Arguments: c.Arguments, Unacked: c.unacked, Timeout: c.Timeout,
	}
}

// Status tells what is known of the consumer. It holds the queue's lock for a moment.
func (c *Consumer) Status() ConsumerStatus {
	c.queue.mu.Lock()
	s := c.describe()
	c.queue.mu.Unlock()
	if l, ok := c.waker.(Locator); ok {
		s.Channel = l.Locate()
	}
	return s
}
