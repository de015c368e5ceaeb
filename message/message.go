package message

import (
	"strconv"
	"sync/atomic"

	"github.com/leveretmq/leveret/amqp"
)

// Message is one published message. It is immutable once it has been routed:
// queues, unacknowledged lists, the store and the writers of many connections
// share the same value, and none of them may change the byte slices.
//
// A message that a Stock has made is used again for another one when nobody
// holds it any more. Those that share it hold one reference each, see Share;
// Stock.Release gives one up. Whoever cannot tell when it is done with a message
// never releases its reference, or keeps it for good by Keep: then the garbage
// collector takes the message in the end. All other messages belong to the
// garbage collector anyway, and releasing them does nothing.
type Message struct {
	// Exchange is the exchange that the message was published to; empty for
	// the default exchange.
	Exchange string
	// RoutingKey is the publisher's routing key.
	RoutingKey string
	// Properties are the content properties exactly as they came in.
	Properties amqp.Properties
	// Body is the content, in octets, without framing.
	Body []byte
	// Arrived is when the broker has taken the message in, in milliseconds since
	// 1970. The time to live of the message and of its queues begins then.
	Arrived int64
	// Persistent says that the publisher asked for delivery mode 2.
	Persistent bool

	class  class  // of the size of memory
	refs   int32  // atomic once the message is shared; see Share
	share  int32  // what Footprint is; zero is all of it
	memory []byte // that properties and body lie in; nil unless it comes from a Stock
}

// kept is added to the references of a message that must not be used again.
const kept = 1 << 30

// Share says how many queues the message goes to. Each of them owns a reference;
// without queues the caller has the only one. It is called once, before anybody
// else knows of the message but those that have called Keep.
func (m *Message) Share(queues int) {
	m.refs, m.share = m.refs&kept|int32(max(queues, 1)), 0
	if queues > 1 {
		m.share = int32(m.octets() / queues)
	}
}

// Keep leaves the message to the garbage collector, whoever releases it. The
// caller owns a reference or knows of somebody who does.
func (m *Message) Keep() {
	if m.class != unpooled && atomic.LoadInt32(&m.refs) < kept {
		atomic.OrInt32(&m.refs, kept) // others may do the same at this moment
	}
}

// Headers decodes the headers property. It is decoded at each call, so a
// caller that needs it more than once keeps the result.
func (m *Message) Headers() amqp.Table { return m.Properties.Headers() }

// TTL is the time to live that the publisher asked for, in milliseconds from the
// arrival on, if there is one.
func (m *Message) TTL() (ms int64, ok bool) {
	text, ok := m.Properties.Expiration()
	if !ok {
		return 0, false
	}
	ms, err := strconv.ParseInt(text, 10, 64)
	return ms, err == nil
}

// Size is the number of octets of the body, which is what RabbitMQ counts for
// queue lengths in bytes.
func (m *Message) Size() int {
	m.requireAlive()
	return len(m.Body)
}

// Footprint is the octets of memory that one of the queues that share the
// message accounts for.
func (m *Message) Footprint() int {
	m.requireAlive()
	if m.share > 0 {
		return int(m.share)
	}
	return m.octets()
}

// release gives a reference up and says whether it was the last one.
func (m *Message) release() (last bool) {
	if atomic.LoadInt32(&m.refs) == 1 { // the caller's, so that nobody else looks
		m.refs = 0
		return true
	}
	left := atomic.AddInt32(&m.refs, -1)
	if left < 0 {
		panic("message: released more often than it was shared")
	}
	return left == 0
}

// octets is what the message's content takes in memory.
func (m *Message) octets() int { return max(len(m.Body)+len(m.Properties), len(m.memory)) }
