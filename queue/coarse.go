package queue

import "sync/atomic"

// CoarseClock knows roughly what time it is, for what is not worth asking the system
// each time. Whoever has asked anyway advances it. Its methods are safe for
// concurrent use.
type CoarseClock struct{ now atomic.Int64 }

// coarseness is by how much the clock may be behind while something happens, in
// milliseconds: so its memory is written rarely, and read by all processors for
// next to nothing.
const coarseness = 500

// Advance tells the time, in milliseconds since 1970.
func (c *CoarseClock) Advance(now int64) {
	if now-c.now.Load() >= coarseness {
		c.now.Store(now)
	}
}

// Now is the time, in milliseconds since 1970.
func (c *CoarseClock) Now() int64 { return c.now.Load() }
