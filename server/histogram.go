package server

import (
	"sync/atomic"
	"time"

	"github.com/leveretmq/leveret/queue"
)

// Histogram is how often values were within bounds.
type Histogram struct {
	// Bounds are the upper bounds, ascending, each of which belongs to its bucket,
	// and Counts how many values were in each bucket alone; the last one, which
	// has no bound, is for what is above.
	Bounds []float64
	Counts []uint64
	Sum    float64
}

// Count is the number of values.
func (h *Histogram) Count() (n uint64) {
	for _, c := range h.Counts {
		n += c
	}
	return n
}

// maxBuckets is the most buckets that a histogram has.
const maxBuckets = 16

// lanes is how many goroutines count into a histogram without touching the memory
// of each other. More of them share.
const lanes = 8

// histogram counts values, which are integers, for Histogram.
type histogram struct {
	bounds []int64
	unit   float64 // of the values
	lanes  [lanes]lane
}

type lane struct {
	counts [maxBuckets]atomic.Uint64
	sum    atomic.Int64
	_      [56]byte // to the next line of the processors' caches
}

func newHistogram(unit float64, bounds ...int64) *histogram {
	return &histogram{bounds: bounds, unit: unit}
}

// bucket is where a value belongs.
func (h *histogram) bucket(value int64) int {
	at := 0
	for at < len(h.bounds) && value > h.bounds[at] {
		at++
	}
	return at
}

// add counts values of one bucket by their sum. Whoever adds often has a number of
// its own.
func (h *histogram) add(number uint64, bucket, count int, sum int64) {
	l := &h.lanes[number%lanes]
	l.counts[bucket].Add(uint64(count))
	l.sum.Add(sum)
}

// observe counts one value.
func (h *histogram) observe(number uint64, value int64) {
	value = max(value, 0)
	h.add(number, h.bucket(value), 1, value)
}

func (h *histogram) snapshot() Histogram {
	s := Histogram{Counts: make([]uint64, len(h.bounds)+1)}
	for _, b := range h.bounds {
		s.Bounds = append(s.Bounds, float64(b)*h.unit)
	}
	for i := range h.lanes {
		l := &h.lanes[i]
		for at := range s.Counts {
			s.Counts[at] += l.counts[at].Load()
		}
		s.Sum += float64(l.sum.Load()) * h.unit
	}
	return s
}

// Measurements are distributions of what the server has seen since it started.
type Measurements struct {
	// Sizes are octets of the bodies of all messages that came in.
	Sizes Histogram
	// Confirms is the time from the arrival of a publish to its confirm, and
	// Deliveries that to the first delivery of a message, in seconds: samples of
	// both, at most one in what is read or written at once. Deliveries are known by
	// the millisecond.
	Confirms, Deliveries Histogram
}

// Measurements tells what the server has measured.
func (s *Server) Measurements() Measurements {
	return Measurements{
		Sizes: s.measures.sizes.snapshot(), Confirms: s.measures.confirms.snapshot(), Deliveries: s.measures.deliveries.snapshot(),
	}
}

// measures are the histograms of a server.
type measures struct{ sizes, confirms, deliveries *histogram }

func newMeasures() measures {
	const us, ms, s = int64(time.Microsecond), int64(time.Millisecond), int64(time.Second)
	return measures{
		// RabbitMQ's buckets
		sizes: newHistogram(1, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 5e7, 1e8),
		confirms: newHistogram(1e-9, 100*us, 250*us, 500*us, ms, 5*ms/2, 5*ms, 10*ms, 25*ms, 50*ms, 100*ms, 250*ms, 500*ms,
			s, 5*s, 30*s),
		deliveries: newHistogram(1e-3, 1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 5000, 30_000, 300_000, 3_600_000),
	}
}

// measureSizes counts the sizes of messages that came in together: mostly all are
// alike.
func (c *connection) measureSizes(batch []queue.Publication) {
	h := c.server.measures.sizes
	for len(batch) > 0 {
		n, sum, bucket := 0, int64(0), h.bucket(int64(batch[0].Message.Size()))
		for n < len(batch) {
			size := int64(batch[n].Message.Size())
			if n > 0 && h.bucket(size) != bucket {
				break
			}
			sum += size
			n++
		}
		h.add(c.number, bucket, n, sum)
		batch = batch[n:]
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
