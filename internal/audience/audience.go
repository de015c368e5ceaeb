package audience

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
)

const (
	// length is how many items a line has room for.
	length = 4096
	// weight is what they may weigh together, in octets.
	weight = 8 << 20
)

// Audience is who looks at items of one kind. The zero value has nobody.
type Audience[T any] struct {
	mu    sync.Mutex // over changes of seats
	seats atomic.Pointer[[]*Seat[T]]
}

// Empty says whether nobody looks.
func (a *Audience[T]) Empty() bool { return a.seats.Load() == nil }

// Tell tells everybody of an item. It never blocks.
func (a *Audience[T]) Tell(item T) {
	seats := a.seats.Load()
	if seats == nil {
		return
	}
	for _, s := range *seats {
		s.offer(item)
	}
}

// Join takes a seat. Pick says whether the item is wanted, what is kept of it, and how
// many octets that takes; it is called where the item is told of, so it has to be quick,
// and to copy what does not belong to the item.
func (a *Audience[T]) Join(pick func(item T) (kept T, octets int, wanted bool)) *Seat[T] {
	s := &Seat[T]{audience: a, pick: pick, line: make(chan picked[T], length)}
	a.change(func(seats []*Seat[T]) []*Seat[T] { return append(seats, s) })
	return s
}

// change replaces the list of seats.
func (a *Audience[T]) change(do func([]*Seat[T]) []*Seat[T]) {
	a.mu.Lock()
	defer a.mu.Unlock()
	var next []*Seat[T]
	if old := a.seats.Load(); old != nil {
		next = slices.Clone(*old)
	}
	if next = do(next); len(next) == 0 {
		a.seats.Store(nil)
		return
	}
	a.seats.Store(&next)
}

// Seat is one who looks.
type Seat[T any] struct {
	audience *Audience[T]
	pick     func(T) (T, int, bool)
	line     chan picked[T]
	weight   atomic.Int64 // of the line, in octets
	lost     atomic.Int64
}

type picked[T any] struct {
	item   T
	octets int64
}

func (s *Seat[T]) offer(item T) {
	kept, octets, wanted := s.pick(item)
	if !wanted {
		return
	}
	p := picked[T]{kept, int64(octets)}
	if s.weight.Add(p.octets) <= weight {
		select {
		case s.line <- p:
			return
		default:
		}
	}
	s.weight.Add(-p.octets)
	s.lost.Add(1)
}

// Next waits for the next item; without one it returns when the context ends.
func (s *Seat[T]) Next(ctx context.Context) (item T, ok bool) {
	select {
	case p := <-s.line:
		s.weight.Add(-p.octets)
		return p.item, true
	case <-ctx.Done():
		return item, false
	}
}

// Waiting is how many items Next returns without a wait.
func (s *Seat[T]) Waiting() int { return len(s.line) }

// Lost is how many items the seat was not told of so far, as it had no room for them.
func (s *Seat[T]) Lost() int64 { return s.lost.Load() }

// Leave gives the seat up. Calling it again does nothing.
func (s *Seat[T]) Leave() {
	s.audience.change(func(seats []*Seat[T]) []*Seat[T] {
		return slices.DeleteFunc(seats, func(other *Seat[T]) bool { return other == s })
	})
}
