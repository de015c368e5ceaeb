package binding

import "slices"

// listedWords is the number of words up to which a node keeps them in a list. A
// short list is as fast as a map and takes a tenth of its memory.
const listedWords = 8

// words are the children of a node by their literal words: in a list while they
// are few, else in a map.
type words[T comparable] struct {
	few  []listed[T]
	many dictionary[string, *node[T]]
}

type listed[T comparable] struct {
	word string
	node *node[T]
}

func (w *words[T]) empty() bool { return len(w.few) == 0 && w.many.empty() }

// find returns the child for the word, or nil.
func (w *words[T]) find(word string) *node[T] {
	for i := range w.few {
		if w.few[i].word == word {
			return w.few[i].node
		}
	}
	if w.many.empty() {
		return nil
	}
	n, _ := w.many.find(word)
	return n
}

// put adds the child for a word that has none.
func (w *words[T]) put(word string, n *node[T]) {
	if len(w.few) < listedWords && w.many.empty() {
		w.few = append(w.few, listed[T]{word, n})
		return
	}
	for _, l := range w.few {
		w.many.put(l.word, l.node)
	}
	w.few = nil
	w.many.put(word, n)
}

func (w *words[T]) remove(word string) {
	if w.many.empty() {
		w.few = slices.DeleteFunc(w.few, func(l listed[T]) bool { return l.word == word })
		if len(w.few) == 0 {
			w.few = nil
		}
		return
	}
	w.many.remove(word)
	// Going back only at half the size keeps a node at the limit from moving
	// its children with each binding that comes and goes.
	if len(w.many.entries) > listedWords/2 {
		return
	}
	for word, n := range w.many.entries {
		w.few = append(w.few, listed[T]{word, n})
	}
	w.many = dictionary[string, *node[T]]{}
}
