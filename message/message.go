package message

import "github.com/leveretmq/leveret/amqp"

// Message is one published message. It is immutable once it has been routed:
// queues, unacknowledged lists, the store and the writers of many connections
// share the same value, and none of them may change the byte slices.
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
	// Persistent says that the publisher asked for delivery mode 2.
	Persistent bool
	// Queues is the number of queues that share the message in memory; zero
	// counts as one.
	Queues int32
}

// Headers decodes the headers property. It is decoded at each call, so a
// caller that needs it more than once keeps the result.
func (m *Message) Headers() amqp.Table { return m.Properties.Headers() }

// Size is the number of octets of the body, which is what RabbitMQ counts for
// queue lengths in bytes.
func (m *Message) Size() int { return len(m.Body) }

// Footprint is the octets of memory that one of the queues that share the
// message accounts for.
func (m *Message) Footprint() int {
	return (len(m.Body) + len(m.Properties)) / int(max(m.Queues, 1))
}
