package queue

const (
	// minRing is the capacity that a ring starts with and keeps when it is
	// empty, in elements: small, since an idle queue should cost little.
	minRing = 8
	// lingering is the capacity from which a ring gives memory back before it is
	// empty, in elements.
	lingering = 4096
)

// ring is a first-in first-out buffer that grows by doubling and gives its memory
// back when it is empty. It begins anew with half of what it had: what fills it
// in batches costs one or two allocations a batch. Its zero value is empty and
// owns no memory.
type ring[T any] struct {
	buf  []T // length is zero or a power of two
	head uint32
	size uint32
	next uint32 // the capacity to begin with
}

func (r *ring[T]) len() int { return int(r.size) }

// push appends v at the tail.
func (r *ring[T]) push(v T) {
	if int(r.size) == len(r.buf) {
		r.resize(max(minRing, 2*len(r.buf), int(r.next)))
	}
	r.buf[(r.head+r.size)&uint32(len(r.buf)-1)] = v
	r.size++
}

// front returns the oldest element; the ring must not be empty.
func (r *ring[T]) front() T { return r.buf[r.head] }

// pop removes the oldest element; the ring must not be empty.
func (r *ring[T]) pop() T {
	var zero T
	v := r.buf[r.head]
	r.buf[r.head] = zero // let the collector have what it points to
	r.head = (r.head + 1) & uint32(len(r.buf)-1)
	r.size--
	if len(r.buf) > minRing {
		r.shrink()
	}
	return v
}

// shrink gives back what is not needed of a buffer that has grown.
func (r *ring[T]) shrink() {
	switch {
	case r.size == 0:
		*r = ring[T]{next: uint32(min(len(r.buf), lingering) / 2)}
	case len(r.buf) > lingering && int(r.size) <= len(r.buf)/4:
		r.resize(len(r.buf) / 2)
	}
}

// clear drops everything and the memory with it.
func (r *ring[T]) clear() { *r = ring[T]{} }

// remove drops the elements for which drop says so and keeps the order of the
// others. It is linear in the length.
func (r *ring[T]) remove(drop func(T) bool) {
	kept := ring[T]{}
	for r.size > 0 {
		if v := r.pop(); !drop(v) {
			kept.push(v)
		}
	}
	*r = kept
}

func (r *ring[T]) resize(capacity int) {
	buf := make([]T, capacity)
	head, size := int(r.head), int(r.size)
	n := copy(buf, r.buf[head:min(head+size, len(r.buf))])
	copy(buf[n:], r.buf[:size-n])
	r.buf, r.head, r.next = buf, 0, 0
}

// ref is where the i-th oldest element is; it is valid until the next change.
func (r *ring[T]) ref(i int) *T { return &r.buf[(r.head+uint32(i))&uint32(len(r.buf)-1)] }

// at returns the i-th oldest element; i is below the length.
func (r *ring[T]) at(i int) T { return r.buf[(r.head+uint32(i))&uint32(len(r.buf)-1)] }
