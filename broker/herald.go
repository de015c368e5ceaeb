package broker

import (
	"fmt"
	"log/slog"
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

const (
	// announcements is how much may wait to be told, in messages; what is too much
	// is dropped and counted.
	announcements = 8192
	// confession is the shortest time between two lines of the log that tell of
	// what was dropped. Such a line may be told itself, so there must be few.
	confession = 10 * time.Second
)

// herald publishes events and lines of the log, on one goroutine: so whoever has
// something to tell neither waits nor needs to mind the locks that it holds. Without
// either of them there is none, and its methods do nothing.
type herald struct {
	broker *Broker
	log    *slog.Logger
	// events and lines are the virtual hosts that have the exchanges; empty is none.
	events, lines string

	waiting chan announcement
	dropped atomic.Int64
	once    sync.Once
	stop    chan struct{}
	ended   chan struct{}

	confessed int64 // of dropped; of the goroutine, as is the next
	lately    time.Time
}

type announcement struct {
	vhost   string
	message *message.Message
}

// newHerald makes a herald if there is something to tell; it has to be started.
func newHerald(b *Broker, o Options) *herald {
	if o.EventVHost == "" && o.LogVHost == "" {
		return nil
	}
	return &herald{
		broker: b, log: b.log, events: o.EventVHost, lines: o.LogVHost,
		waiting: make(chan announcement, announcements), stop: make(chan struct{}), ended: make(chan struct{}),
	}
}

// exchanges are those of a virtual host through which it is told something.
func (h *herald) exchanges(vhost string) (specs []exchange.Spec) {
	if h == nil {
		return nil
	}
	add := func(where, name string) {
		if where == vhost {
			specs = append(specs, exchange.Spec{VHost: vhost, Name: name, Type: exchange.Topic, Durable: true, Internal: true})
		}
	}
	add(h.events, EventExchange)
	add(h.lines, LogExchange)
	return specs
}

// check requires that the virtual hosts are there.
func (h *herald) check() error {
	if h == nil {
		return nil
	}
	for name, vhost := range map[string]string{EventExchange: h.events, LogExchange: h.lines} {
		if _, ok := h.broker.VHost(vhost); !ok && vhost != "" {
			return fmt.Errorf("there is no virtual host %q for the exchange %s", vhost, name)
		}
	}
	return nil
}

// silent says whether the exchange is one that is there only if the configuration
// says so, and that it does not. The caller holds the lock.
func (v *VHost) silent(name string) bool {
	_, exists := v.exchanges[name]
	return !exists && (name == EventExchange || name == LogExchange)
}

// tell hands a message over, or drops it. It may be called with any lock held.
func (h *herald) tell(vhost string, m *message.Message) {
	select {
	case h.waiting <- announcement{vhost: vhost, message: m}:
	default:
		h.dropped.Add(1)
	}
}

func (h *herald) start() {
	if h == nil {
		return
	}
	go h.run()
}

func (h *herald) run() {
	defer close(h.ended)
	for {
		select {
		case a := <-h.waiting:
			h.publish(a)
			h.confess()
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

// confess logs that something was dropped.
func (h *herald) confess() {
	dropped := h.dropped.Load()
	if dropped == h.confessed || time.Since(h.lately) < confession {
		return
	}
	h.log.Warn("events or lines of the log were not published, as too many waited", "dropped", dropped-h.confessed)
	h.confessed, h.lately = dropped, time.Now()
}

// close ends the herald when all that waits is told. What comes later is lost.
func (h *herald) close() {
	if h == nil {
		return
	}
	h.once.Do(func() { close(h.stop) })
	<-h.ended
}

// Dropped is how many events and lines of the log were dropped because too many
// waited to be told.
func (b *Broker) Dropped() int64 {
	if b.herald == nil {
		return 0
	}
	return b.herald.dropped.Load()
}

// announce publishes a message that the broker has made.
func (v *VHost) announce(m *message.Message) {
	var mail mail
	mail.add(v.routeDead(m.Exchange, []string{m.RoutingKey}, m), m, nil)
	mail.send()
}

// Log tells of a line of the log to whoever has bound a queue to the log exchange.
// The level is the routing key. It takes the line over, and never blocks.
func (b *Broker) Log(level, contentType string, line []byte) {
	if b.herald == nil || b.herald.lines == "" {
		return
	}
	now := time.Now()
	b.herald.tell(b.herald.lines, &message.Message{
		Exchange: LogExchange, RoutingKey: level, Body: line, Arrived: now.UnixMilli(),
		Properties: amqp.PropertyList{
			ContentType: contentType, Headers: Fields("node", b.node), Timestamp: uint64(now.Unix()),
		}.Encode(),
	})
}
