package crash

import (
	"context"
	"fmt"

	amqp "github.com/rabbitmq/amqp091-go"
)

const (
	publisherCount  = 8
	transactorCount = 2
	queueCount      = 8
)

// route is where a publisher can send; its place in routes is its origin.
type route struct {
	exchange, key string
	queues        []uint16
}

// routes lead to each queue alone, by the default exchange, to two queues at
// once, and to all, by fanout exchanges.
func routes() []route {
	var all []route
	var every []uint16
	for queue := range uint16(queueCount) {
		all = append(all, route{"", queueName(queue), []uint16{queue}})
		every = append(every, queue)
	}
	for queue := uint16(0); queue < queueCount; queue += 2 {
		all = append(all, route{fmt.Sprintf("crash.both.%d", queue), "", []uint16{queue, queue + 1}})
	}
	return append(all, route{"crash.all", "", every})
}

// load is the clients of one broker over all its lives.
type load struct {
	history     *History
	inventory   *inventory
	declared    bool // everything, and answered
	publishers  []*publisher
	transactors []*transactor
	subscribers []*subscriber
	newcomers   *newcomers
}

func newLoad(seed uint64) *load {
	l := &load{history: NewHistory(nil)}
	l.inventory = &inventory{history: l.history}
	for range queueCount {
		l.inventory.add()
	}
	for _, r := range routes() {
		l.history.Route(r.queues...)
	}
	l.hire(seed, 0)
	return l
}

// fork copies a load that is at rest. Its clients get numbers of their own, as
// those of the original count on.
func (l *load) fork(seed uint64) *load {
	const fresh = 1000
	copied := &load{history: l.history.Clone(), declared: l.declared}
	copied.inventory = &inventory{history: copied.history, queues: l.inventory.known()}
	copied.hire(seed, fresh)
	return copied
}

// hire gives the load its clients, with numbers above given.
func (l *load) hire(seed uint64, given uint16) {
	number := &numbering{seed: seed, history: l.history, routes: routes(), given: given}
	for range publisherCount {
		l.publishers = append(l.publishers, number.publisher())
	}
	for range transactorCount {
		l.transactors = append(l.transactors, &transactor{number.publisher()})
	}
	for queue := range uint16(queueCount) {
		l.subscribers = append(l.subscribers, newSubscriber(queue, seed, number.publisher()))
	}
	l.newcomers = &newcomers{
		inventory: l.inventory, publisher: number.publisher(),
		subscriber: newSubscriber(queueCount, seed, number.publisher()),
	}
}

// start sets everybody to work, who go on until ctx or the broker ends.
func (l *load) start(ctx context.Context, url string) *gang {
	g := newGang()
	g.work(url, func(conn *amqp.Connection) error {
		if err := l.declare(conn); err != nil {
			return err
		}
		l.subscribe(ctx, g, url)
		l.publish(ctx, g, url, 0)
		return l.newcomers.run(ctx, conn)
	})
	return g
}

func (l *load) subscribe(ctx context.Context, g *gang, url string) {
	for _, s := range l.subscribers {
		g.work(url, func(conn *amqp.Connection) error { return s.run(ctx, conn) })
	}
}

// publish starts the publishers, with count messages each or, if it is 0,
// without an end.
func (l *load) publish(ctx context.Context, g *gang, url string, count int) {
	for _, p := range l.publishers {
		g.work(url, func(conn *amqp.Connection) error { return p.run(ctx, conn, count) })
	}
	for _, p := range l.transactors {
		g.work(url, func(conn *amqp.Connection) error { return p.run(ctx, conn, count) })
	}
}

// quiet publishes a little more, with everybody connected, while nothing
// disturbs the broker, and drains every queue.
func (l *load) quiet(ctx context.Context, url string) error {
	const count = 100
	l.history.Quiet()
	subscribing, stop := context.WithCancel(ctx)
	defer stop()
	subscribers, publishers := newGang(), newGang()
	l.subscribe(subscribing, subscribers, url)
	l.publish(ctx, publishers, url, count)
	if err := publishers.wait(); err != nil {
		return fmt.Errorf("publishing undisturbed: %w", err)
	}
	stop()
	if err := subscribers.wait(); err != nil {
		return fmt.Errorf("consuming undisturbed: %w", err)
	}
	if err := l.drain(url); err != nil {
		return fmt.Errorf("the last drain: %w", err)
	}
	return nil
}

func (l *load) drain(url string) error {
	g := newGang()
	g.work(url, l.inventory.drainAll)
	return g.wait()
}

// declare makes the durable topology, until all of it has been answered once:
// declared again it would hide what was lost.
func (l *load) declare(conn *amqp.Connection) error {
	if l.declared {
		return l.inventory.verify(conn)
	}
	channel, err := conn.Channel()
	if err != nil {
		return err
	}
	for queue := range uint16(queueCount) {
		if err := l.inventory.declare(channel, queue); err != nil {
			return err
		}
	}
	for _, r := range routes() {
		if err := declareFanout(channel, r); err != nil {
			return err
		}
	}
	l.declared = true
	return channel.Close()
}

func declareFanout(channel *amqp.Channel, r route) error {
	if r.exchange == "" {
		return nil
	}
	if err := channel.ExchangeDeclare(r.exchange, amqp.ExchangeFanout, true, false, false, false, nil); err != nil {
		return err
	}
	for _, queue := range r.queues {
		if err := channel.QueueBind(queueName(queue), "", r.exchange, false, nil); err != nil {
			return err
		}
	}
	return nil
}
