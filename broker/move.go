package broker

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"time"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/message"
	"github.com/leveretmq/leveret/queue"
)

const (
	// moveBatch and moveOctets bound what is under way at a time while messages are
	// moved: they are unacknowledged in the queue that they leave.
	moveBatch  = 512
	moveOctets = 4 << 20
	// movePatience is how long a batch may take to be as safe as a confirm says. It
	// goes back after that, and may be in both places.
	movePatience = 30 * time.Second
)

// ErrMoveTooSlow says that a batch was not confirmed in time.
var ErrMoveTooSlow = errors.New("the store has not taken the messages in time: they are back where they were, and may be in both places")

// Destination is where messages are moved to.
type Destination struct {
	vhost     *VHost
	queue     *queue.Queue // nil where an exchange routes
	publisher *Publisher
	exchange  string
	key       string
	keepKey   bool
}

// ToQueue is a queue as a destination. It gets the messages as if they came through the
// default exchange, and nobody else does, whatever CC headers they have.
func (v *VHost) ToQueue(name string) (Destination, error) {
	v.mu.RLock()
	node, ok := v.queues[name]
	v.mu.RUnlock()
	if !ok {
		return Destination{}, queue.Missing(name, v.name)
	}
	return Destination{vhost: v, queue: node.queue, key: name}, node.declared.wait()
}

// ToExchange is an exchange as a destination, into which the publisher may publish.
// The messages keep their routing keys if the key is nil.
func ToExchange(p *Publisher, exchange string, key *string) Destination {
	p.Impersonate() // who has published a message was checked when it came
	d := Destination{vhost: p.vhost, publisher: p, exchange: exchange, keepKey: key == nil}
	if key != nil {
		d.key = *key
	}
	return d
}

// Move is an order to move messages.
type Move struct {
	From *queue.Queue
	To   Destination
	// Count is how many messages are moved at most.
	Count int
	// By is who wants that.
	By Witness
}

// Moved is what was moved.
type Moved struct {
	Messages int
	Octets   int64 // of their bodies
}

// Run moves ready messages from the head of the queue, in their order, until so many
// are moved, none is ready, or the context ends, none of which is an error. A message
// leaves its queue when the destination has it as safely as a confirm says: a crash in
// between leaves it in both. What the destination refuses stays where it was, as if
// nobody had looked at it, and so does what comes behind it; the error says why.
//
// Properties, headers and bodies stay as they are; the time to live begins anew, and
// whether and how often a message was delivered is forgotten.
func (m *Move) Run(ctx context.Context) (Moved, error) {
	var total Moved
	if m.To.queue == m.From {
		return total, amqp.Errorf(amqp.CodePreconditionFailed, "%s cannot be moved to itself", m.From.Spec())
	}
	for total.Messages < m.Count && ctx.Err() == nil {
		m.To.vhost.broker.Throttle(queue.Trickle)
		moved, found, err := m.batch(min(moveBatch, m.Count-total.Messages))
		total.Messages += moved.Messages
		total.Octets += moved.Octets
		if err != nil || !found {
			return total, err
		}
	}
	return total, nil
}

// batch moves some messages, and says whether there were any.
func (m *Move) batch(most int) (moved Moved, found bool, err error) {
	out := m.fetch(most)
	kept := 0 // by the destination
	defer func() {
		m.From.Ack(out[:kept])
		m.From.PutBack(out[kept:])
	}()
	convoy := newConvoy()
	sent, octets := 0, int64(0)
	for sent < len(out) && err == nil {
		if err = m.send(out[sent].Message, convoy); err == nil {
			octets += int64(len(out[sent].Message.Body))
			sent++
		}
	}
	if !convoy.arrives(movePatience) {
		return Moved{}, true, ErrMoveTooSlow
	}
	if kept = sent; kept > 0 {
		m.To.entrance().Confirmed(kept)
		m.traceDelivered(out[:kept])
	}
	return Moved{Messages: kept, Octets: octets}, len(out) > 0, err
}

// fetch takes messages out of the queue, unacknowledged.
func (m *Move) fetch(most int) (out []queue.Delivery) {
	octets := 0
	for len(out) < most && octets < moveOctets {
		d, _, ok := m.From.Get(queue.ManualAck)
		if !ok {
			break
		}
		d.Message.Keep() // the one that is sent shares its octets
		octets += len(d.Message.Body)
		out = append(out, d)
	}
	return out
}

