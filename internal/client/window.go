package client

import (
	"errors"
	"sync"
)

// Window bounds how many messages are published and not yet settled.
type Window struct {
	limit int64

	mu        sync.Mutex
	changed   *sync.Cond // of mu
	published int64      // guarded by mu
	settled   int64      // guarded by mu
	closed    bool       // guarded by mu
}

// ErrUnsettled says that a window was closed before everything was settled.
var ErrUnsettled = errors.New("the connection ended before everything was confirmed")

// NewWindow makes a window of as many messages.
func NewWindow(limit int) *Window {
	w := &Window{limit: int64(limit)}
	w.changed = sync.NewCond(&w.mu)
	return w
}

// Claim waits until messages may be published and returns how many, at most
// the given number; zero when the window is closed.
func (w *Window) Claim(most int64) int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	for !w.closed {
		room := w.limit - (w.published - w.settled)
		if n := min(most, room); n > 0 {
			w.published += n
			if n < room {
				w.changed.Signal() // for the next of many publishers
			}
			return n
		}
		w.changed.Wait()
	}
	return 0
}

// Settle makes room for n messages.
func (w *Window) Settle(n int64) {
	w.mu.Lock()
	w.settled += n
	w.mu.Unlock()
	w.changed.Signal()
}

// Close ends all waiting.
func (w *Window) Close() {
	w.mu.Lock()
	w.closed = true
	w.mu.Unlock()
	w.changed.Broadcast()
}

// Drain waits until all that was published is settled. The error is
// ErrUnsettled if the window is closed before.
func (w *Window) Drain() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.settled < w.published {
		if w.closed {
			return ErrUnsettled
		}
		w.changed.Wait()
	}
	return nil
}
