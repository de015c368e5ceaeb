package message

import "github.com/leveretmq/leveret/amqp"

// DeduplicationHeader is the header by which messages are told apart where repeats
// are dropped: by queues and by exchanges (as the community plugin for RabbitMQ).
const DeduplicationHeader = "x-deduplication-header"

// DeduplicationID is what tells the message from others, if it says so. Values of
// different types are never the same.
func (m *Message) DeduplicationID() (id string, ok bool) {
	if !m.Properties.HasHeader(DeduplicationHeader) {
		return "", false
	}
	value, ok := m.Headers().Lookup(DeduplicationHeader)
	return amqp.TypeName(value) + ":" + amqp.Term(value), ok
}
