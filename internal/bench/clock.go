package bench

import "time"

// clock gives the times that messages carry, in nanoseconds since 1970. It
// only moves forward, unless two machines have to agree on it.
type clock struct {
	base time.Time
	wall bool
}

func newClock(o *Options) clock { return clock{base: time.Now(), wall: o.Millis} }

func (c clock) now() int64 {
	if c.wall {
		return time.Now().UnixNano()
	}
	return c.base.UnixNano() + time.Since(c.base).Nanoseconds()
}
