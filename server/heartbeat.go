package server

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/leveretmq/leveret/amqp"
)

// heart is the heartbeat of a connection, in both directions. It counts octets
// at intervals: any traffic counts as life (RabbitMQ behaviour).
type heart struct {
	connection *connection
	interval   time.Duration // as the client chose it; zero is none

	silent atomic.Bool // the client was dropped for it

	mu      sync.Mutex
	stopped bool        // guarded by mu
	send    *time.Timer // guarded by mu
	receive *time.Timer // guarded by mu

	// sent belongs to the send timer, the next two to the receive timer.

	sent     uint64
	received uint64
	missed   int
}

// allowedMisses is how many intervals in a row may pass without an octet from
// the client (RabbitMQ behaviour: it is dropped at the second).
const allowedMisses = 1

func newHeart(c *connection) *heart { return &heart{connection: c} }

// never is a count of octets that differs from any real one: the first look
// compares with nothing.
const never = ^uint64(0)

// start begins to beat. The first beat is sent after half an interval in any
// case.
func (h *heart) start(interval time.Duration) {
	if interval <= 0 {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.stopped {
		return
	}
	h.interval = interval
	h.sent, h.received = never, never
	h.send = time.AfterFunc(interval/2, h.beat)
	h.receive = time.AfterFunc(interval, h.listen)
}

// stop ends both directions.
func (h *heart) stop() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.stopped = true
	if h.send != nil {
		h.send.Stop()
		h.receive.Stop()
	}
}

// beat sends a heartbeat unless something was sent since the last time.
func (h *heart) beat() {
	c := h.connection
	sent := c.octetsOut.Load()
	if sent == h.sent || h.sent == never {
		c.mu.Lock()
		if len(c.out) == 0 { // else the writer has enough to send
			c.out = amqp.AppendHeartbeat(c.out)
			sent += amqp.FrameOverhead // the heartbeat itself is no traffic
		}
		c.mu.Unlock()
		c.wants.wake()
	}
	h.sent = sent
	h.again(func() { h.send.Reset(h.interval / 2) })
}

// listen drops a connection from which nothing came for two intervals. While
// the reader is busy with the broker, and so cannot hear the client, silence
// does not count. While the client does not read what it has asked for, it is
// not heard either: then it lives as long as it takes something.
func (h *heart) listen() {
	c := h.connection
	received, awaits := c.octetsIn.Load(), c.awaits.Load()
	if awaits == awaitsRoom {
		received += c.octetsOut.Load()
	}
	if received != h.received || awaits == awaitsBroker {
		h.missed = 0
	} else if h.missed++; h.missed > allowedMisses {
		h.silent.Store(true)
		c.hangUp()
		return
	}
	h.received = received
	h.again(func() { h.receive.Reset(h.interval) })
}

func (h *heart) again(reset func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.stopped {
		reset()
	}
}
