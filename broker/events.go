package broker

import (
	"cmp"
	"fmt"
	"time"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/definitions"
	"github.com/leveretmq/leveret/message"
	"github.com/leveretmq/leveret/queue"
)

// performer is the property that names the user who has caused an event, and
// internalActor its value for what no user has asked for.
const (
	performer     = "user_who_performed_action"
	internalActor = "rmq-internal"
)

// Actor is a connection that events name.
type Actor interface {
	// Actor is the name of its user.
	Actor() string
	// Process tells it from other connections, as an Erlang process does in RabbitMQ.
	Process() string
}

func actorOf(owner any) string {
	if a, ok := owner.(Actor); ok {
		return a.Actor()
	}
	return internalActor
}

func processOf(owner any) string {
	if a, ok := owner.(Actor); ok {
		return a.Process()
	}
	return ""
}

// Observing says whether anybody can learn of events. Without that they need not be
// put together.
func (b *Broker) Observing() bool { return b.publishesEvents() || !b.watchers.Empty() }

// publishesEvents says whether there is the event exchange.
func (b *Broker) publishesEvents() bool { return b.herald != nil && b.herald.events != "" }

// Emit tells of an event to whoever has bound a queue to the event exchange, or watches
// events. The name
// is RabbitMQ's, like "queue.created", and so are those of the properties. It takes
// the properties over. It never blocks, and may be called with any lock held.
func (b *Broker) Emit(name string, properties amqp.Table) {
	if !b.Observing() {
		return
	}
	now := time.Now()
	properties = append(properties, amqp.Field{Key: "timestamp_in_ms", Value: now.UnixMilli()})
	b.watchers.Tell(Event{Name: name, Properties: properties})
	if !b.publishesEvents() {
		return
	}
	b.herald.tell(b.herald.events, &message.Message{
		Exchange: EventExchange, RoutingKey: name, Persistent: true, Arrived: now.UnixMilli(),
		Properties: amqp.PropertyList{Headers: properties, DeliveryMode: 2, Timestamp: uint64(now.Unix())}.Encode(),
	})
}

// Fields makes a table of names and values, for events.
func Fields(pairs ...any) amqp.Table {
	t := make(amqp.Table, 0, len(pairs)/2+1)
	for i := 0; i+1 < len(pairs); i += 2 {
		name, _ := pairs[i].(string)
		t = append(t, amqp.Field{Key: name, Value: pairs[i+1]})
	}
	return t
}

// Terms prints arguments as Erlang terms, as events have them.
func Terms(args amqp.Table) amqp.Array {
	list := make(amqp.Array, 0, len(args))
	for _, f := range args {
		list = append(list, fmt.Sprintf("{%s,%s,%s}", amqp.Term(f.Key), amqp.TypeName(f.Value), amqp.Term(f.Value)))
	}
	return list
}

// watchAlarms tells of resources that get low or well again, until the broker closes.
func (b *Broker) watchAlarms() {
	low := make(map[Resource]bool)
	for {
		state := b.alarms.State()
		for _, r := range []Resource{Disk, Memory} {
			if now := b.alarms.On(r); now != low[r] {
				low[r] = now
				b.tellAlarm(r, now)
			}
		}
		select {
		case <-state.Changed():
		case <-b.stop:
			return
		}
	}
}

func (b *Broker) tellAlarm(r Resource, low bool) {
	name := "alarm.cleared"
	if low {
		name = "alarm.set"
	}
	b.Emit(name, Fields("source", string(r), "node", b.node))
}

func (b *Broker) tellVHostCreated(record definitions.VHost, by string) {
	if !b.Observing() {
		return
	}
	tags := make(amqp.Array, 0, len(record.Tags))
	for _, tag := range record.Tags {
		tags = append(tags, tag)
	}
	usual := cmp.Or(record.DefaultQueueType, string(b.types.Default), string(queue.Classic))
	b.Emit("vhost.created", Fields("name", record.Name, "description", record.Description, "tags", tags,
		"default_queue_type", usual, "cluster_state", Fields(b.node, "running"), performer, cmp.Or(by, internalActor)))
}

func (b *Broker) tellVHostDeleted(name, by string) {
	b.Emit("vhost.deleted", Fields("name", name, performer, cmp.Or(by, internalActor)))
}

func (v *VHost) tellQueueCreated(node *queueNode, owner any) {
	if !v.broker.Observing() {
		return
	}
	s, self := node.queue.Spec(), v.broker.node
	v.broker.Emit("queue.created", Fields("name", s.Name, "vhost", v.name, "durable", s.Durable, "auto_delete", s.AutoDelete,
		"exclusive", s.Exclusive, "owner_pid", processOf(node.owner), "arguments", Terms(s.Arguments), "type", kindOf(s),
		"leader", self, "members", amqp.Array{self}, performer, actorOf(owner)))
}

func (v *VHost) tellQueueDeleted(s queue.Spec, owner any) {
	if v.broker.Observing() {
		v.broker.Emit("queue.deleted", Fields("name", s.Name, "vhost", v.name, "type", kindOf(s), performer, actorOf(owner)))
	}
}

// kindOf is RabbitMQ's name of the module that has the queue.
func kindOf(s queue.Spec) string { return "rabbit_" + string(s.Type()) + "_queue" }

func (v *VHost) tellExchangeCreated(node *exchangeNode, owner any) {
	if !v.broker.Observing() {
		return
	}
	s := node.spec
	v.broker.Emit("exchange.created", Fields("name", s.Name, "vhost", v.name, "type", s.Type, "durable", s.Durable,
		"auto_delete", s.AutoDelete, "internal", s.Internal, "arguments", Terms(s.Arguments), "policy", node.policy,
		performer, actorOf(owner)))
}

func (v *VHost) tellExchangeDeleted(name string, owner any) {
	if v.broker.Observing() {
		v.broker.Emit("exchange.deleted", Fields("name", name, "vhost", v.name, performer, actorOf(owner)))
	}
}

func (v *VHost) tellBinding(event string, e *edge, owner any) {
	if !v.broker.Observing() {
		return
	}
	kind := "queue"
	if e.toQueue == nil {
		kind = "exchange"
	}
	v.broker.Emit(event, Fields("source_name", e.spec.Source, "source_kind", "exchange",
		"destination_name", e.spec.Destination, "destination_kind", kind, "routing_key", e.spec.RoutingKey,
		"arguments", Terms(e.spec.Arguments), "vhost", v.name, performer, actorOf(owner)))
}
