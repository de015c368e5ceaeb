package bench

import (
	"sync/atomic"

	"github.com/leveretmq/leveret/internal/client"
)

// flight bounds the messages that are published and have not been received,
// counted by their copies: a message that goes to fifty queues has arrived when
// there were fifty deliveries. Nil has no bound.
type flight struct {
	window   *client.Window
	copies   int64
	arrivals atomic.Int64
}

func newFlight(o *Options) *flight {
	if o.InFlight == 0 {
		return nil
	}
	return &flight{window: client.NewWindow(o.InFlight), copies: int64(o.copies())}
}

// claim waits for room; see client.Window.
func (f *flight) claim(most int) int {
	if f == nil {
		return most
	}
	return int(f.window.Claim(int64(most)))
}

// arrived takes up deliveries.
func (f *flight) arrived(n int64) {
	if f == nil {
		return
	}
	now := f.arrivals.Add(n)
	if whole := now/f.copies - (now-n)/f.copies; whole > 0 {
		f.window.Settle(whole)
	}
}

func (f *flight) close() {
	if f != nil {
		f.window.Close()
	}
}
