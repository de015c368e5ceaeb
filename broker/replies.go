package broker

import (
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/exchange"
	"github.com/leveretmq/leveret/message"
	"github.com/leveretmq/leveret/queue"
)

// ReplyTo is the pseudo queue of direct replies: who consumes from it has an
// address of its own, and whoever publishes to that address by the default
// exchange reaches the consumer without any queue.
const ReplyTo = "amq.rabbitmq.reply-to"

// replyPrefix begins each address.
const replyPrefix = ReplyTo + "."

// Requester is a channel that gets direct replies.
type Requester interface {
	// Reply hands over a message and with it one reference, unless it is lost.
	// It does not block, and is called with no lock of rank Wants or above held.
	Reply(m *message.Message) Reception
	// PaceReplies holds the responder back while the requester has a lot to
	// read. It is called with no lock held.
	PaceReplies()
}

// Reception is what became of a reply.
type Reception int

const (
	// Lost says that nobody gets the reply; its reference is still the caller's.
	Lost Reception = iota
	// Taken is how it should be.
	Taken
	// Crowded says that it was taken, but that so much waits for the requester
	// that the responder should call PaceReplies before it publishes more.
	Crowded
)

// replies are the requesters of a virtual host. An address is looked up without
// a lock.
type replies struct {
	last      atomic.Uint64 // number of the newest address
	byAddress sync.Map      // of Requester, by string
}

// OpenReplies gives a requester its address. The first part of it is a number,
// which makes it unique, the second one are 16 random octets, so that nobody
// can reply who was not asked.
func (v *VHost) OpenReplies(r Requester) (address string) {
	number := strconv.FormatUint(v.replies.last.Add(1), 36)
	address = GenerateName(replyPrefix + number + ".")
	v.replies.byAddress.Store(address, r)
	return address
}

// CloseReplies ends an address.
func (v *VHost) CloseReplies(address string) { v.replies.byAddress.Delete(address) }

// FindReplies returns an error unless the name is the pseudo queue's or the
// address of a requester that is there.
func (v *VHost) FindReplies(name string) error {
	if name == ReplyTo || v.requester(name) != nil {
		return nil
	}
	return queue.Missing(name, v.name)
}

// requester finds out whose address it is; nil is nobody's.
func (v *VHost) requester(address string) Requester {
	found, _ := v.replies.byAddress.Load(address)
	r, _ := found.(Requester)
	return r
}

// isReply says whether a message to the exchange with that key is a direct
// reply.
func isReply(to, key string) bool {
	return to == exchange.Default && len(key) > len(replyPrefix) && strings.HasPrefix(key, replyPrefix)
}

// Requesters are those that the last routed message is a direct reply to. They
// are valid until the next call of Route.
func (p *Publisher) Requesters() []Requester { return p.requesters }

// reply finds the requesters of the message's keys, each once. The route is not
// remembered: so a route that is has none.
func (p *Publisher) reply(to string, keys ...string) {
	for _, key := range keys {
		if !isReply(to, key) {
			continue
		}
		p.cached = false
		if r := p.vhost.requester(key); r != nil && !slices.Contains(p.requesters, r) {
			p.requesters = append(p.requesters, r)
		}
	}
}

// checkReplyTo refuses a message that asks for direct replies on a channel that
// has no address for them; that of others was put into the message before.
func checkReplyTo(m *message.Message) error {
	if m.Properties.HasReplyTo(ReplyTo) {
		return amqp.Errorf(amqp.CodePreconditionFailed, "fast reply consumer does not exist")
	}
	return nil
}
