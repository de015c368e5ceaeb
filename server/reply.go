package server

import (
	"strings"
	"time"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/broker"
	"github.com/leveretmq/leveret/internal/lockorder"
	"github.com/leveretmq/leveret/message"
)

// Bounds of what waits for a channel that gets direct replies.
const (
	// repliesCrowded is how much may wait before responders are held back, in
	// octets.
	repliesCrowded = 256 << 10
	// repliesMost is how much may wait at all, in octets: what comes then is
	// lost. Only a client that does not read gets there, or one with very many
	// responders.
	repliesMost = 8 << 20
	// replyCost is what a reply takes besides its content, in octets.
	replyCost = 256
	// repliesPatience is how long a responder waits for a client that does not
	// read. Such a client holds nobody back again before it has read.
	repliesPatience = time.Second
)

// inbox is the direct replies of a channel that wait for its connection's
// writer.
type inbox struct {
	channel *channel
	tag     string // of the consumer
	address string
	room    amqp.Properties // of a request; belongs to the reader

	mu      lockorder.Mutex[lockorder.Window]
	waiting []*message.Message // guarded by mu; from head on
	head    int                // guarded by mu
	octets  int                // guarded by mu; of what waits
	asked   bool               // guarded by mu; the writer was told
	closed  bool               // guarded by mu
	futile  bool               // guarded by mu; a responder has waited in vain
	moved   chan struct{}      // guarded by mu; closed when something leaves; nil if nobody waits
}

var _ broker.Requester = (*inbox)(nil)

// Reply takes a message; see broker.Requester.
func (b *inbox) Reply(m *message.Message) broker.Reception {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed || b.octets > repliesMost {
		return broker.Lost
	}
	b.waiting = append(b.waiting, m)
	b.octets += replySize(m)
	if !b.asked {
		b.asked = true
		b.channel.conn.wants.reply(b) // a leaf lock and a signal
	}
	if b.octets > repliesCrowded && !b.futile {
		return broker.Crowded
	}
	return broker.Taken
}

func replySize(m *message.Message) int { return m.Footprint() + replyCost }

// PaceReplies waits until the client has read most of its replies; see
// broker.Requester.
func (b *inbox) PaceReplies() {
	for {
		moved := b.awaited()
		if moved == nil {
			return
		}
		timer := time.NewTimer(repliesPatience)
		select {
		case <-moved:
		case <-timer.C:
			if b.giveUpOn(moved) {
				b.channel.conn.peer.Warn("the client does not read its direct replies, which will be lost",
					"channel", b.channel.id)
			}
		}
		timer.Stop()
	}
}

// awaited is what a responder waits for; nil if it may go on.
func (b *inbox) awaited() chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.octets <= repliesCrowded || b.futile {
		return nil
	}
	if b.moved == nil {
		b.moved = make(chan struct{})
	}
	return b.moved
}

// giveUpOn lets responders go on if nothing has left meanwhile. It says whether
// it was the first one to do so.
func (b *inbox) giveUpOn(moved chan struct{}) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	first := b.moved == moved && !b.futile
	b.futile = b.futile || first
	return first
}

// take moves about so many octets of replies to the end of the list. More says
// that some are left; otherwise the inbox asks again.
func (b *inbox) take(list []*message.Message, octets int) (taken []*message.Message, more bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for b.head < len(b.waiting) && octets > 0 {
		m := b.waiting[b.head]
		b.waiting[b.head] = nil
		b.head++
		b.octets -= replySize(m)
		octets -= replySize(m)
		list = append(list, m)
	}
	b.tidy()
	b.futile = false
	b.disperse()
	b.asked = b.head < len(b.waiting)
	return list, b.asked
}

// tidy closes the gap at the front; the caller holds the lock.
func (b *inbox) tidy() {
	if b.head <= len(b.waiting)/2 {
		return
	}
	rest := copy(b.waiting, b.waiting[b.head:])
	clear(b.waiting[rest:])
	b.waiting, b.head = b.waiting[:rest], 0
	if rest == 0 && cap(b.waiting) > keptUnacked {
		b.waiting = nil
	}
}

// disperse wakes the responders that wait; the caller holds the lock.
func (b *inbox) disperse() {
	if b.moved != nil {
		close(b.moved)
		b.moved = nil
	}
}

// close drops what waits; nothing comes any more. It returns what was dropped.
func (b *inbox) close() (dropped []*message.Message) {
	b.mu.Lock()
	defer b.mu.Unlock()
	dropped = b.waiting[b.head:]
	b.closed, b.waiting, b.head, b.octets = true, nil, 0, 0
	b.disperse()
	return dropped
}

