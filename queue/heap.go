package queue

import "slices"

// ordered is what a heap can hold.
type ordered[T any] interface{ before(other T) bool }

// heap is a binary heap: the first element comes before all others. Its zero
// value is empty.
type heap[T ordered[T]] []T

func (h *heap[T]) push(e T) {
	list := append(*h, e)
	for i := len(list) - 1; i > 0; {
		parent := (i - 1) / 2
		if !list[i].before(list[parent]) {
			break
		}
		list[parent], list[i] = list[i], list[parent]
		i = parent
	}
	*h = list
}

// remove takes one element out.
func (h *heap[T]) remove(i int) {
	rest := slices.Delete(*h, i, i+1)
	*h = nil
	for _, e := range rest {
		h.push(e)
	}
}

// pop takes the first element; the heap must not be empty. An empty heap keeps no
// memory.
func (h *heap[T]) pop() T {
	var zero T
	list := *h
	e, last := list[0], len(list)-1
	list[0], list[last] = list[last], zero
	list = list[:last]
	for i := 0; ; {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(list); child++ {
			if list[child].before(list[least]) {
				least = child
			}
		}
		if least == i {
			break
		}
		list[i], list[least] = list[least], list[i]
		i = least
	}
	if len(list) == 0 {
		list = nil
	}
	*h = list
	return e
}
