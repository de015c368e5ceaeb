package binding

import (
	"slices"
	"strings"

	"github.com/leveretmq/leveret/amqp"
)

// The words of a binding key that stand for others.
const (
	oneWord  = "*"
	anyWords = "#"
)

// topic matches the words of keys by a trie with one level per word of the
// binding keys. Places in a key are counted in octets: the place of a word is
// that of its first octet, and the place one past the end of the key means that
// no word is left.
type topic[T comparable] struct {
	root node[T]
}

// NewTopic makes the table of a topic exchange.
func NewTopic[T comparable]() Table[T] { return new(topic[T]) }

func (t *topic[T]) Add(key string, args amqp.Table, target T) {
	n := &t.root
	belowAny := false
	for place := firstWord(key); place <= len(key); {
		var word string
		word, place = cutWord(key, place)
		if n.below == nil {
			n.below = &branches[T]{belowAny: belowAny}
		}
		n = n.below.grow(word)
		belowAny = belowAny || word == anyWords
	}
	n.here.add(member[T]{target, argumentsVariant(args)})
}

func (t *topic[T]) Remove(key string, args amqp.Table, target T) {
	t.root.remove(key, firstWord(key), member[T]{target, argumentsVariant(args)})
}

func (t *topic[T]) Match(dst []T, key string, _ Headers) []T {
	w := walk[T]{key: key, dst: dst}
	w.visit(&t.root, firstWord(key))
	return w.dst
}

func (t *topic[T]) Empty() bool { return t.root.empty() }

// firstWord is the place of the first word; the empty key has no words.
func firstWord(key string) int {
	if key == "" {
		return 1
	}
	return 0
}

// cutWord returns the word at place and the place of the word behind it.
func cutWord(key string, place int) (word string, next int) {
	rest := key[place:]
	if i := strings.IndexByte(rest, '.'); i >= 0 {
		return rest[:i], place + i + 1
	}
	return rest, len(key) + 1
}

// directWalks is how many nodes a walk remembers without allocating.
const directWalks = 8

// walk is one search for the targets of a routing key.
//
// A trie alone would be walked in exponential time if keys had many "#", since
// the same node can be reached at the same place in many ways. Only a "#" makes
// such ways, and two facts keep them apart cheaply. A "#" entered at some place
// goes on from each later place too, and the walk tries places in ascending
// order, so a second entry into the same "#" is never at an earlier place and
// can find nothing new. And a node that no "#" lies above is reached in one way
// only. So it is enough to remember which "#" below another "#" were entered.
type walk[T comparable] struct {
	key string
	dst []T

	entered     [directWalks]*node[T]
	enteredLen  int
	moreEntered map[*node[T]]struct{}
}

// visit goes on at node n with the words from place on.
func (w *walk[T]) visit(n *node[T], place int) {
	if place > len(w.key) {
		w.dst = n.here.appendTo(w.dst)
	}
	b := n.below
	if b == nil {
		return
	}
	if place <= len(w.key) {
		word, next := cutWord(w.key, place)
		if child := b.words.find(word); child != nil {
			w.visit(child, next)
		}
		if b.one != nil {
			w.visit(b.one, next)
		}
	}
	if b.any != nil && !(b.belowAny && w.seen(b.any)) {
		w.enter(b.any, place)
	}
}

// enter goes on at n, a node for "#", which takes none, one, or all of the words
// from place on.
func (w *walk[T]) enter(n *node[T], place int) {
	if n.below != nil {
		for place <= len(w.key) {
			w.visit(n, place)
			_, place = cutWord(w.key, place)
		}
	}
	w.visit(n, len(w.key)+1)
}

// seen remembers that the walk enters n, and says if it did so before.
func (w *walk[T]) seen(n *node[T]) bool {
	if slices.Contains(w.entered[:w.enteredLen], n) {
		return true
	}
	if w.enteredLen < directWalks {
		w.entered[w.enteredLen] = n
		w.enteredLen++
		return false
	}
	if _, ok := w.moreEntered[n]; ok {
		return true
	}
	if w.moreEntered == nil {
		w.moreEntered = make(map[*node[T]]struct{})
	}
	w.moreEntered[n] = struct{}{}
	return false
}
