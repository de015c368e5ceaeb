package broker

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/exchange"
	"github.com/leveretmq/leveret/message"
	"github.com/leveretmq/leveret/queue"
)

// Publisher routes the messages of one channel. It remembers the last route,
// since a channel mostly repeats itself. It is used by one goroutine.
type Publisher struct {
	vhost *VHost
	user  string
	// impersonates says that a message may name any user.
	impersonates bool

	node    *exchangeNode // that the last message has entered
	version uint64        // of the topology that it was found in

	cached   bool
	exchange string
	key      string
	queues   []*queue.Queue

	entrance *Entrance // of the last message
	replied  bool      // which was a direct reply, so that it is not that of node

	requesters []Requester // of the last message; none while a route is cached

	access     Access // nil: everything is allowed
	generation uint64 // of the answers of access
	granted    bool   // messages may go to the exchange below
	grantedTo  string
}

// Access is what the user of a publisher may do. A refusal is an *amqp.Error.
type Access interface {
	// Generation changes when an answer may not hold any more.
	Generation() uint64
	// Publish asks for messages to an exchange, be it there or not.
	Publish(exchange string) error
	// Topic asks for messages to a topic exchange with the key.
	Topic(exchange, key string) error
}

// Restrict lets the publisher do only what access allows.
func (p *Publisher) Restrict(access Access) { p.access = access }

// NewPublisher makes the publisher of a channel whose user has the given name.
func (v *VHost) NewPublisher(user string) *Publisher { return &Publisher{vhost: v, user: user} }

// Impersonate lets the messages of the publisher name any user.
func (p *Publisher) Impersonate() { p.impersonates = true }

// Route checks a message and finds its queues, each once, and its Requesters.
// The slice is valid until the topology changes and must not be changed; two
// results with the same first element's address are the same route. The
// message's properties may be replaced: a BCC header is for the broker only.
func (p *Publisher) Route(m *message.Message) ([]*queue.Queue, error) {
	const special = amqp.FlagHeaders | amqp.FlagExpiration | amqp.FlagUserID | amqp.FlagReplyTo
	p.forgetGrants()
	known := p.cached && p.exchange == m.Exchange && p.key == m.RoutingKey && p.version == p.vhost.version.Load()
	plain := m.Properties.Flags()&special == 0
	if known && plain {
		if p.replied {
			p.entrance, p.replied = p.node.entrance, false
		}
		return p.queues, nil
	}
	if err := p.grant(m.Exchange); err != nil {
		return nil, err
	}
	clear(p.requesters)
	p.requesters = p.requesters[:0]
	if plain && isReply(m.Exchange, m.RoutingKey) {
		p.entrance, p.replied = p.vhost.frontDoor, true
		p.reply(m.Exchange, m.RoutingKey)
		return nil, nil
	}
	var err error
	if !known {
		p.cached = false
		if p.node, p.version, err = p.vhost.entrance(m.Exchange); err != nil {
			return nil, err
		}
	}
	p.entrance, p.replied = p.node.entrance, false
	var keys []string
	if !plain {
		if keys, err = p.inspect(m); err != nil {
			return nil, err
		}
	}
	delayed := p.node.delay != nil && !plain && queue.Delay(m) > 0
	if keys == nil {
		if known && !delayed {
			return p.queues, nil
		}
		keys = []string{m.RoutingKey}
	}
	if err := p.grantTopics(keys); err != nil {
		return nil, err
	}
	if delayed {
		return p.node.delay, nil
	}
	return p.lookUp(keys, m), nil
}

// Entrance is where the last message has entered that Route has accepted: there it
// is to be counted.
func (p *Publisher) Entrance() *Entrance { return p.entrance }

// forgetGrants forgets what was allowed when that may not hold any more.
func (p *Publisher) forgetGrants() {
	if p.access == nil {
		return
	}
	if g := p.access.Generation(); g != p.generation {
		p.generation, p.granted, p.cached = g, false, false
	}
}

// grant asks whether messages may go to the exchange, unless the last one could.
func (p *Publisher) grant(exchange string) error {
	if p.access == nil || p.granted && p.grantedTo == exchange {
		return nil
	}
	if err := p.access.Publish(exchange); err != nil {
		p.granted = false
		return err
	}
	p.granted, p.grantedTo = true, exchange
	return nil
}

// grantTopics asks for each of the keys, if the exchange is one of topics.
func (p *Publisher) grantTopics(keys []string) error {
	if p.access == nil || p.node.spec.RoutingType() != exchange.Topic {
		return nil
	}
	for _, key := range keys {
		if err := p.access.Topic(p.node.spec.Name, key); err != nil {
			return err
		}
	}
	return nil
}