// traceDelivered tells of messages that have left the queue.
func (m *Move) traceDelivered(out []queue.Delivery) {
	v, ok := m.To.vhost.broker.VHost(m.From.Spec().VHost)
	if !ok || !v.Tracing() {
		return
	}
	for i := range out {
		v.TraceDelivered(m.By, &out[i].Entry, m.From.Name())
	}
}

// send publishes a message that was fetched, and has the convoy wait for it.
func (m *Move) send(old *message.Message, c *convoy) error {
	next := m.To.letter(old)
	var keys []string
	tracing := m.To.vhost.Tracing()
	if tracing {
		keys = RoutingKeys(next)
	}
	queues, err := m.To.route(next)
	switch {
	case err != nil:
		return err
	case len(queues) == 0:
		return amqp.Errorf(amqp.CodePreconditionFailed, "no queue gets messages of exchange '%s' in vhost '%s' with the routing key '%s'",
			next.Exchange, m.To.vhost.name, next.RoutingKey)
	case slices.Contains(queues, m.From):
		return amqp.Errorf(amqp.CodePreconditionFailed, "%s gets messages of exchange '%s' with the routing key '%s' itself",
			m.From.Spec(), next.Exchange, next.RoutingKey)
	}
	if tracing {
		m.To.vhost.TracePublished(m.By, next, keys, queues)
	}
	next.Share(len(queues))
	if err := m.offer(queues, next, c); err != nil {
		return err
	}
	m.To.entrance().Published(1, len(queues), confirmable)
	return nil
}

// confirmable says that a publish is to be confirmed.
const confirmable = true

// offer hands a message to its queues. It fails if one of them refuses it, and if none
// is there any more.
func (m *Move) offer(queues []*queue.Queue, next *message.Message, c *convoy) error {
	receipt := c.receipt(len(queues))
	var gone, full *queue.Queue
	taken := 0
	for _, q := range queues {
		switch q.Offer(queue.Publication{Message: next, Receipt: receipt}) {
		case queue.Taken:
			taken++
			continue
		case queue.Full:
			full = q
		default:
			gone = q
		}
		receipt.Done(false)
	}
	switch {
	case full != nil:
		return amqp.Errorf(amqp.CodePreconditionFailed, "%s is full and refuses messages", full.Spec())
	case taken == 0:
		return queue.Missing(gone.Name(), gone.Spec().VHost)
	default:
		return nil
	}
}

// letter is the message that is published for the one that was fetched.
func (d *Destination) letter(old *message.Message) *message.Message {
	m := &message.Message{
		Exchange: d.exchange, RoutingKey: d.key, Properties: old.Properties, Body: old.Body,
		Persistent: old.Persistent, Arrived: time.Now().UnixMilli(),
	}
	if d.keepKey {
		m.RoutingKey = old.RoutingKey
	}
	return m
}

func (d *Destination) route(m *message.Message) ([]*queue.Queue, error) {
	if d.queue != nil {
		return []*queue.Queue{d.queue}, nil
	}
	return d.publisher.Route(m)
}

// entrance is where the last message has entered.
func (d *Destination) entrance() *Entrance {
	if d.queue != nil {
		return d.vhost.frontDoor
	}
	return d.publisher.Entrance()
}

// convoy is messages of which somebody waits for all: a Settler for their receipts.
type convoy struct {
	left    atomic.Int32 // messages that are not confirmed; one more until all are sent
	arrived chan struct{}
}

func newConvoy() *convoy {
	c := &convoy{arrived: make(chan struct{})}
	c.left.Store(1)
	return c
}

// receipt is that of one more message, which goes to so many queues.
func (c *convoy) receipt(queues int) *message.Receipt {
	c.left.Add(1)
	return message.NewReceipt(c, 0, queues)
}

// Settle implements message.Settler. Whoever has sent a message that was refused knows
// that already.
func (c *convoy) Settle(uint64, bool) {
	if c.left.Add(-1) == 0 {
		close(c.arrived)
	}
}

// arrives waits until all are confirmed, and says whether they are in time.
func (c *convoy) arrives(patience time.Duration) bool {
	c.Settle(0, true)
	select {
	case <-c.arrived:
		return true
	case <-time.After(patience):
		return false
	}
}
