package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/leveretmq/leveret/internal/bench"
	"github.com/leveretmq/leveret/internal/chart"
)

const (
	// growthTime and growthWarmUp are short: there are many tests.
	growthTime   = 1500 * time.Millisecond
	growthWarmUp = 500 * time.Millisecond
	growthRounds = 3
)

// grown is the figures of all rounds, in the order of the counts of a course.
type grown struct {
	course
	rates, costs [][]float64 // messages received a second; microseconds of the broker's time for each
}

// measureGrowth runs all courses in turns, so that a busy minute of the machine
// does not spoil one of them.
func (s *scale) measureGrowth() (report, error) {
	var results []*grown
	for _, c := range courses() {
		if s.takes(c.name) {
			c.counts = capped(c.counts, s.most)
			results = append(results, &grown{course: c, rates: make([][]float64, len(c.counts)), costs: make([][]float64, len(c.counts))})
		}
	}
	if len(results) == 0 {
		return report{}, fmt.Errorf("nothing is called %q", s.only)
	}
	rounds := s.rounds
	if rounds == 0 {
		rounds = growthRounds
	}
	for range rounds {
		for _, g := range results {
			if err := s.grow(g); err != nil {
				return report{}, fmt.Errorf("%s: %w", g.name, err)
			}
		}
	}
	return reportGrowth(results, rounds), nil
}

// grow runs one round of a course, with a broker for each count.
func (s *scale) grow(g *grown) error {
	for i, n := range g.counts {
		err := s.withBroker(func(b *subject) error {
			summary, err := s.course(b, g.course, n)
			if err != nil {
				return err
			}
			if summary.Messages == 0 {
				return errors.New("no message arrived")
			}
			fmt.Fprintf(os.Stderr, "%-18s %8d  %9.0f a second  %7.2f us\n", g.name, n, summary.Received, summary.Cost)
			g.rates[i] = append(g.rates[i], summary.Received)
			g.costs[i] = append(g.costs[i], summary.Cost)
			return nil
		})
		if err != nil {
			return fmt.Errorf("%d: %w", n, err)
		}
	}
	return nil
}

// course runs the test of a count, after what has to be there before it.
func (s *scale) course(b *subject, c course, n int) (bench.Summary, error) {
	tests := []bench.Options{c.options(n)}
	if c.before != nil {
		tests = slices.Insert(tests, 0, c.before(n))
	}
	var summary bench.Summary
	for i, o := range tests {
		o.URLs, o.PIDs = []string{b.url}, []int{b.pid()}
		if i == len(tests)-1 {
			o.Time, o.WarmUp = s.within(growthTime), s.within(growthWarmUp)
		}
		var err error
		if summary, err = bench.Run(context.Background(), o, &bench.Report{}); err != nil {
			return summary, err
		}
	}
	return summary, nil
}

// reportGrowth is a table and two charts: time, and rates.
func reportGrowth(results []*grown, rounds int) (r report) {
	number := chart.Axis{Label: "number", Scale: chart.Logarithmic}
	costs := chart.Chart{Title: "Processor time of the broker for a message", X: number, Y: chart.Axis{Label: "µs a message", Scale: chart.Logarithmic}}
	rates := chart.Chart{Title: "Messages a second", X: number, Y: chart.Axis{Label: "received a second", Scale: chart.Logarithmic}}
	r.add("Medians of %d rounds; what arrives at each of several queues counts as so many messages.\n\n", rounds)
	r.add("| what grows | number | CPU µs a message | messages/s received |\n|---|---|---|---|\n")
	for _, g := range results {
		cost, rate := chart.Line{Name: g.name}, chart.Line{Name: g.name}
		var counts, micros, received []string
		for i, n := range g.counts {
			one, many := median(g.costs[i]), median(g.rates[i])
			counts = append(counts, thousands(float64(n)))
			micros = append(micros, fmt.Sprintf("%.2f", one))
			received = append(received, thousands(many))
			cost.Points = append(cost.Points, chart.Point{X: float64(n), Y: max(one, leastCost)})
			rate.Points = append(rate.Points, chart.Point{X: float64(n), Y: many})
		}
		costs.Lines, rates.Lines = append(costs.Lines, cost), append(rates.Lines, rate)
		r.add("| %s | %s | %s | %s |\n", g.about, listed(counts), listed(micros), listed(received))
	}
	r.draw("growth", costs)
	r.draw("rates", rates)
	return r
}

// leastCost is what a chart shows for less, in microseconds: where processor
// time is not known it is zero, which has no place among ratios.
const leastCost = 0.01
