package broker

import (
	"slices"
	"time"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/message"
	"github.com/leveretmq/leveret/queue"
)

// The headers that tell how a message died (RabbitMQ behaviour).
const (
	deathsHeader = "x-death"
	firstDeath   = "x-first-death-"
	lastDeath    = "x-last-death-"
)

// deaths is the x-death header: one entry for each queue and reason, the latest
// first. What a publisher has sent counts, too, as up to RabbitMQ 3.13: whoever
// publishes a message once more goes on counting.
type deaths []amqp.Table

// deathsOf reads the header; what is no such entry is left out.
func deathsOf(headers amqp.Table) (list deaths) {
	value, _ := headers.Lookup(deathsHeader)
	array, _ := value.(amqp.Array)
	for _, element := range array {
		if entry, ok := element.(amqp.Table); ok {
			list = append(list, entry)
		}
	}
	return list
}

func text(t amqp.Table, key string) string {
	value, _ := t.Lookup(key)
	s, _ := value.(string)
	return s
}

// note adds a death. One of the same queue and reason is counted and comes to the
// front; the rest of its entry tells of the first time.
func (list deaths) note(entry amqp.Table) deaths {
	for i, old := range list {
		if text(old, "queue") != text(entry, "queue") || text(old, "reason") != text(entry, "reason") {
			continue
		}
		value, _ := old.Lookup("count")
		count, _ := amqp.Integer(value)
		again := set(slices.Clone(old), "count", count+1)
		return append(deaths{again}, slices.Delete(slices.Clone(list), i, i+1)...)
	}
	return append(deaths{entry}, list...)
}

// circle says whether a message that goes to the queue has come from there
// without anybody having rejected it since: it would go round for ever.
func (list deaths) circle(to string) bool {
	for _, entry := range list {
		if text(entry, "reason") == string(queue.Refused) {
			return false
		}
		if text(entry, "queue") == to {
			return true
		}
	}
	return false
}

// set changes a field or adds it at the end.
func set(t amqp.Table, key string, value any) amqp.Table {
	for i := range t {
		if t[i].Key == key {
			t[i].Value = value
			return t
		}
	}
	return append(t, amqp.Field{Key: key, Value: value})
}

// corpse is a dead message as it goes on: what is published, and with what keys.
type corpse struct {
	message *message.Message
	keys    []string
	deaths  deaths
}

// layOut makes the message that is published for one that died in a queue. It
// shares the body with the old one.
func layOut(old *message.Message, from string, reason queue.Reason, to *queue.DeadLetter, now time.Time) corpse {
	headers := old.Headers()
	keys := append([]string{old.RoutingKey}, keysOf(headers, "CC")...)
	list := deathsOf(headers).note(deathEntry(old, from, reason, keys, now))
	array := make(amqp.Array, len(list))
	for i := range list {
		array[i] = list[i]
	}
	headers = set(headers, deathsHeader, array)
	told := []amqp.Field{
		{Key: "exchange", Value: old.Exchange}, {Key: "queue", Value: from}, {Key: "reason", Value: string(reason)},
	}
	_, before := headers.Lookup(firstDeath + "reason")
	for _, f := range told {
		if !before {
			headers = set(headers, firstDeath+f.Key, f.Value)
		}
		headers = set(headers, lastDeath+f.Key, f.Value)
	}
	m := &message.Message{
		Exchange: to.Exchange, RoutingKey: old.RoutingKey, Body: old.Body, Persistent: old.Persistent,
		Arrived:    now.UnixMilli(),
		Properties: old.Properties.Without(amqp.FlagExpiration).WithHeaders(headers),
	}
	if to.HasKey {
		m.RoutingKey = to.Key
		keys = []string{to.Key}
	}
	return corpse{message: m, keys: keys, deaths: list}
}

// deathEntry describes one death.
func deathEntry(m *message.Message, from string, reason queue.Reason, keys []string, now time.Time) amqp.Table {
	var entry amqp.Table
	if expiration, ok := m.Properties.Expiration(); ok {
		entry = append(entry, amqp.Field{Key: "original-expiration", Value: expiration})
	}
	array := make(amqp.Array, len(keys))
	for i := range keys {
		array[i] = keys[i]
	}
	return append(entry,
		amqp.Field{Key: "count", Value: int64(1)},
		amqp.Field{Key: "reason", Value: string(reason)},
		amqp.Field{Key: "queue", Value: from},
		amqp.Field{Key: "time", Value: amqp.Timestamp(now.Unix())},
		amqp.Field{Key: "exchange", Value: m.Exchange},
		amqp.Field{Key: "routing-keys", Value: array},
	)
}

// keysOf lists the texts in a header that is an array.
func keysOf(headers amqp.Table, name string) (keys []string) {
	value, _ := headers.Lookup(name)
	array, _ := value.(amqp.Array)
	for _, element := range array {
		if key, ok := element.(string); ok {
			keys = append(keys, key)
		}
	}
	return keys
}
