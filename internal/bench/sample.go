package bench

import (
	"context"
	"os"
	"time"

	"github.com/leveretmq/leveret/internal/process"
)

// Sample is what happened in one interval. Rates are messages a second.
type Sample struct {
	Seconds   float64 `json:"seconds"` // since the start
	Sent      float64 `json:"sent"`
	Returned  float64 `json:"returned"`
	Confirmed float64 `json:"confirmed"`
	Nacked    float64 `json:"nacked"`
	Received  float64 `json:"received"`
	Consumer  Latency `json:"consumer_latency"`
	Confirm   Latency `json:"confirm_latency"`
	Broker    Usage   `json:"broker"`
}

// Usage is what processes have used.
type Usage struct {
	Cores    float64 `json:"cores"`    // processor time a second
	Resident int64   `json:"resident"` // octets of memory; the highest of the samples
}

// Summary is a whole test without its warm-up. Its Seconds are the time that its
// figures are of.
type Summary struct {
	Sample
	Reason    string  `json:"reason"`   // that it ended for
	Messages  int64   `json:"messages"` // received, or sent if there are no consumers
	PIDs      []int   `json:"pids"`     // of the broker; none if it is not known
	Cost      float64 `json:"cost"`     // microseconds of the broker's processor time a message
	Generator Usage   `json:"generator"`
}

// Observer is told how a test goes, by one goroutine.
type Observer interface {
	// Sampled is told of an interval that has ended.
	Sampled(Sample)
	// Progressed is told several times a second how far the test is.
	Progressed(Progress)
	// Ended is told of the whole test.
	Ended(Summary)
}

// Progress is how far a test is. Rates are messages a second since the last one.
type Progress struct {
	Time           time.Duration // since the start
	Of             time.Duration // that the test takes, its warm-up included; 0 if it is not known
	Sent, Received float64
	TotalReceived  int64
}

// progressInterval is how often an observer is told of progress.
const progressInterval = 200 * time.Millisecond

// tally is all counters at one time.
type tally struct {
	at                                          time.Time
	sent, received, confirmed, nacked, returned int64
	broker, generator                           time.Duration
}

func (r *run) tally() tally {
	return tally{
		at:        time.Now(),
		sent:      r.counts.sent.Load(),
		received:  r.counts.received.Load(),
		confirmed: r.counts.confirmed.Load(),
		nacked:    r.counts.nacked.Load(),
		returned:  r.counts.returned.Load(),
		broker:    process.CPU(r.PIDs...),
		generator: process.CPU(os.Getpid()),
	}
}

// since is the rates between two tallies.
func (t tally) since(before tally) Sample {
	seconds := t.at.Sub(before.at).Seconds()
	rate := func(n int64) float64 { return float64(n) / seconds }
	return Sample{
		Sent:      rate(t.sent - before.sent),
		Returned:  rate(t.returned - before.returned),
		Confirmed: rate(t.confirmed - before.confirmed),
		Nacked:    rate(t.nacked - before.nacked),
		Received:  rate(t.received - before.received),
		Broker:    Usage{Cores: (t.broker - before.broker).Seconds() / seconds},
	}
}

// sampler makes the samples of a test.
type sampler struct {
	run          *run
	began        time.Time
	base         tally // after the warm-up
	last, glance tally // at the last sample, and at the last progress
	resident     int64 // the most since base
}

// newSampler begins to measure.
func (r *run) newSampler() *sampler {
	now := r.tally()
	return &sampler{run: r, began: now.at, base: now, last: now, glance: now}
}

// watch samples the test until it ends.
func (s *sampler) watch(ctx context.Context) (Summary, error) {
	r := s.run
	samples, glances := time.NewTicker(r.Interval), time.NewTicker(progressInterval)
	defer samples.Stop()
	defer glances.Stop()
	warm, over := after(r.WarmUp), after(r.Time)
	if warm != nil {
		over = nil // which is counted from the end of the warm-up, however late that is
	}
	for {
		select {
		case <-samples.C:
			s.sample()
		case <-glances.C:
			s.progress()
		case <-warm:
			s.begin()
			over = after(r.Time)
		case err := <-r.failures:
			return Summary{}, err
		case <-over:
			return s.end("the time is over"), nil
		case <-r.limited.zero:
			return s.end("all messages are through"), nil
		case <-ctx.Done():
			return s.end("it was interrupted"), nil
		}
	}
}

// length is the time of the test with its warm-up; 0 if it has no end.
func (r *run) length() time.Duration {
	if r.Time == 0 {
		return 0
	}
	return r.WarmUp + r.Time
}

// after is never for 0.
func after(d time.Duration) <-chan time.Time {
	if d == 0 {
		return nil
	}
	return time.After(d)
}

// begin forgets the warm-up.
func (s *sampler) begin() {
	r := s.run
	for _, l := range []*latencies{r.consumerLatency, r.confirmLatency} {
		l.take()
		l.forget()
	}
	s.base, s.resident = r.tally(), 0
	s.last = s.base
}

func (s *sampler) sample() {
	now := s.run.tally()
	one := now.since(s.last)
	one.Seconds = now.at.Sub(s.began).Seconds()
	one.Consumer, one.Confirm = s.run.consumerLatency.take(), s.run.confirmLatency.take()
	one.Broker.Resident = s.memory()
	s.last = now
	s.run.observer.Sampled(one)
}

// memory is that of the broker now, and keeps the highest.
func (s *sampler) memory() (resident int64) {
	for _, pid := range s.run.PIDs {
		resident += process.MemoryOf(pid).Resident
	}
	s.resident = max(s.resident, resident)
	return resident
}

func (s *sampler) progress() {
	now := s.run.tally()
	one := now.since(s.glance)
	s.glance = now
	s.run.observer.Progressed(Progress{
		Time: now.at.Sub(s.began), Of: s.run.length(), Sent: one.Sent, Received: one.Received, TotalReceived: now.received,
	})
}

func (s *sampler) end(reason string) Summary {
	r := s.run
	now := r.tally()
	s.memory()
	r.consumerLatency.take()
	r.confirmLatency.take()
	whole := Summary{Sample: now.since(s.base), Reason: reason, PIDs: r.PIDs}
	whole.Seconds = now.at.Sub(s.base.at).Seconds()
	whole.Consumer, whole.Confirm = describe(r.consumerLatency.total), describe(r.confirmLatency.total)
	whole.Broker.Resident = s.resident
	whole.Generator = Usage{
		Cores:    (now.generator - s.base.generator).Seconds() / whole.Seconds,
		Resident: process.MemoryOf(os.Getpid()).Resident,
	}
	if whole.Messages = now.received - s.base.received; r.Consumers == 0 {
		whole.Messages = now.sent - s.base.sent
	}
	if whole.Messages > 0 {
		cpu := now.broker - s.base.broker
		whole.Cost = float64(cpu.Nanoseconds()) / 1000 / float64(whole.Messages)
	}
	return whole
}
