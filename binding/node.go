package binding

import "strings"

// node is a place in the trie of a topic table: the end of a sequence of words.
// Most nodes of a large trie are leaves, which is why all that only inner nodes
// need lies behind one pointer. Except for the root, a node exists only as long
// as there is a binding at it or below it.
type node[T comparable] struct {
	// here are the bindings whose key ends at this node.
	here members[T]
	// below is nil for a leaf.
	below *branches[T]
}

// branches are the ways down from a node.
type branches[T comparable] struct {
	words words[T]
	// one follows "*", any follows "#"; each is nil if there is none.
	one, any *node[T]
	// belowAny says that the node itself lies at or below a "#".
	belowAny bool
}

func (n *node[T]) empty() bool { return n.here.empty() && n.below == nil }

// remove removes the binding m, whose key has its words from place on below
// this node, and each node that is of no more use.
func (n *node[T]) remove(key string, place int, m member[T]) {
	if place > len(key) {
		n.here.remove(m)
		return
	}
	if n.below == nil {
		return
	}
	word, next := cutWord(key, place)
	child := n.below.find(word)
	if child == nil {
		return
	}
	child.remove(key, next, m)
	if !child.empty() {
		return
	}
	n.below.remove(word)
	if n.below.empty() {
		n.below = nil
	}
}

// grow returns the child for a word of a binding key, made if it is missing.
func (b *branches[T]) grow(word string) *node[T] {
	if child := b.find(word); child != nil {
		return child
	}
	child := new(node[T])
	switch word {
	case oneWord:
		b.one = child
	case anyWords:
		b.any = child
	default:
		// The word is cloned because the node may outlive the key.
		b.words.put(strings.Clone(word), child)
	}
	return child
}

// find returns the child for a word of a binding key, or nil.
func (b *branches[T]) find(word string) *node[T] {
	switch word {
	case oneWord:
		return b.one
	case anyWords:
		return b.any
	default:
		return b.words.find(word)
	}
}

func (b *branches[T]) remove(word string) {
	switch word {
	case oneWord:
		b.one = nil
	case anyWords:
		b.any = nil
	default:
		b.words.remove(word)
	}
}

func (b *branches[T]) empty() bool {
	return b.one == nil && b.any == nil && b.words.empty()
}
