package broker

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/exchange"
	"github.com/leveretmq/leveret/message"
)

// The exchanges of what the broker tells of itself (RabbitMQ behaviour).
const (
	EventExchange = "amq.rabbitmq.event"
	LogExchange   = "amq.rabbitmq.log"
	TraceExchange = "amq.rabbitmq.trace"
)

// internalActor is who does what no user has asked for.
const internalActor = "rmq-internal"

// Actor is a connection whose user is told in events.
type Actor interface{ Actor() string }

func actorOf(owner any) string {
	if a, ok := owner.(Actor); ok {
		return a.Actor()
	}
	return internalActor
}

// announcements is how much may wait to be told, in messages; what is too much is
// dropped and counted.
const announcements = 8192

// herald publishes what the broker tells of itself, on one goroutine: so whoever has
// something to tell neither waits nor needs to mind the locks that it holds. Most
// brokers have none.
type herald struct {
	broker  *Broker
	waiting chan announcement
	dropped atomic.Int64
	once    sync.Once
	stop    chan struct{}
	ended   chan struct{}
}

type announcement struct {
	vhost   string
	message *message.Message
}

func newHerald(b *Broker) *herald {
	return &herald{broker: b, waiting: make(chan announcement, announcements), stop: make(chan struct{}), ended: make(chan struct{})}
}

// tell hands a message over, or drops it. It may be called with any lock held.
func (h *herald) tell(vhost string, m *message.Message) {
	select {
	case h.waiting <- announcement{vhost: vhost, message: m}:
	default:
		h.dropped.Add(1)
	}
}

func (h *herald) run() {
	defer close(h.ended)
	for {
		select {
		case a := <-h.waiting:
			h.publish(a)
		case <-h.stop:
			for len(h.waiting) > 0 {
				h.publish(<-h.waiting)
			}
			return
		}
	}
}

func (h *herald) publish(a announcement) {
	if v, ok := h.broker.VHost(a.vhost); ok {
		v.announce(a.message)
	}
}

// close ends the herald when all that waits is told. What comes later is lost.
func (h *herald) close() {
	h.once.Do(func() { close(h.stop) })
	<-h.ended
}

// Dropped is how many events and lines of the log were dropped because too many
// waited to be told.
func (b *Broker) Dropped() int64 { return b.herald.dropped.Load() }

// announce publishes a message that the broker has made.
func (v *VHost) announce(m *message.Message) {
	var mail mail
	mail.add(v.routeDead(m.Exchange, []string{m.RoutingKey}, m), m, nil)
	mail.send()
}

// Observing says whether anybody can learn of events. Without that they need not be
// put together.
func (b *Broker) Observing() bool { return b.eventVHost != "" }

// Emit tells of an event to whoever has bound a queue to the event exchange. The name
// is that of the reference, like "queue.created". It never blocks.
func (b *Broker) Emit(name string, properties amqp.Table) {
	if !b.Observing() {
		return
	}
	now := time.Now()
	properties = append(properties, amqp.Field{Key: "timestamp_in_ms", Value: now.UnixMilli()})
	b.herald.tell(b.eventVHost, &message.Message{
		Exchange: EventExchange, RoutingKey: name, Persistent: true, Arrived: now.UnixMilli(),
		Properties: amqp.PropertyList{Headers: properties, DeliveryMode: 2, Timestamp: uint64(now.Unix())}.Encode(),
	})
}

// Log tells of a line of the log to whoever has bound a queue to the log exchange.
// The level is the routing key. It never blocks.
func (b *Broker) Log(level, contentType, node string, line []byte) {
	if b.logVHost == "" {
		return
	}
	headers := amqp.Table{{Key: "node", Value: node}}
	b.herald.tell(b.logVHost, &message.Message{
		Exchange: LogExchange, RoutingKey: level, Body: line, Arrived: time.Now().UnixMilli(),
		Properties: amqp.PropertyList{ContentType: contentType, Headers: headers, Timestamp: uint64(time.Now().Unix())}.Encode(),
	})
}

// observable makes the exchange through which one virtual host is told something.
func (b *Broker) observable(vhost, name string) error {
	if vhost == "" {
		return nil
	}
	v, ok := b.VHost(vhost)
	if !ok {
		return fmt.Errorf("there is no virtual host %q for the exchange %s", vhost, name)
	}
	return v.restoreExchange(exchange.Spec{VHost: vhost, Name: name, Type: exchange.Topic, Durable: true, Internal: true})
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
		list = append(list, fmt.Sprintf("{<<%q>>,%s,%s}", f.Key, amqp.TypeName(f.Value), amqp.Term(f.Value)))
	}
	return list
}

// tellAlarms tells of resources that get low or well again, until the herald ends.
func (b *Broker) tellAlarms() {
	low := make(map[Resource]bool)
	for {
		state := b.alarms.State()
		for _, r := range []Resource{Disk, Memory} {
			now := b.alarms.On(r)
			if now == low[r] {
				continue
			}
			low[r] = now
			name := "alarm.cleared"
			if now {
				name = "alarm.set"
			}
			b.Emit(name, Fields("source", string(r)))
		}
		select {
		case <-state.Changed():
		case <-b.herald.stop:
			return
		}
	}
}

// The events of the topology.

func (v *VHost) tellQueueCreated(node *queueNode, owner any) {
	if !v.broker.Observing() {
		return
	}
	s := node.queue.Spec()
	v.broker.Emit("queue.created", Fields("name", s.Name, "vhost", v.name, "durable", s.Durable, "auto_delete", s.AutoDelete,
		"exclusive", s.Exclusive, "arguments", Terms(s.Arguments), "user_who_performed_action", actorOf(owner)))
}

func (v *VHost) tellQueueDeleted(name string, owner any) {
	if v.broker.Observing() {
		v.broker.Emit("queue.deleted", Fields("name", name, "vhost", v.name, "user_who_performed_action", actorOf(owner)))
	}
}

func (v *VHost) tellExchangeCreated(s exchange.Spec, owner any) {
	if !v.broker.Observing() {
		return
	}
	v.broker.Emit("exchange.created", Fields("name", s.Name, "vhost", v.name, "type", s.Type, "durable", s.Durable,
		"auto_delete", s.AutoDelete, "internal", s.Internal, "arguments", Terms(s.Arguments), "policy", "",
		"user_who_performed_action", actorOf(owner)))
}

func (v *VHost) tellExchangeDeleted(name string, owner any) {
	if v.broker.Observing() {
		v.broker.Emit("exchange.deleted", Fields("name", name, "vhost", v.name, "user_who_performed_action", actorOf(owner)))
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
		"arguments", Terms(e.spec.Arguments), "vhost", v.name, "user_who_performed_action", actorOf(owner)))
}
