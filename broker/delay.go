package broker

import (
	"strings"
	"sync"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/definitions"
	"github.com/leveretmq/leveret/message"
	"github.com/leveretmq/leveret/queue"
)

// hiddenDelay is the prefix of the queues in which exchanges hold messages back.
// Clients cannot declare queues of such names, and these are not among the queues
// of the virtual host.
const hiddenDelay = "amq.delayed."

// courierOctets is how much the courier takes of a queue at once, in octets of
// bodies.
const courierOctets = 256 << 10

// courier brings the messages that exchanges have held back to where they go, on
// one goroutine. As with dead letters, a message is in its new queues before it
// leaves the old one.
type courier struct {
	broker *Broker

	mu     sync.Mutex // a leaf
	more   sync.Cond
	woken  []*queue.Consumer
	closed bool
	ended  chan struct{}
}

// newCourier makes a courier; somebody has to run it.
func newCourier(b *Broker) *courier {
	c := &courier{broker: b, ended: make(chan struct{})}
	c.more.L = &c.mu
	return c
}

// Wake implements queue.Waker.
func (c *courier) Wake(consumer *queue.Consumer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.woken = append(c.woken, consumer)
	c.more.Signal()
}

func (c *courier) close() {
	c.mu.Lock()
	c.closed = true
	c.more.Signal()
	c.mu.Unlock()
	<-c.ended
}

func (c *courier) run() {
	defer close(c.ended)
	for {
		woken := c.take()
		if woken == nil {
			return
		}
		for _, consumer := range woken {
			c.serve(consumer)
		}
	}
}

func (c *courier) take() (woken []*queue.Consumer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.woken) == 0 && !c.closed {
		c.more.Wait()
	}
	if c.closed {
		return nil
	}
	woken, c.woken = c.woken, nil
	return woken
}

// serve delivers what is due in one queue.
func (c *courier) serve(consumer *queue.Consumer) {
	q := consumer.Queue()
	entries, fetched := q.Fetch(consumer, nil, courierOctets)
	if len(entries) > 0 {
		c.deliver(consumer, entries)
	}
	if fetched == queue.More {
		c.Wake(consumer)
	}
}

func (c *courier) deliver(consumer *queue.Consumer, entries []queue.Entry) {
	q := consumer.Queue()
	vhost, ok := c.broker.VHost(q.Spec().VHost)
	if !ok {
		return
	}
	var mail mail
	done := make([]queue.Delivery, 0, len(entries))
	for _, e := range entries {
		due := released(e.Message)
		mail.add(vhost.routeDue(due), due, nil)
		done = append(done, queue.Delivery{Entry: e, Queue: q, Consumer: consumer})
	}
	mail.send()
	q.Ack(done)
}

// released is a message whose time has come. Its header says so, as a number below
// zero: so no other exchange holds it back once more (as the plugin for RabbitMQ).
func released(old *message.Message) *message.Message {
	old.Keep() // they share the body
	headers := old.Headers()
	for i := range headers {
		if headers[i].Key == queue.DelayHeader {
			headers[i].Value = negative(headers[i].Value)
		}
	}
	return &message.Message{
		Exchange: old.Exchange, RoutingKey: old.RoutingKey, Body: old.Body, Persistent: old.Persistent,
		Arrived: old.Arrived + queue.Delay(old), Properties: old.Properties.WithHeaders(headers),
	}
}

// negative is a number below zero, of the same type if that has any.
func negative(value any) any {
	switch n := value.(type) {
	case int8:
		return -n
	case int16:
		return -n
	case int32:
		return -n
	}
	n, _ := amqp.Integer(value)
	return -n
}

// routeDue finds the queues of a message that was held back.
func (v *VHost) routeDue(m *message.Message) []*queue.Queue {
	return v.routeDead(m.Exchange, routedKeys(m), m)
}

// hold makes the queue in which a new exchange holds messages back; the caller
// holds the lock and commits c.
func (v *VHost) hold(node *exchangeNode, c *definitions.Change) error {
	if !node.spec.Delays() {
		return nil
	}
	spec := queue.Spec{
		VHost: v.name, Name: hiddenDelay + node.spec.Name, Durable: true,
		Arguments: amqp.Table{{Key: "x-delayed", Value: true}},
	}
	var err error
	if spec.ID, err = v.broker.numbers.next(spec); err != nil {
		return err
	}
	q, err := v.newDelay(spec)
	if err != nil {
		return err
	}
	node.delay = []*queue.Queue{q}
	c.Put.Queues = append(c.Put.Queues, spec)
	return nil
}

func (v *VHost) newDelay(spec queue.Spec) (*queue.Queue, error) {
	q, err := queue.New(spec, queue.Options{
		Store: v.broker.store, Pager: v.broker.pager, Host: v.broker, Clock: &v.broker.clock, KeepAll: true,
		NextSeq: v.broker.store.NextSequence(spec.ID),
	})
	if err != nil {
		return nil, err
	}
	return q, q.AddConsumer(queue.NewConsumer(q, v.broker.courier, queue.ConsumerOptions{Tag: hiddenDelay}))
}

// letGo deletes the queue of an exchange that is deleted, and what it holds; the
// caller holds the lock and commits c.
func (v *VHost) letGo(node *exchangeNode, c *definitions.Change) {
	for _, q := range node.delay {
		q.End()
		c.Delete.Queues = append(c.Delete.Queues, q.Spec())
	}
}

// restoreDelay brings back what an exchange has held, and forgets it if the
// exchange is gone: one that is not durable.
func (v *VHost) restoreDelay(spec queue.Spec, progress *recovery) error {
	v.mu.RLock()
	node, ok := v.exchanges[strings.TrimPrefix(spec.Name, hiddenDelay)]
	v.mu.RUnlock()
	if !ok || !node.spec.Delays() {
		return v.change(func(c *definitions.Change) error {
			c.Delete.Queues = append(c.Delete.Queues, spec)
			return nil
		})
	}
	q, err := v.newDelay(spec)
	if err != nil {
		return err
	}
	node.delay = []*queue.Queue{q}
	return v.recoverMessages(q, progress)
}

// Held is how many messages an exchange holds back.
func (v *VHost) Held(exchange string) int {
	v.mu.RLock()
	defer v.mu.RUnlock()
	node, ok := v.exchanges[exchange]
	if !ok || len(node.delay) == 0 {
		return 0
	}
	counts := node.delay[0].Counts()
	return counts.Delayed + counts.Ready + counts.Unacked
}
