package broker

import (
	"github.com/leveretmq/leveret/binding"
	"github.com/leveretmq/leveret/exchange"
)

// edge is one binding; guarded by the vhost's lock.
type edge struct {
	spec     binding.Spec
	source   *exchangeNode
	toQueue  *queueNode
	toXchg   *exchangeNode
	declared declaration

	previous, next *edge // among those that lead to the same end
}

func (e *edge) target() target {
	if e.toQueue != nil {
		return target{queue: e.toQueue.queue}
	}
	return target{exchange: e.toXchg}
}

// binding is the edge as its source looks at it.
func (e *edge) binding() exchange.Binding {
	b := exchange.Binding{Key: e.spec.RoutingKey, Arguments: e.spec.Arguments}
	if e.toQueue != nil {
		b.QueueType = string(e.toQueue.queue.Spec().Type())
	}
	return b
}

// destination is the list of bindings that lead to the edge's end.
func (e *edge) destination() *edges {
	if e.toQueue != nil {
		return &e.toQueue.boundTo
	}
	return &e.toXchg.boundTo
}

// durable says whether the binding survives a restart: both ends have to.
func (e *edge) durable() bool {
	if e.toQueue != nil {
		return e.source.spec.Durable && e.toQueue.queue.Spec().Durable
	}
	return e.source.spec.Durable && e.toXchg.spec.Durable
}

// edges are the bindings that lead to one end, linked through themselves: most
// queues have one or two, and a map would have more octets than both.
type edges struct{ first *edge }

func (l *edges) add(e *edge) {
	e.next = l.first
	if l.first != nil {
		l.first.previous = e
	}
	l.first = e
}

func (l *edges) remove(e *edge) {
	if e.previous != nil {
		e.previous.next = e.next
	} else {
		l.first = e.next
	}
	if e.next != nil {
		e.next.previous = e.previous
	}
	e.previous, e.next = nil, nil
}
