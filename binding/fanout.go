package binding

import "github.com/leveretmq/leveret/amqp"

// fanout matches everything.
type fanout[T comparable] struct {
	bound members[T]
}

// NewFanout makes the table of a fanout exchange.
func NewFanout[T comparable]() Table[T] { return new(fanout[T]) }

func (t *fanout[T]) Add(key string, args amqp.Table, target T) {
	t.bound.add(member[T]{target, variant(key, args)})
}

func (t *fanout[T]) Remove(key string, args amqp.Table, target T) {
	t.bound.remove(member[T]{target, variant(key, args)})
}

func (t *fanout[T]) Match(dst []T, _ string, _ Headers) []T { return t.bound.appendTo(dst) }

func (t *fanout[T]) Empty() bool { return t.bound.empty() }
