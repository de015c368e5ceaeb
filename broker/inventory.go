package broker

import (
	"cmp"
	"maps"
	"slices"

	"github.com/leveretmq/leveret/exchange"
	"github.com/leveretmq/leveret/message"
	"github.com/leveretmq/leveret/queue"
)

// ExchangeStatus is what is known of an exchange at one moment. It is nobody else's,
// but for the arguments of the specification, which nobody changes.
type ExchangeStatus struct {
	Spec exchange.Spec
	// Policy is the name of the policy that applies, or empty.
	Policy string
	// Bindings is how many have the exchange as their source.
	Bindings int
	// Held is how many messages the exchange holds back until their time comes.
	Held     int
	Counters message.Counters
}

// Totals is what a virtual host, or the broker, has together.
type Totals struct {
	Queues, Exchanges, Bindings, Consumers int
	// Ready, Delayed and Unacked are messages in all queues.
	Ready, Delayed, Unacked int
	// Octets are those of the bodies of all of these.
	ReadyOctets, DelayedOctets, UnackedOctets int64
	// PagedOut is the messages of all of these that are out of memory.
	PagedOut int
	// Counters never go backwards: what deleted queues and exchanges have counted
	// stays in them. PublishIn and PublishOut are those of the exchanges.
	Counters message.Counters
	// Types is what belongs to one type of queues; nil for types of which there
	// never was a queue. Its counters do not go backwards either.
	Types map[queue.Type]TypeTotals
}

// TypeTotals is what the queues of one type have together.
type TypeTotals struct {
	Queues, Consumers int
	Counters          message.Counters
	// Dropped is by strategy, and Reburied the dead letters that were confirmed.
	Dropped  map[queue.Strategy]queue.Dropped
	Reburied uint64
}

func (t *TypeTotals) add(other *TypeTotals) {
	t.Queues += other.Queues
	t.Consumers += other.Consumers
	t.Counters.Add(&other.Counters)
	t.Reburied += other.Reburied
	for strategy, more := range other.Dropped {
		t.addDropped(strategy, &more)
	}
}

func (t *TypeTotals) addDropped(s queue.Strategy, more *queue.Dropped) {
	if *more == (queue.Dropped{}) {
		return
	}
	if t.Dropped == nil {
		t.Dropped = make(map[queue.Strategy]queue.Dropped)
	}
	sum := t.Dropped[s]
	sum.Add(more)
	t.Dropped[s] = sum
}

// add adds what another virtual host has.
func (t *Totals) add(other *Totals) {
	t.Queues += other.Queues
	t.Exchanges += other.Exchanges
	t.Bindings += other.Bindings
	t.Consumers += other.Consumers
	t.Ready += other.Ready
	t.Delayed += other.Delayed
	t.Unacked += other.Unacked
	t.ReadyOctets += other.ReadyOctets
	t.DelayedOctets += other.DelayedOctets
	t.UnackedOctets += other.UnackedOctets
	t.PagedOut += other.PagedOut
	t.Counters.Add(&other.Counters)
	for kind, more := range other.Types {
		t.addType(kind, &more)
	}
}

func (t *Totals) addType(kind queue.Type, more *TypeTotals) {
	if t.Types == nil {
		t.Types = make(map[queue.Type]TypeTotals)
	}
	sum := t.Types[kind]
	sum.add(more)
	t.Types[kind] = sum
}

// addQueue adds what a queue has. Delivering is counted by queues, publishing by
// exchanges.
func (t *Totals) addQueue(s *queue.Status) {
	t.Queues++
	t.Consumers += s.Consumers
	t.Ready += s.Ready.Messages
	t.Delayed += s.Delayed.Messages
	t.Unacked += s.Unacked.Messages
	t.ReadyOctets += s.Ready.Octets
	t.DelayedOctets += s.Delayed.Octets
	t.UnackedOctets += s.Unacked.Octets
	t.PagedOut += s.PagedOut.Messages
	t.addType(s.Type, &TypeTotals{Queues: 1, Consumers: s.Consumers})
	t.addCounters(s)
}

// addCounters adds what a queue has counted, be it deleted or not.
func (t *Totals) addCounters(s *queue.Status) {
	of := TypeTotals{Counters: s.Counters, Reburied: s.Reburied}
	for strategy := range s.Dropped {
		of.addDropped(queue.Strategy(strategy), &s.Dropped[strategy])
	}
	t.addType(s.Type, &of)
	counters := s.Counters
	counters.Publish = 0 // the exchange has counted it
	t.Counters.Add(&counters)
}

// retire keeps what a queue has counted that was just deleted; the caller holds the
// topology lock.
func (v *VHost) retire(q *queue.Queue) {
	s := q.Status()
	v.retired.addCounters(&s)
}

// Totals is what all virtual hosts have together.
func (b *Broker) Totals() Totals { return b.Survey(Survey{}) }

// Survey shows all queues, exchanges and virtual hosts, and returns what they have
// together: all that there is to count, in one pass.
func (b *Broker) Survey(show Survey) Totals {
	b.vhostsMu.RLock()
	var t Totals
	t.add(&b.retired)
	vhosts := slices.Collect(maps.Values(b.vhosts))
	vhosts = slices.AppendSeq(vhosts, maps.Keys(b.leaving))
	b.vhostsMu.RUnlock()
	for _, v := range vhosts {
		of := v.survey(show)
		t.add(&of)
	}
	return t
}

