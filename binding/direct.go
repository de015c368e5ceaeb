package binding

import "github.com/leveretmq/leveret/amqp"

// direct matches keys that are equal octet for octet.
type direct[T comparable] struct {
	byKey dictionary[string, members[T]]
}

// NewDirect makes the table of a direct exchange.
func NewDirect[T comparable]() Table[T] { return new(direct[T]) }

func (t *direct[T]) Add(key string, args amqp.Table, target T) {
	bound, _ := t.byKey.find(key)
	bound.add(member[T]{target, argumentsVariant(args)})
	t.byKey.put(key, bound)
}

func (t *direct[T]) Remove(key string, args amqp.Table, target T) {
	bound, ok := t.byKey.find(key)
	if !ok {
		return
	}
	bound.remove(member[T]{target, argumentsVariant(args)})
	if bound.empty() {
		t.byKey.remove(key)
		return
	}
	t.byKey.put(key, bound)
}

func (t *direct[T]) Match(dst []T, key string, _ Headers) []T {
	bound, ok := t.byKey.find(key)
	if !ok {
		return dst
	}
	return bound.appendTo(dst)
}

func (t *direct[T]) Empty() bool { return t.byKey.empty() }
