package main

import (
	"errors"
	"sync"
)

// window bounds how many messages are published and not yet settled.
type window struct {
	limit int64

	mu        sync.Mutex
	changed   *sync.Cond // of mu
	published int64      // guarded by mu
	settled   int64      // guarded by mu
	closed    bool       // guarded by mu
}

func newWindow(limit int) *window {
	w := &window{limit: int64(limit)}
	w.changed = sync.NewCond(&w.mu)
	return w
}

// claim waits until messages may be published and returns how many, at most
// the given number; zero when the window is closed.
func (w *window) claim(most int64) int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	for !w.closed {
		if n := min(most, w.limit-(w.published-w.settled)); n > 0 {
			w.published += n
			return n
		}
		w.changed.Wait()
	}
	return 0
}

func (w *window) settle(n int64) {
	w.mu.Lock()
	w.settled += n
	w.mu.Unlock()
	w.changed.Signal()
}

// close ends all waiting.
func (w *window) close() {
	w.mu.Lock()
	w.closed = true
	w.mu.Unlock()
	w.changed.Broadcast()
}

// drain waits until all that was published is settled.
func (w *window) drain() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.settled < w.published {
		if w.closed {
			return errors.New("the connection ended before everything was confirmed")
		}
		w.changed.Wait()
	}
	return nil
}
