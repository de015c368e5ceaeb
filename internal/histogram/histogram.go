// Package histogram counts values by how large they are, for metrics. Many
// goroutines count at once; that costs each of them two additions.
package histogram

import "sync/atomic"

// Snapshot is how often values were within bounds.
type Snapshot struct {
	// Bounds are the upper bounds, ascending, each of which belongs to its bucket,
	// and Counts how many values were in each bucket alone; the last one, which
	// has no bound, is for what is above.
	Bounds []float64
	Counts []uint64
	Sum    float64
}

// Count is the number of values.
func (s *Snapshot) Count() (n uint64) {
	for _, c := range s.Counts {
		n += c
	}
	return n
}

// maxBuckets is the most buckets that a histogram has.
const maxBuckets = 16

// lanes is how many goroutines count without touching the memory of each other.
// More of them share.
const lanes = 8

// Histogram counts values, which are integers. Its methods are safe for concurrent
// use.
type Histogram struct {
	bounds []int64
	unit   float64
	lanes  [lanes]lane
}

type lane struct {
	counts [maxBuckets]atomic.Uint64
	sum    atomic.Int64
	_      [56]byte // to the next line of the processors' caches
}

// New makes a histogram of values in the given unit, like 1e-9 for nanoseconds that
// are shown as seconds, with up to 15 bounds, which ascend.
func New(unit float64, bounds ...int64) *Histogram {
	if len(bounds) >= maxBuckets {
		panic("histogram: too many bounds")
	}
	return &Histogram{bounds: bounds, unit: unit}
}

// Bucket is where a value belongs.
func (h *Histogram) Bucket(value int64) int {
	at := 0
	for at < len(h.bounds) && value > h.bounds[at] {
		at++
	}
	return at
}

// Add counts values of one bucket by their sum. Whoever adds often has a number of
// its own.
func (h *Histogram) Add(number uint64, bucket, count int, sum int64) {
	l := &h.lanes[number%lanes]
	l.counts[bucket].Add(uint64(count))
	l.sum.Add(sum)
}

// Observe counts one value; one below zero counts as zero.
func (h *Histogram) Observe(number uint64, value int64) {
	value = max(value, 0)
	h.Add(number, h.Bucket(value), 1, value)
}

// Snapshot is what was counted.
func (h *Histogram) Snapshot() Snapshot {
	s := Snapshot{Counts: make([]uint64, len(h.bounds)+1)}
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
