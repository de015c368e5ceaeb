package binding

import (
	"slices"
	"strconv"

	"github.com/leveretmq/leveret/amqp"
)

// consistent gives each key one target, and moves few keys when targets come and
// go. The buckets of the targets lie one after the other in the order in which
// the targets were bound.
type consistent[T comparable] struct {
	// slots are the targets in order; those that are gone leave a slot of no
	// width until there are too many of them.
	slots   []slot[T]
	weights weights // of the slots, in buckets
	places  dictionary[T, int]
}

// slot is one target. Its first binding says how many buckets it has.
type slot[T comparable] struct {
	target T
	bound  []share
}

// share is one binding of a target.
type share struct {
	variant string
	buckets int
}

// NewConsistentHash makes the table of an x-consistent-hash exchange. Binding keys
// are the targets' numbers of buckets; Match takes what is to be hashed as the key.
func NewConsistentHash[T comparable]() Table[T] { return new(consistent[T]) }

func (t *consistent[T]) Add(key string, args amqp.Table, target T) {
	buckets, err := strconv.Atoi(key)
	if err != nil || buckets < 1 {
		return // the exchange refuses such bindings
	}
	s := share{variant(key, args), buckets}
	place, ok := t.places.find(target)
	if !ok {
		t.places.put(target, len(t.slots))
		t.slots = append(t.slots, slot[T]{target, []share{s}})
		t.weights.add(buckets)
		return
	}
	if bound := &t.slots[place].bound; !slices.Contains(*bound, s) {
		*bound = append(*bound, s)
	}
}

func (t *consistent[T]) Remove(key string, args amqp.Table, target T) {
	place, ok := t.places.find(target)
	if !ok {
		return
	}
	bound := t.slots[place].bound
	i := slices.IndexFunc(bound, func(s share) bool { return s.variant == variant(key, args) })
	if i < 0 {
		return
	}
	before := bound[0].buckets
	bound = slices.Delete(bound, i, i+1)
	t.slots[place].bound = bound
	if len(bound) > 0 {
		t.weights.widen(place, bound[0].buckets-before)
		return
	}
	t.weights.widen(place, -before)
	t.places.remove(target)
	t.slots[place] = slot[T]{}
	t.close()
}

// close moves the slots together when most of them are empty.
func (t *consistent[T]) close() {
	n := len(t.places.entries)
	if n > 0 && (len(t.slots) < shrinkFrom || n > len(t.slots)/2) {
		return
	}
	old := t.slots
	*t = consistent[T]{}
	for _, s := range old {
		if len(s.bound) == 0 {
			continue
		}
		t.places.put(s.target, len(t.slots))
		t.slots = append(t.slots, s)
		t.weights.add(s.bound[0].buckets)
	}
}

func (t *consistent[T]) Match(dst []T, key string, _ Headers) []T {
	total := t.weights.total()
	if total == 0 {
		return dst
	}
	return append(dst, t.slots[t.weights.at(jump(hash(key), total))].target)
}

func (t *consistent[T]) Empty() bool { return t.places.empty() }
