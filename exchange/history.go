package exchange

import (
	"sync"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/message"
)

const (
	historyLength = "x-recent-history-length"
	// historyNoStore is the header of messages that are not for those who come later.
	historyNoStore = "x-recent-history-no-store"

	// usualHistory is the number of messages that are kept without historyLength
	// (RabbitMQ's default).
	usualHistory = 20

	// historyOctets bounds what one exchange keeps in bodies and properties, because
	// nothing of it can be paged out. A larger message is kept if it is the last.
	historyOctets = 64 << 20
)

// history is the last messages of an x-recent-history exchange.
type history struct {
	length int64

	mu     sync.Mutex         // a leaf
	list   []*message.Message // guarded by mu; the oldest first, from start on
	start  int                // guarded by mu
	octets int                // guarded by mu
}

func newHistory(s Spec) memory {
	value, ok := s.Arguments.Lookup(historyLength)
	length, _ := amqp.Integer(value)
	if !ok {
		length = usualHistory
	}
	return &history{length: length}
}

// checkHistory refuses lengths that are no number above zero. Unsigned types are
// refused, too (RabbitMQ behaviour).
func checkHistory(s Spec) error {
	value, ok := s.Arguments.Lookup(historyLength)
	if !ok {
		return nil
	}
	switch value.(type) {
	case int8, int16, int32, int64:
		if n, _ := amqp.Integer(value); n > 0 {
			return nil
		}
	}
	return amqp.Errorf(amqp.CodePreconditionFailed, "Invalid argument %s, '%s' must be a positive integer",
		amqp.Term(value), historyLength)
}

// admit implements memory: every message may pass.
func (h *history) admit(m *message.Message) bool {
	if m.Properties.HasHeader(historyNoStore) {
		if value, _ := m.Headers().Lookup(historyNoStore); value == true {
			return true
		}
	}
	kept := again(m)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.list = append(h.list, kept)
	h.octets += octets(kept)
	for int64(len(h.list)-h.start) > h.length || h.octets > historyOctets && len(h.list)-h.start > 1 {
		h.octets -= octets(h.list[h.start])
		h.list[h.start] = nil
		h.start++
	}
	if h.start > len(h.list)/2 {
		n := copy(h.list, h.list[h.start:])
		clear(h.list[n:])
		h.list, h.start = h.list[:n], 0
	}
	return true
}

// recent implements memory.
func (h *history) recent() []*message.Message {
	h.mu.Lock()
	defer h.mu.Unlock()
	list := make([]*message.Message, 0, len(h.list)-h.start)
	for _, m := range h.list[h.start:] {
		list = append(list, again(m))
	}
	return list
}

func octets(m *message.Message) int { return len(m.Body) + len(m.Properties) }

// again is a message like another one, whose octets it shares.
func again(m *message.Message) *message.Message {
	m.Keep()
	return &message.Message{
		Exchange: m.Exchange, RoutingKey: m.RoutingKey, Properties: m.Properties, Body: m.Body,
		Arrived: m.Arrived, Persistent: m.Persistent,
	}
}
