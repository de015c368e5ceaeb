package bench

import (
	"math/bits"
	"sync"

	"github.com/leveretmq/leveret/internal/client"
)

// confirms are the messages of a channel that are not confirmed yet.
type confirms struct {
	limit int

	mu      sync.Mutex
	changed *sync.Cond // of mu
	// published is when each message was, by its tag; zero if there is none or
	// it is confirmed. Its length is a power of two.
	published []int64 // guarded by mu
	next      uint64  // tag of the next message; guarded by mu
	oldest    uint64  // tag that is not confirmed, or next; guarded by mu
	open      int     // guarded by mu
	closed    bool    // guarded by mu
}

// ringFactor is how far the newest message may be ahead of the oldest that is
// not confirmed, by the limit: a broker may confirm out of order.
const ringFactor = 8

func newConfirms(limit int) *confirms {
	c := &confirms{limit: limit, next: 1, oldest: 1}
	c.published = make([]int64, 1<<bits.Len(uint(ringFactor*limit)))
	c.changed = sync.NewCond(&c.mu)
	return c
}

func (c *confirms) slot(tag uint64) *int64 { return &c.published[tag&uint64(len(c.published)-1)] }

// claim waits until messages may be published and returns how many, at most
// the given number; zero when the channel is closed.
func (c *confirms) claim(most int) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	for !c.closed {
		ahead := len(c.published) - int(c.next-c.oldest)
		if n := min(most, c.limit-c.open, ahead); n > 0 {
			return n
		}
		c.changed.Wait()
	}
	return 0
}

// publish notes that n messages, which have been claimed, are being sent.
func (c *confirms) publish(n int, nanoseconds int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for range n {
		*c.slot(c.next) = nanoseconds
		c.next++
	}
	c.open += n
}

// settle takes up a confirm and appends the latencies of the messages that are
// settled by it. A tag that is not open changes nothing.
func (c *confirms) settle(tag uint64, multiple bool, now int64, spells []spell) (settled []spell, count int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if tag < c.oldest || tag >= c.next {
		return spells, 0
	}
	first := tag
	if multiple {
		first = c.oldest
	}
	for t := first; t <= tag; t++ {
		at := c.slot(t)
		if *at == 0 {
			continue
		}
		spells = extend(spells, now-*at)
		*at = 0
		count++
	}
	c.open -= int(count)
	for c.oldest < c.next && *c.slot(c.oldest) == 0 {
		c.oldest++
	}
	c.changed.Broadcast()
	return spells, count
}

// extend appends one latency.
func extend(spells []spell, nanoseconds int64) []spell {
	if last := len(spells) - 1; last >= 0 && spells[last].nanoseconds == nanoseconds {
		spells[last].count++
		return spells
	}
	return append(spells, spell{nanoseconds, 1})
}

// drain waits until everything is confirmed. The error is
// client.ErrUnsettled if the channel is closed before.
func (c *confirms) drain() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.open > 0 {
		if c.closed {
			return client.ErrUnsettled
		}
		c.changed.Wait()
	}
	return nil
}

// close ends all waiting.
func (c *confirms) close() {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.changed.Broadcast()
}