// deliverReplies puts direct replies on the wire, a part of a write for each
// channel that has some. The caller holds c.mu.
func (c *connection) deliverReplies() {
	left := 0
	for _, b := range c.replying {
		list, more := b.take(c.replies[:0], writeSize/2/len(c.replying))
		for _, m := range list {
			b.channel.deliverReply(b, m)
		}
		clear(list)
		c.replies = list[:0]
		if more {
			c.replying[left] = b
			left++
		}
	}
	clear(c.replying[left:])
	if c.replying = c.replying[:left]; left > 0 {
		c.wants.wake()
	}
}

// deliverReply puts one reply on the wire. The caller holds conn.mu.
func (ch *channel) deliverReply(b *inbox, m *message.Message) {
	c := ch.conn
	ch.lastTag++
	c.method = amqp.BasicDeliver{
		ConsumerTag: b.tag, DeliveryTag: ch.lastTag, Exchange: m.Exchange, RoutingKey: m.RoutingKey,
	}
	c.out = amqp.AppendDeliver(c.out, ch.id, &c.method, m.Properties, m.Body, c.frameMax)
	c.delivered.Release(m)
}

// consumeReplies gives the channel an address for direct replies.
func (ch *channel) consumeReplies(m *amqp.BasicConsume) error {
	ch.conn.mu.Lock()
	_, inUse := ch.consumers[m.ConsumerTag]
	ch.conn.mu.Unlock()
	switch {
	case inUse:
		return tagInUse(m.ConsumerTag)
	case !m.NoAck:
		return amqp.Errorf(amqp.CodePreconditionFailed, "reply consumer cannot acknowledge")
	case ch.inbox != nil:
		return amqp.Errorf(amqp.CodePreconditionFailed, "reply consumer already set")
	}
	if m.ConsumerTag == "" {
		m.ConsumerTag = broker.GenerateName(generatedTag)
	}
	ch.inbox = &inbox{channel: ch, tag: m.ConsumerTag}
	ch.inbox.address = ch.conn.vhost.OpenReplies(ch.inbox)
	ch.content.forget()
	return ch.reply(m.NoWait, nil, &amqp.BasicConsumeOk{ConsumerTag: m.ConsumerTag})
}

// cancelReplies ends the consumer of direct replies if the tag is its.
func (ch *channel) cancelReplies(tag string) (ok bool) {
	if ch.inbox == nil || ch.inbox.tag != tag {
		return false
	}
	ch.closeReplies()
	ch.content.forget()
	return true
}

// closeReplies ends the channel's address, if it has one.
func (ch *channel) closeReplies() {
	if ch.inbox == nil {
		return
	}
	ch.conn.vhost.CloseReplies(ch.inbox.address)
	for _, m := range ch.inbox.close() {
		ch.conn.stock.Release(m)
	}
	ch.inbox = nil
}

// isReplyQueue says whether a declared queue is the pseudo queue of direct
// replies or an address that clients got, which cannot be declared but looked
// for.
func isReplyQueue(name string) bool { return strings.HasPrefix(name, broker.ReplyTo) }

// declareReplies answers as if the queue was there, empty and with a consumer,
// if the name is the pseudo queue's or the address of somebody who listens.
func (ch *channel) declareReplies(m *amqp.QueueDeclare) error {
	name := CleanName(m.Queue)
	if err := ch.conn.vhost.FindReplies(name); err != nil {
		return err
	}
	ch.lastQueue = name
	return ch.reply(m.NoWait, nil, &amqp.QueueDeclareOk{Queue: name, ConsumerCount: 1})
}

// addressed is the properties of a message that comes in, with the channel's
// own address for replies if it asks for direct ones; valid until the next call.
func (ch *channel) addressed(p amqp.Properties) amqp.Properties {
	if ch.inbox == nil || !p.HasReplyTo(broker.ReplyTo) {
		return p
	}
	ch.inbox.room = p.AppendWithReplyTo(ch.inbox.room[:0], ch.inbox.address)
	return ch.inbox.room
}

// respond hands a message to all who wait for it as a direct reply.
func (ch *channel) respond(m *message.Message, to []broker.Requester) {
	c := ch.conn
	for _, r := range to {
		switch r.Reply(m) {
		case broker.Lost:
			c.stock.Release(m)
		case broker.Crowded:
			if n := len(c.crowded); n == 0 || c.crowded[n-1] != r {
				c.crowded = append(c.crowded, r)
			}
		case broker.Taken:
		}
	}
}

// paceReplies waits for the requesters that have too much to read.
func (c *connection) paceReplies() {
	for i, r := range c.crowded {
		r.PaceReplies()
		c.crowded[i] = nil
	}
	c.crowded = c.crowded[:0]
}
