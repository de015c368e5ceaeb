package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/leveretmq/leveret/internal/bench"
)

// starts is how often an empty broker is started.
const starts = 15

// measureStarts starts brokers without data, one after the other.
func (s *scale) measureStarts() (r report, err error) {
	n := starts
	if s.rounds > 0 {
		n = s.rounds
	}
	var took []float64
	for range n {
		one, err := s.startOnce()
		if err != nil {
			return r, err
		}
		took = append(took, float64(one.Microseconds())/1000)
		fmt.Fprintf(os.Stderr, "%-18s %8.1f ms\n", "start", took[len(took)-1])
	}
	r.add("From exec until clients can connect, without data, %d starts: **%.0f ms** (%.0f..%.0f).\n",
		n, median(took), slices.Min(took), slices.Max(took))
	return r, nil
}

func (s *scale) startOnce() (time.Duration, error) {
	b, err := newSubject(s.settings)
	if err != nil {
		return 0, err
	}
	took, err := b.start()
	if err != nil {
		return 0, errors.Join(err, os.RemoveAll(b.dir))
	}
	return took, b.close()
}

// idleTime is how long processor time is measured: it comes in steps of 10 ms.
const idleTime = 10 * time.Second

// measureIdle measures brokers that have nothing to do: an empty one, and those
// of the ready-made tests without messages.
func (s *scale) measureIdle() (r report, err error) {
	r.add("| what is there | resident | processor time |\n|---|---|---|\n")
	for _, one := range s.idleCases() {
		if !s.takes(one.Name) {
			continue
		}
		err := s.withBroker(func(b *subject) error {
			o := one.Options
			o.URLs, o.PIDs, o.DeleteQueues = []string{b.url}, []int{b.pid()}, false
			summary, err := bench.Run(context.Background(), o, &bench.Report{})
			fmt.Fprintf(os.Stderr, "%-18s %7.1f MB  %.2f %%\n", one.Name, float64(summary.Broker.Resident)/1e6, 100*summary.Broker.Cores)
			r.add("| %s | %s MB | %.2f %% of a core |\n", one.About, megabytes(summary.Broker.Resident), 100*summary.Broker.Cores)
			return err
		})
		if err != nil {
			return r, fmt.Errorf("%s: %w", one.Name, err)
		}
	}
	return r, nil
}

func (s *scale) idleCases() []bench.Case {
	full := bench.DefaultScale()
	full.Time = s.within(idleTime)
	full.WarmUp = s.within(full.WarmUp)
	if s.most > 0 {
		full.Connections, full.Queues = min(full.Connections, s.most), min(full.Queues, s.most)
	}
	empty := bench.Defaults()
	empty.Queue, empty.Producers, empty.Consumers, empty.Time, empty.WarmUp = "idle", 0, 0, full.Time, full.WarmUp
	cases := []bench.Case{{Name: "empty", About: "one queue", Options: empty}}
	for _, scenario := range bench.Scenarios() {
		for _, one := range scenario.Cases(full) {
			if o := one.Options; o.Producers == 0 && o.ConsumerMessages == 0 {
				cases = append(cases, one)
			}
		}
	}
	return cases
}
