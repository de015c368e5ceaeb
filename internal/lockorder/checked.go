//go:build invariants

package lockorder

import (
	"bytes"
	"fmt"
	"runtime"
	"strconv"
	"sync"
)

// Mutex is a mutex of rank R that checks the order of locks.
type Mutex[R Rank] struct{ mu sync.Mutex }

// Lock takes the lock, and panics if the goroutine may not.
func (m *Mutex[R]) Lock() {
	taken.enter(rankOf[R]())
	m.mu.Lock()
}

// Unlock gives the lock back.
func (m *Mutex[R]) Unlock() {
	m.mu.Unlock()
	taken.leave(rankOf[R]())
}

// RWMutex is a reader/writer mutex of rank R that checks the order of locks.
type RWMutex[R Rank] struct{ mu sync.RWMutex }

// Lock takes the lock for writing, and panics if the goroutine may not.
func (m *RWMutex[R]) Lock() {
	taken.enter(rankOf[R]())
	m.mu.Lock()
}

// Unlock gives the lock for writing back.
func (m *RWMutex[R]) Unlock() {
	m.mu.Unlock()
	taken.leave(rankOf[R]())
}

// RLock takes the lock for reading, and panics if the goroutine may not.
func (m *RWMutex[R]) RLock() {
	taken.enter(rankOf[R]())
	m.mu.RLock()
}

// RUnlock gives the lock for reading back.
func (m *RWMutex[R]) RUnlock() {
	m.mu.RUnlock()
	taken.leave(rankOf[R]())
}

func rankOf[R Rank]() int {
	var r R
	return r.rank()
}

// taken is the locks that each goroutine holds.
var taken = ledger{held: make(map[uint64][]int)}

type ledger struct {
	mu   sync.Mutex
	held map[uint64][]int // guarded by mu; ranks by goroutine, ascending
}

func (l *ledger) enter(rank int) {
	id := goroutine()
	l.mu.Lock()
	defer l.mu.Unlock()
	held := l.held[id]
	if n := len(held); n > 0 && (held[n-1] > rank || held[n-1] == rank && rank != Queue{}.rank()) {
		panic(fmt.Sprintf("a lock of rank %d is taken while one of rank %d is held", rank, held[n-1]))
	}
	l.held[id] = append(held, rank)
}

func (l *ledger) leave(rank int) {
	id := goroutine()
	l.mu.Lock()
	defer l.mu.Unlock()
	held := l.held[id]
	for i := len(held) - 1; i >= 0; i-- {
		if held[i] == rank {
			held = append(held[:i], held[i+1:]...)
			break
		}
	}
	if len(held) == 0 {
		delete(l.held, id)
		return
	}
	l.held[id] = held
}

// goroutine is the number of the calling goroutine, which Go only tells in a
// stack trace.
func goroutine() uint64 {
	var buf [64]byte
	trace := buf[:runtime.Stack(buf[:], false)]
	fields := bytes.Fields(trace)
	id, err := strconv.ParseUint(string(fields[1]), 10, 64)
	if err != nil {
		panic(fmt.Sprintf("cannot read the number of the goroutine in %q", trace))
	}
	return id
}
