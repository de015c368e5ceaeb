package queue

import (
	"cmp"
	"slices"
	"sync/atomic"

	"github.com/leveretmq/leveret/message"
)

// Source is an exchange that clients publish to, as far as queues count what comes from
// it. It is safe for concurrent use.
type Source struct {
	name string
	gone atomic.Bool
}

// NewSource makes the source that an exchange is. Another exchange is another source,
// though it may have the same name.
func NewSource(name string) *Source { return &Source{name: name} }

// Name is the name of the exchange.
func (s *Source) Name() string { return s.name }

// Retire says that the exchange is gone. Queues then forget what has come from it.
func (s *Source) Retire() { s.gone.Store(true) }

// Arrival is how many messages a queue has got that were published to one exchange.
type Arrival struct {
	Exchange string
	Messages uint64
}

// counters are those that a queue has of a message.Counters.
type counters struct {
	Publish, Deliver, DeliverNoAck, Get, GetNoAck, GetEmpty, Redeliver, Ack, DiskReads, DiskWrites uint64
}

func (n *counters) all() message.Counters {
	return message.Counters{
		Publish: n.Publish, Deliver: n.Deliver, DeliverNoAck: n.DeliverNoAck, Get: n.Get, GetNoAck: n.GetNoAck,
		GetEmpty: n.GetEmpty, Redeliver: n.Redeliver, Ack: n.Ack, DiskReads: n.DiskReads, DiskWrites: n.DiskWrites,
	}
}

// arrivals tells apart what a queue gets by where it was published to. Most queues have
// one source, which costs a comparison for each batch, and no memory of its own.
type arrivals struct {
	last  *arrived // of the last batch; nil before the first
	first arrived
	more  map[*Source]*arrived // nil while there is one source
}

type arrived struct {
	from *Source
	n    uint64
}

// count adds messages of a source; none of nil, which stands for no exchange.
func (a *arrivals) count(from *Source, n uint64) {
	if from == nil {
		return
	}
	if a.last == nil || a.last.from != from {
		a.last = a.of(from)
	}
	a.last.n += n
}

// of finds the source, or makes room for it.
func (a *arrivals) of(from *Source) *arrived {
	if a.first.from == from {
		return &a.first
	}
	if known := a.more[from]; known != nil {
		return known
	}
	if a.first.from == nil || a.first.from.gone.Load() {
		a.first = arrived{from: from}
		return &a.first
	}
	a.sweep()
	if a.more == nil {
		a.more = make(map[*Source]*arrived)
	}
	a.more[from] = &arrived{from: from}
	return a.more[from]
}

// sweep forgets sources that are gone, each time that their number has doubled: so
// there are never many more than there are exchanges.
func (a *arrivals) sweep() {
	if n := len(a.more); n&(n-1) != 0 {
		return
	}
	for from := range a.more {
		if from.gone.Load() {
			delete(a.more, from)
		}
	}
}

// list is what has come from exchanges that are still there, in the order of their
// names.
func (a *arrivals) list() []Arrival {
	var list []Arrival
	tell := func(one *arrived) {
		if one.from != nil && !one.from.gone.Load() {
			list = append(list, Arrival{Exchange: one.from.name, Messages: one.n})
		}
	}
	tell(&a.first)
	for _, one := range a.more {
		tell(one)
	}
	slices.SortFunc(list, func(a, b Arrival) int { return cmp.Compare(a.Exchange, b.Exchange) })
	return list
}

// Arrivals lists how many messages clients have published to which exchanges that came
// to the queue, in the order of the exchanges' names. What came from exchanges that were
// deleted since is not told. It holds the queue's lock for a moment.
func (q *Queue) Arrivals() []Arrival {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.core.tally.arrivals.list()
}

// ArrivedFrom is how many messages the queue has got of one source.
func (q *Queue) ArrivedFrom(source *Source) uint64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	a := &q.core.tally.arrivals
	if a.first.from == source {
		return a.first.n
	}
	if known := a.more[source]; known != nil {
		return known.n
	}
	return 0
}