// lookUp routes through the topology and remembers the result if it depends on
// nothing but the exchange and the key. What is remembered counts as no newer
// than the topology in which the exchange was found.
func (p *Publisher) lookUp(keys []string, m *message.Message) []*queue.Queue {
	r := route{vhost: p.vhost, static: len(keys) == 1}
	p.vhost.mu.RLock()
	r.match(p.node, keys, m)
	p.vhost.mu.RUnlock()
	p.cached = r.static
	if r.static {
		p.exchange, p.key, p.queues = m.Exchange, m.RoutingKey, r.queues
	}
	p.reply(m.Exchange, keys...)
	return r.queues
}

// entrance finds the exchange that a client publishes to, and the version of
// the topology that has it.
func (v *VHost) entrance(name string) (node *exchangeNode, version uint64, err error) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	node, ok := v.exchanges[name]
	if !ok {
		return nil, 0, exchange.Missing(name, v.name)
	}
	if node.spec.Internal {
		return nil, 0, exchange.PublishInternal(name, v.name)
	}
	return node, v.version.Load(), nil
}

// inspect looks at the properties that mean something to the broker, in
// RabbitMQ's order: reply-to, expiration, CC and BCC, user-id. It returns all
// routing keys, or nil if there is none but the message's own.
func (p *Publisher) inspect(m *message.Message) (keys []string, err error) {
	if err := checkReplyTo(m); err != nil {
		return nil, err
	}
	if expiration, ok := m.Properties.Expiration(); ok {
		if err := checkExpiration(expiration); err != nil {
			return nil, err
		}
	}
	if keys, err = senderSelected(m); err != nil {
		return nil, err
	}
	if claimed, ok := m.Properties.UserID(); ok && claimed != p.user && !p.impersonates {
		return nil, amqp.Errorf(amqp.CodePreconditionFailed,
			"user_id property set to '%s' but authenticated user was '%s'", claimed, p.user)
	}
	return keys, nil
}

// usualKeys is how many routing keys a message with copies mostly has at most.
const usualKeys = 4

// senderSelected lists the message's key and those of the CC and BCC headers, if
// it has these, and removes BCC from the message.
func senderSelected(m *message.Message) (keys []string, err error) {
	// A look at the octets spares most messages the decoding of their headers.
	if !bytes.Contains(m.Properties, []byte("CC")) || !(m.Properties.HasHeader("CC") || m.Properties.HasHeader("BCC")) {
		return nil, nil
	}
	headers := m.Headers()
	keys = append(make([]string, 0, usualKeys), m.RoutingKey)
	for _, name := range []string{"CC", "BCC"} {
		value, ok := headers.Lookup(name)
		if !ok {
			continue
		}
		list, ok := value.(amqp.Array)
		if !ok {
			return nil, amqp.Errorf(amqp.CodePreconditionFailed, "invalid message: {unacceptable_type_in_header,%s,%s}",
				fmt.Sprintf("%q", name), amqp.TypeName(value))
		}
		for _, key := range list {
			if key, ok := key.(string); ok {
				keys = append(keys, key)
			}
		}
	}
	m.Properties = withoutBCC(m.Properties, headers)
	return keys, nil
}

func withoutBCC(p amqp.Properties, headers amqp.Table) amqp.Properties {
	kept := make(amqp.Table, 0, len(headers))
	for _, field := range headers {
		if field.Key != "BCC" {
			kept = append(kept, field)
		}
	}
	if len(kept) == len(headers) {
		return p
	}
	return p.WithHeaders(kept)
}

// maxExpiration is the longest time to live that RabbitMQ accepts, in
// milliseconds: ten years of 365 days.
const maxExpiration = 315_360_000_000

// checkExpiration validates the expiration property: milliseconds as a decimal
// number. The reasons print as RabbitMQ prints them.
func checkExpiration(s string) error {
	digits := strings.TrimLeft(s, "+-")
	end := 0
	for end < len(digits) && '0' <= digits[end] && digits[end] <= '9' {
		end++
	}
	signed := len(s) - len(digits)
	if end == 0 || signed > 1 {
		return invalidExpiration(s, "no_integer")
	}
	if rest := digits[end:]; rest != "" {
		return invalidExpiration(s, fmt.Sprintf("{leftover_string,%q}", rest))
	}
	value := strings.TrimPrefix(s, "+")
	n, err := strconv.ParseInt(value, 10, 64)
	switch {
	case strings.HasPrefix(value, "-") && strings.Trim(value, "-0") != "":
		return invalidExpiration(s, fmt.Sprintf("{value_negative,%s}", value))
	case err != nil || n > maxExpiration:
		return invalidExpiration(s, fmt.Sprintf("{value_too_large,%s}", value))
	}
	return nil
}

func invalidExpiration(value, reason string) error {
	return amqp.Errorf(amqp.CodePreconditionFailed, "invalid expiration '%s': %s", value, reason)
}
