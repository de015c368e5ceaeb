package queue

// minRing is the capacity that a ring starts with and never shrinks below,
// in elements: small, since an idle queue should cost little.
const minRing = 8

// ring is a first-in first-out buffer that grows by doubling and gives memory
// back as it empties. Its zero value is empty and owns no memory.
type ring[T any] struct {
	buf  []T // length is zero or a power of two
	head int
	size int
}

func (r *ring[T]) len() int { return r.size }

// push appends v at the tail.
func (r *ring[T]) push(v T) {
	if r.size == len(r.buf) {
		r.resize(max(minRing, 2*len(r.buf)))
	}
	r.buf[(r.head+r.size)&(len(r.buf)-1)] = v
	r.size++
}

// front returns the oldest element; the ring must not be empty.
func (r *ring[T]) front() T { return r.buf[r.head] }

// pop removes the oldest element; the ring must not be empty.
func (r *ring[T]) pop() T {
	var zero T
	v := r.buf[r.head]
	r.buf[r.head] = zero // let the collector have what it points to
	r.head = (r.head + 1) & (len(r.buf) - 1)
	r.size--
	if len(r.buf) > minRing && r.size <= len(r.buf)/4 {
		r.resize(len(r.buf) / 2)
	}
	return v
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
	n := copy(buf, r.buf[r.head:min(r.head+r.size, len(r.buf))])
	copy(buf[n:], r.buf[:r.size-n])
	r.buf, r.head = buf, 0
}

// at returns the i-th oldest element; i is below the length.
func (r *ring[T]) at(i int) T { return r.buf[(r.head+i)&(len(r.buf)-1)] }
