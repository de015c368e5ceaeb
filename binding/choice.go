package binding

import "github.com/leveretmq/leveret/amqp"

// choice gives each message to one of the bindings, whatever their keys are. A target
// that is bound twice is taken twice as often.
type choice[T comparable] struct {
	bound members[T]
	pick  func(key string, n int) int
}

// NewRandom makes the table of an exchange that leaves the choice to chance. Pick
// returns a number from zero up to n, without n, and may be called concurrently.
func NewRandom[T comparable](pick func(n int) int) Table[T] {
	return &choice[T]{pick: func(_ string, n int) int { return pick(n) }}
}

// NewModulus makes the table of an x-modulus-hash exchange: the hash of the key
// modulo the number of bindings.
func NewModulus[T comparable]() Table[T] {
	return &choice[T]{pick: func(key string, n int) int { return int(hash(key) % uint64(n)) }}
}

func (t *choice[T]) Add(key string, args amqp.Table, target T) {
	t.bound.add(member[T]{target, variant(key, args)})
}

func (t *choice[T]) Remove(key string, args amqp.Table, target T) {
	t.bound.remove(member[T]{target, variant(key, args)})
}

func (t *choice[T]) Match(dst []T, key string, _ Headers) []T {
	n := t.bound.len()
	if n == 0 {
		return dst
	}
	return append(dst, t.bound.list[t.pick(key, n)].target)
}

func (t *choice[T]) Empty() bool { return t.bound.empty() }
