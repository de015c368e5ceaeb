package server

import (
	"sync/atomic"
	"time"

	"github.com/leveretmq/leveret/internal/histogram"
)

// Measurements are distributions of what the server has seen since it started.
type Measurements struct {
	// Sizes are octets of the bodies of all messages that came in.
	Sizes histogram.Snapshot
	// Confirms is the time from the arrival of a publish to its confirm, and
	// Deliveries that to the first delivery of a message, in seconds: samples of
	// both, at most one in what is read or written at once. Deliveries are known by
	// the millisecond.
	Confirms, Deliveries histogram.Snapshot
}

// Measurements tells what the server has measured.
func (s *Server) Measurements() Measurements {
	return Measurements{
		Sizes: s.measures.sizes.Snapshot(), Confirms: s.measures.confirms.Snapshot(), Deliveries: s.measures.deliveries.Snapshot(),
	}
}

// measures are the histograms of a server.
type measures struct{ sizes, confirms, deliveries *histogram.Histogram }

func newMeasures() measures {
	const us, ms, s = int64(time.Microsecond), int64(time.Millisecond), int64(time.Second)
	return measures{
		// RabbitMQ's buckets
		sizes: histogram.New(1, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 5e7, 1e8),
		confirms: histogram.New(1e-9, 25*us, 50*us, 100*us, 250*us, 500*us, ms, 5*ms/2, 5*ms, 10*ms, 25*ms, 50*ms, 100*ms, 250*ms,
			s, 10*s),
		deliveries: histogram.New(1e-3, 1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 5000, 30_000, 300_000, 3_600_000),
	}
}

// sizeRun is messages of one size that have come in one after the other.
type sizeRun struct {
	octets int64
	count  int
}

// measureSize notes the size of a message while it is at hand. It is mostly that of
// the one before.
func (ch *channel) measureSize(octets int) {
	if int64(octets) != ch.sizes.octets {
		ch.tellSizes()
		ch.sizes.octets = int64(octets)
	}
	ch.sizes.count++
}

// tellSizes counts what was noted.
func (ch *channel) tellSizes() {
	if n := ch.sizes.count; n > 0 {
		h := ch.conn.server.measures.sizes
		h.Add(ch.conn.number, h.Bucket(ch.sizes.octets), n, int64(n)*ch.sizes.octets)
		ch.sizes.count = 0
	}
}

// sample is a publish whose way to its confirm is measured. One of a channel is on
// its way at a time.
type sample struct {
	tag   atomic.Uint64 // zero if there is none
	began time.Time     // written before the tag
}

// begin measures the publish of a tag unless another one is on its way.
func (s *sample) begin(tag uint64, arrived time.Time) {
	if s.tag.Load() == 0 {
		s.began = arrived
		s.tag.Store(tag)
	}
}

// end says how long it took if all below a tag are confirmed.
func (s *sample) end(next uint64) (took time.Duration, ended bool) {
	tag := s.tag.Load()
	if tag == 0 || tag >= next {
		return 0, false
	}
	took = time.Since(s.began)
	s.tag.Store(0)
	return took, true
}
