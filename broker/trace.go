package broker

import (
	"bytes"
	"time"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/message"
	"github.com/leveretmq/leveret/queue"
)

// SetTracing switches the firehose of the virtual host on or off: with it, each
// message that is published or delivered is published once more, to the exchange
// amq.rabbitmq.trace.
func (v *VHost) SetTracing(on bool) { v.tracing.Store(on) }

// Tracing says whether the firehose is on. It costs next to nothing to ask.
func (v *VHost) Tracing() bool { return v.tracing.Load() }

// Witness is who has published a message, or gets it.
type Witness struct {
	Node       string
	Connection string // its name
	Channel    uint16
	User       string
}

// TracePublished tells of a message that was routed to the queues. The caller holds
// no lock but its connection's; the message is only looked at.
func (v *VHost) TracePublished(w Witness, m *message.Message, queues []*queue.Queue) {
	routed := make(amqp.Array, 0, len(queues))
	for _, q := range queues {
		routed = append(routed, q.Name())
	}
	v.trace("publish."+m.Exchange, w, m, amqp.Field{Key: "routed_queues", Value: routed})
}

// TraceDelivered tells of a message that a client gets from a queue. Those of the
// firehose itself are not told of.
func (v *VHost) TraceDelivered(w Witness, m *message.Message, from string, redelivered bool) {
	if m.Exchange == TraceExchange {
		return
	}
	flag := int32(0)
	if redelivered {
		flag = 1
	}
	v.trace("deliver."+from, w, m, amqp.Field{Key: "redelivered", Value: flag})
}

func (v *VHost) trace(key string, w Witness, m *message.Message, more amqp.Field) {
	keys := make(amqp.Array, 0, 1)
	for _, k := range routedKeys(m) {
		keys = append(keys, k)
	}
	headers := amqp.Table{
		{Key: "exchange_name", Value: m.Exchange}, {Key: "routing_keys", Value: keys},
		{Key: "properties", Value: propertiesTable(m.Properties)}, {Key: "node", Value: w.Node},
		{Key: "vhost", Value: v.name}, {Key: "connection", Value: w.Connection},
		{Key: "channel", Value: int32(w.Channel)}, {Key: "user", Value: w.User}, more,
	}
	v.announce(&message.Message{
		Exchange: TraceExchange, RoutingKey: key, Body: bytes.Clone(m.Body), Arrived: time.Now().UnixMilli(),
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