// retire keeps what a virtual host has counted that was deleted.
func (b *Broker) retire(v *VHost) {
	of := v.Totals()
	b.vhostsMu.Lock()
	defer b.vhostsMu.Unlock()
	b.retired.Counters.Add(&of.Counters)
	for kind, more := range of.Types {
		b.retired.addType(kind, &TypeTotals{Counters: more.Counters, Dropped: more.Dropped, Reburied: more.Reburied})
	}
	delete(b.leaving, v)
}

// Totals is what the virtual host has together.
func (v *VHost) Totals() Totals { return v.survey(Survey{}) }

// Survey is who is shown all that there is, one after the other and in no order. No
// lock is held meanwhile, and what is shown is only valid in the call. What is nil is
// not called.
type Survey struct {
	Queue    func(*queue.Status)
	Exchange func(*ExchangeStatus)
	VHost    func(name string, t *Totals) // after its queues and exchanges
}

func (v *VHost) survey(show Survey) Totals {
	queues, exchanges, t := v.snapshot()
	var s queue.Status
	for _, q := range queues {
		s = q.Status()
		t.addQueue(&s)
		if show.Queue != nil {
			show.Queue(&s)
		}
	}
	for i := range exchanges {
		t.Exchanges++
		t.Bindings += exchanges[i].Bindings
		t.Counters.Add(&exchanges[i].Counters)
		if show.Exchange != nil {
			show.Exchange(&exchanges[i])
		}
	}
	if show.VHost != nil {
		show.VHost(v.name, &t)
	}
	return t
}

// snapshot copies what is there, and what has been; it holds the topology lock no
// longer than that takes.
func (v *VHost) snapshot() ([]*queue.Queue, []ExchangeStatus, Totals) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	var retired Totals
	retired.add(&v.retired)
	gone := v.backDoor.counters()
	retired.Counters.Add(&gone)
	queues := make([]*queue.Queue, 0, len(v.queues))
	for _, node := range v.queues {
		queues = append(queues, node.queue)
	}
	exchanges := make([]ExchangeStatus, 0, len(v.exchanges))
	for _, node := range v.exchanges {
		exchanges = append(exchanges, node.status())
	}
	return queues, exchanges, retired
}

// status tells what is known of the exchange; the caller holds the topology lock.
func (n *exchangeNode) status() ExchangeStatus {
	s := ExchangeStatus{Spec: n.spec, Policy: n.policy, Bindings: len(n.sourceOf), Counters: n.entrance.counters()}
	for _, q := range n.delay {
		counts := q.Counts()
		s.Held += counts.Delayed + counts.Ready + counts.Unacked
	}
	return s
}

// Exchanges lists the exchanges of a virtual host by name, the default one included.
// A virtual host that does not exist has none.
func (b *Broker) Exchanges(vhost string) []ExchangeStatus {
	v, ok := b.VHost(vhost)
	if !ok {
		return nil
	}
	_, list, _ := v.snapshot()
	slices.SortFunc(list, func(a, b ExchangeStatus) int { return cmp.Compare(a.Spec.Name, b.Spec.Name) })
	return list
}

// Exchange finds an exchange by its name.
func (b *Broker) Exchange(vhost, name string) (ExchangeStatus, bool) {
	v, ok := b.VHost(vhost)
	if !ok {
		return ExchangeStatus{}, false
	}
	v.mu.RLock()
	defer v.mu.RUnlock()
	node, ok := v.exchanges[name]
	if !ok {
		return ExchangeStatus{}, false
	}
	return node.status(), true
}

// Queues lists the queues of a virtual host by name. A virtual host that does not
// exist has none.
func (b *Broker) Queues(vhost string) []queue.Status {
	v, ok := b.VHost(vhost)
	if !ok {
		return nil
	}
	queues, _, _ := v.snapshot()
	slices.SortFunc(queues, func(a, b *queue.Queue) int { return cmp.Compare(a.Name(), b.Name()) })
	list := make([]queue.Status, 0, len(queues))
	for _, q := range queues {
		list = append(list, q.Status())
	}
	return list
}

// Queue finds a queue by its name, be it exclusive to somebody or not.
func (b *Broker) Queue(vhost, name string) (queue.Status, bool) {
	q, ok := b.find(vhost, name)
	if !ok {
		return queue.Status{}, false
	}
	return q.Status(), true
}

func (b *Broker) find(vhost, name string) (*queue.Queue, bool) {
	v, ok := b.VHost(vhost)
	if !ok {
		return nil, false
	}
	v.mu.RLock()
	defer v.mu.RUnlock()
	node, ok := v.queues[name]
	if !ok {
		return nil, false
	}
	return node.queue, true
}

// Consumers lists the consumers of a queue in the order in which they came.
func (b *Broker) Consumers(vhost, name string) []queue.ConsumerStatus {
	q, ok := b.find(vhost, name)
	if !ok {
		return nil
	}
	return q.Consumers()
}
