package broker

import (
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/leveretmq/leveret/definitions"
	"github.com/leveretmq/leveret/internal/audience"
	"github.com/leveretmq/leveret/queue"
)

// defaultVHost is served if no virtual host is stored.
const defaultVHost = "/"

// Options is what a broker is made of.
type Options struct {
	Store  Store
	Logger *slog.Logger
	// Alarms are what the broker is short of; nil means alarms of its own.
	Alarms *Alarms
	// Stored is what the store holds, for who has read it already; nil means that New
	// reads it. Its virtual hosts are served; without any "/" is.
	Stored *definitions.Set
	// EventVHost has the exchange amq.rabbitmq.event; empty means that nobody
	// learns of events. LogVHost has amq.rabbitmq.log in the same way.
	EventVHost, LogVHost string
	// Node is the name of the broker in what it tells of itself.
	Node string
	// Limits bounds what clients may make.
	Limits Limits
	// MemoryBudget is what queued messages may cost in memory together before
	// the longest queues are paged out, in octets; zero means the default of
	// queue.PagerOptions.
	MemoryBudget int64
	// QueueTypes is what the operator has set about the types of queues.
	QueueTypes QueueTypes
	// TrackLogins has tries to log in counted by host and user, too.
	TrackLogins bool
	// Progress, if set, is called by New for each queue that it brings back,
	// and must not block.
	Progress func(Progress)
}

// Broker is a set of virtual hosts over one store. Its methods are safe for
// concurrent use.
type Broker struct {
	store  Store
	pager  *queue.Pager
	log    *slog.Logger
	alarms *Alarms
	limits Limits

	vhostsMu  sync.RWMutex
	vhosts    map[string]*VHost   // guarded by vhostsMu
	leaving   map[*VHost]struct{} // guarded by vhostsMu; those that are being deleted
	retired   Totals              // guarded by vhostsMu; what deleted ones have counted
	queues    atomic.Int64        // in all virtual hosts
	exchanges atomic.Int64
	types     QueueTypes

	churn      churn
	logins     *logins
	clock      queue.CoarseClock
	numbers    *queueNumbers
	undertaker *undertaker
	courier    *courier
	herald     *herald // nil if neither events nor the log are told
	watchers   audience.Audience[Event]
	stop       chan struct{} // closed when the broker closes
	ending     sync.Once     // over stop
	node       string
	recovered  chan struct{} // closed when everything stored is back
}

// New makes a broker and brings back what the store holds. It takes over the
// store: Close closes it.
func New(o Options) (*Broker, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Alarms == nil {
		o.Alarms = NewAlarms()
	}
	b := &Broker{
		store: o.Store, log: o.Logger, alarms: o.Alarms, types: o.QueueTypes, limits: o.Limits,
		vhosts: make(map[string]*VHost), leaving: make(map[*VHost]struct{}),
		logins: newLogins(o.TrackLogins), recovered: make(chan struct{}), stop: make(chan struct{}),
	}
	b.pager = queue.NewPager(queue.PagerOptions{Store: o.Store, Budget: o.MemoryBudget, Logger: o.Logger})
	b.undertaker, b.courier, b.herald, b.node = newUndertaker(b), newCourier(b), newHerald(b, o), o.Node
	if err := b.start(o); err != nil {
		b.pager.Close()
		return nil, err
	}
	// Not before: what is due or dead already would find no bindings.
	go b.undertaker.run()
	go b.courier.run()
	b.herald.start()
	go b.watchAlarms()
	close(b.recovered)
	return b, nil
}

// start makes the virtual hosts and brings back what is stored.
func (b *Broker) start(o Options) error {
	if o.Stored == nil {
		set, err := o.Store.Definitions()
		if err != nil {
			return fmt.Errorf("reading definitions: %w", err)
		}
		o.Stored = &set
	}
	vhosts := o.Stored.VHosts
	if len(vhosts) == 0 {
		vhosts = []definitions.VHost{{Name: defaultVHost}}
	}
	for _, record := range vhosts {
		if _, err := b.addVHost(record); err != nil {
			return err
		}
	}
	b.restorePolicies(o.Stored.Parameters)
	if err := b.herald.check(); err != nil {
		return err
	}
	b.numbers = newQueueNumbers(o.Store.LastQueueID())
	if err := b.recover(*o.Stored, recovery{tell: o.Progress}); err != nil {
		return fmt.Errorf("recovering definitions and messages: %w", err)
	}
	return nil
}

// Alarms is what the broker is short of.
func (b *Broker) Alarms() *Alarms { return b.alarms }

// Throttle blocks while the store has more to write than it may hold in
// memory, and while queues give up memory that publishers have flooded.
// Publishers call it between messages, with no lock held; those that have published
// little lately wait later.
func (b *Broker) Throttle(flow queue.Flow) {
	b.undertaker.throttle(flow)
	b.store.Throttle(flow)
	b.pager.Throttle(flow)
}

// Close records a clean stop and closes the store. No connection may use the
// broker any more, so that all messages are back in their queues.
func (b *Broker) Close() error {
	b.ending.Do(func() { close(b.stop) })
	b.herald.close()
	b.courier.close()
	b.undertaker.close()
	b.pager.Close()
	var redelivered []queue.Range
	for _, v := range b.all() {
		redelivered = append(redelivered, v.stored()...)
	}
	if err := b.store.Close(redelivered); err != nil {
		return fmt.Errorf("closing the store: %w", err)
	}
	return nil
}

// recover brings back definitions first, then messages.
func (b *Broker) recover(set definitions.Set, r recovery) error {
	var problems []error
	for _, spec := range set.Exchanges {
		problems = append(problems, b.restore(spec.VHost, func(v *VHost) error { return v.restoreExchange(spec) }))
	}
	r.begin(len(set.Queues))
	for _, spec := range set.Queues {
		problems = append(problems, b.restore(spec.VHost, func(v *VHost) error { return v.restoreQueue(spec, &r) }))
	}
	b.log.Info("recovered", "queues", r.Queues, "messages", r.Messages, "octets", r.Octets)
	for _, spec := range set.Bindings {
		problems = append(problems, b.restore(spec.VHost, func(v *VHost) error { return v.restoreBinding(spec) }))
	}
	return errors.Join(problems...)
}

func (b *Broker) restore(vhost string, do func(*VHost) error) error {
	v, ok := b.VHost(vhost)
	if !ok {
		return fmt.Errorf("the data directory holds objects of the virtual host %q, which it does not know", vhost)
	}
	return do(v)
}
