package broker

import (
	"bytes"
	"slices"
	"time"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/message"
	"github.com/leveretmq/leveret/queue"
)

// SetTracing switches the firehose of the virtual host on or off: with it, each
// message that is published or delivered is published once more, to the exchange
// amq.rabbitmq.trace.
func (v *VHost) SetTracing(on bool) {
	v.firehose.Store(on)
	v.lookAround()
}

// Firehose says whether the firehose is on.
func (v *VHost) Firehose() bool { return v.firehose.Load() }

// Tracing says whether TracePublished and TraceDelivered are to be called: the firehose
// is on, or somebody watches. It costs next to nothing to ask.
func (v *VHost) Tracing() bool { return v.tracing.Load() }

// Witness is who has published a message, or gets it.
type Witness struct {
	Connection string // its name
	Channel    uint16
	User       string
}

// RoutingKeys are the message's own key and those of its CC and BCC headers. A message
// that was routed has no BCC header any more.
func RoutingKeys(m *message.Message) []string {
	headers := m.Headers()
	return slices.Concat([]string{m.RoutingKey}, keysOf(headers, "CC"), keysOf(headers, "BCC"))
}

// TracePublished tells of a message that was routed by the keys to the queues. The
// caller holds no lock but its connection's; the message is only looked at.
func (v *VHost) TracePublished(w Witness, m *message.Message, keys []string, queues []*queue.Queue) {
	if !v.watchers.Empty() {
		v.sightPublished(w, m, keys, queues)
	}
	if !v.watched() {
		return
	}
	routed := make(amqp.Array, 0, len(queues))
	for _, q := range queues {
		routed = append(routed, q.Name())
	}
	v.trace("publish."+m.Exchange, w, trace{m, m.Properties, keys}, amqp.Field{Key: "routed_queues", Value: routed})
}

// TraceDelivered tells of a message that a client gets from a queue. Those of the
// firehose itself are not told of.
func (v *VHost) TraceDelivered(w Witness, e *queue.Entry, from string) {
	if e.Message.Exchange == TraceExchange {
		return
	}
	if !v.watchers.Empty() {
		v.sightDelivered(w, e, from)
	}
	if !v.watched() {
		return
	}
	flag := int32(0)
	if e.Redelivered() {
		flag = 1
	}
	seen := trace{e.Message, e.Properties(), routedKeys(e.Message)}
	v.trace("deliver."+from, w, seen, amqp.Field{Key: "redelivered", Value: flag})
}

// watched says whether a copy would go anywhere.
func (v *VHost) watched() bool {
	if !v.firehose.Load() {
		return false
	}
	v.mu.RLock()
	defer v.mu.RUnlock()
	node, ok := v.exchanges[TraceExchange]
	return ok && len(node.sourceOf) > 0
}

// trace is what a client sends or gets.
type trace struct {
	message    *message.Message
	properties amqp.Properties
	keys       []string
}

func (v *VHost) trace(key string, w Witness, seen trace, more amqp.Field) {
	keys := make(amqp.Array, 0, len(seen.keys))
	for _, k := range seen.keys {
		keys = append(keys, k)
	}
	headers := amqp.Table{
		{Key: "exchange_name", Value: seen.message.Exchange}, {Key: "routing_keys", Value: keys},
		{Key: "properties", Value: propertiesTable(seen.properties)}, {Key: "node", Value: v.broker.node},
		{Key: "vhost", Value: v.name}, {Key: "connection", Value: w.Connection},
		{Key: "channel", Value: int32(w.Channel)}, {Key: "user", Value: w.User}, more,
	}
	v.announce(&message.Message{
		Exchange: TraceExchange, RoutingKey: key, Body: bytes.Clone(seen.message.Body), Arrived: time.Now().UnixMilli(),
		Properties: amqp.PropertyList{Headers: headers}.Encode(),
	})
}

// propertiesTable is the properties that are there, by RabbitMQ's names.
func propertiesTable(p amqp.Properties) amqp.Table {
	table := amqp.Table{}
	put := func(flag uint16, name string, value any) {
		if p.Flags()&flag != 0 {
			table = append(table, amqp.Field{Key: name, Value: value})
		}
	}
	priority, _ := p.Priority()
	timestamp, _ := p.Timestamp()
	expiration, _ := p.Expiration()
	user, _ := p.UserID()
	put(amqp.FlagContentType, "content_type", p.ContentType())
	put(amqp.FlagContentEncoding, "content_encoding", p.ContentEncoding())
	put(amqp.FlagHeaders, "headers", p.Headers())
	put(amqp.FlagDeliveryMode, "delivery_mode", int32(p.DeliveryMode()))
	put(amqp.FlagPriority, "priority", int32(priority))
	put(amqp.FlagCorrelationID, "correlation_id", p.CorrelationID())
	put(amqp.FlagReplyTo, "reply_to", p.ReplyTo())
	put(amqp.FlagExpiration, "expiration", expiration)
	put(amqp.FlagMessageID, "message_id", p.MessageID())
	put(amqp.FlagTimestamp, "timestamp", seconds(timestamp))
	put(amqp.FlagType, "type", p.Type())
	put(amqp.FlagUserID, "user_id", user)
	put(amqp.FlagAppID, "app_id", p.AppID())
	put(amqp.FlagClusterID, "cluster_id", p.ClusterID())
	return table
}

// seconds is a time as RabbitMQ writes it: a small integer if it is one.
func seconds(timestamp uint64) any {
	if n := int32(timestamp); n >= 0 && uint64(n) == timestamp {
		return n
	}
	return int64(timestamp)
}
