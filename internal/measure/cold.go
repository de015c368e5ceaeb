package main

import (
	"fmt"
	"io"
	"slices"
	"time"
)

// coldOwn is a backlog that fits the broker's default memory-budget.
func coldOwn() settings { return settings{messages: 30_000, size: 1024, queues: 1} }

const coldQueue = "cold-000000"

// measureCold consumes a backlog as it was filled, and one that the broker has
// only on the disk since a restart, in turns.
func measureCold(b *subject, s settings, out io.Writer) error {
	figure(out, "cold", "%d messages of %d octets, %d rounds", s.messages, s.size, s.rounds)
	if err := declareQueues(b.url, []string{coldQueue}); err != nil {
		return err
	}
	var warm, cold []float64
	for range s.rounds {
		one, err := coldRound(b, s, restartNone)
		if err != nil {
			return fmt.Errorf("the warm backlog: %w", err)
		}
		warm = append(warm, one)
		if one, err = coldRound(b, s, restartKill); err != nil {
			return fmt.Errorf("the cold backlog: %w", err)
		}
		cold = append(cold, one)
	}
	for _, list := range []struct {
		name  string
		rates []float64
	}{{"warm", warm}, {"cold", cold}} {
		figure(out, list.name, "%.0f messages a second (%.0f..%.0f)", median(list.rates), slices.Min(list.rates), slices.Max(list.rates))
	}
	figure(out, "ratio", "%.2f, cold to warm", median(cold)/median(warm))
	return nil
}

// coldRound fills the queue and returns the rate at which it is consumed, from
// the first delivery to the last.
func coldRound(b *subject, s settings, how restart) (float64, error) {
	f := filler{url: b.url, key: coldQueue, messages: s.messages, size: s.size, inFlight: s.inFlight}
	if err := f.run(); err != nil {
		return 0, err
	}
	if how == restartKill {
		if _, err := b.restart(); err != nil {
			return 0, err
		}
	}
	began := time.Now()
	d := drainer{url: b.url, queue: coldQueue, messages: s.messages, size: s.size, prefetch: uint16(s.prefetch)}
	times, err := d.run()
	return rate(s.messages, times.last.Sub(began)), err
}
