package broker

import (
	"sync/atomic"

	"github.com/leveretmq/leveret/message"
	"github.com/leveretmq/leveret/queue"
)

// Entrance counts what enters at an exchange. Channels count in batches, so that it
// does not matter that several share it. Its methods are safe for concurrent use.
type Entrance struct {
	source *queue.Source // as which queues know the exchange; nil for none

	in, out, confirmable, confirmed, returned, dropped atomic.Uint64
	// heir is who counts on when the exchange is deleted; nil before.
	heir atomic.Pointer[Entrance]
}

func newEntrance(exchange string) *Entrance {
	return &Entrance{source: queue.NewSource(exchange)}
}

// Name is the name of the exchange.
func (e *Entrance) Name() string { return e.source.Name() }

// Source is as what queues have to count the exchange.
func (e *Entrance) Source() *queue.Source { return e.source }

// Open says whether the exchange is still there.
func (e *Entrance) Open() bool { return e.heir.Load() == nil }

// Published counts messages of one route: how many, to how many queues each, and
// whether they are to be confirmed. Those without queues are counted by Unroutable
// on top.
func (e *Entrance) Published(messages, queues int, confirmable bool) {
	e = e.current()
	e.in.Add(uint64(messages))
	if queues > 0 {
		e.out.Add(uint64(messages * queues))
	}
	if confirmable {
		e.confirmable.Add(uint64(messages))
	}
}

// Unroutable counts a message that no queue has got. A mandatory one is returned.
func (e *Entrance) Unroutable(mandatory bool) {
	if e = e.current(); mandatory {
		e.returned.Add(1)
	} else {
		e.dropped.Add(1)
	}
}

// Confirmed counts publishes that were confirmed.
func (e *Entrance) Confirmed(n int) { e.current().confirmed.Add(uint64(n)) }

func (e *Entrance) current() *Entrance {
	if heir := e.heir.Load(); heir != nil {
		return heir
	}
	return e
}

// counters is what was counted.
func (e *Entrance) counters() message.Counters {
	in := e.in.Load()
	return message.Counters{
		Publish: in, PublishIn: in, PublishOut: e.out.Load(),
		PublishConfirm: e.confirmable.Load(), Confirm: e.confirmed.Load(),
		ReturnUnroutable: e.returned.Load(), DropUnroutable: e.dropped.Load(),
	}
}

// bequeath leaves everything to the heir. A count that is added at this very moment
// may be lost; none is counted twice.
func (e *Entrance) bequeath(heir *Entrance) {
	e.heir.Store(heir)
	e.source.Retire()
	for _, n := range [...]struct{ from, to *atomic.Uint64 }{
		{&e.in, &heir.in}, {&e.out, &heir.out}, {&e.confirmable, &heir.confirmable},
		{&e.confirmed, &heir.confirmed}, {&e.returned, &heir.returned}, {&e.dropped, &heir.dropped},
	} {
		n.to.Add(n.from.Swap(0))
	}
}
