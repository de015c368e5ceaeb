package bench

import (
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

const (
	// longest is the longest latency that is told apart, in nanoseconds;
	// anything longer is no latency but the time in a message of another test.
	longest = int64(time.Hour)
	// digits is how exact a latency is.
	digits = 3
	// shards is how many goroutines record without waiting for one another. A
	// histogram takes 200 KB, so there cannot be one for each of thousands.
	shards = 8
)

// Latency is how long messages took, in microseconds.
type Latency struct {
	Count  int64 `json:"count"`
	Min    int64 `json:"min"`
	Median int64 `json:"median"`
	P75    int64 `json:"p75"`
	P95    int64 `json:"p95"`
	P99    int64 `json:"p99"`
	P999   int64 `json:"p999"`
	Max    int64 `json:"max"`
}

// latencies gathers the latencies of many goroutines.
type latencies struct {
	shards [shards]shard

	// Of the sampler alone:
	interval, total *hdrhistogram.Histogram
}

// shard is the histogram of some of the goroutines.
type shard struct {
	mu        sync.Mutex
	histogram *hdrhistogram.Histogram // guarded by mu
}

// spell is the same latency of several messages.
type spell struct{ nanoseconds, count int64 }

func newLatencies() *latencies {
	l := &latencies{interval: newHistogram(), total: newHistogram()}
	for i := range l.shards {
		l.shards[i].histogram = newHistogram()
	}
	return l
}

func newHistogram() *hdrhistogram.Histogram {
	return hdrhistogram.New(1, longest/int64(time.Microsecond), digits)
}

// shard is the one of a goroutine with that number.
func (l *latencies) shard(number int) *shard { return &l.shards[number%shards] }

// record takes up latencies. Those that no clock can have measured are left
// out.
func (s *shard) record(spells []spell) {
	if len(spells) == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, one := range spells {
		if one.nanoseconds < longest && one.nanoseconds > -longest {
			// In range, so it cannot fail.
			_ = s.histogram.RecordValues(max(0, one.nanoseconds/int64(time.Microsecond)), one.count)
		}
	}
}

// take returns the latencies since the last call.
func (l *latencies) take() Latency {
	l.interval.Reset()
	for i := range l.shards {
		s := &l.shards[i]
		s.mu.Lock()
		l.interval.Merge(s.histogram)
		s.histogram.Reset()
		s.mu.Unlock()
	}
	l.total.Merge(l.interval)
	return describe(l.interval)
}

// forget begins the total anew.
func (l *latencies) forget() { l.total.Reset() }

func describe(h *hdrhistogram.Histogram) Latency {
	return Latency{
		Count:  h.TotalCount(),
		Min:    h.Min(),
		Median: h.ValueAtPercentile(50),
		P75:    h.ValueAtPercentile(75),
		P95:    h.ValueAtPercentile(95),
		P99:    h.ValueAtPercentile(99),
		P999:   h.ValueAtPercentile(99.9),
		Max:    h.Max(),
	}
}
