package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/leveretmq/leveret/internal/chart"
	"github.com/leveretmq/leveret/internal/process"
)

// cost is what many of a thing have cost.
type cost struct {
	thing
	resident []int64 // octets at each of the counts
	rate     float64 // at which the last of them were made, a second
}

// each is what one more costs, in octets: the slope from the first count to the
// last, so that what the broker needs anyway does not count.
func (c cost) each() float64 {
	last := len(c.counts) - 1
	return float64(c.resident[last]-c.resident[0]) / float64(c.counts[last]-c.counts[0])
}

// measureCost makes more and more of a thing. With patience the broker gives
// back what it needed for a change only.
func measureCost(b *subject, t thing, patience time.Duration) (c cost, err error) {
	l := &lot{url: b.url}
	defer func() { err = errors.Join(err, l.close()) }()
	if err := t.begin(l); err != nil {
		return c, err
	}
	c.thing = t
	made := 0
	for _, n := range t.counts {
		began := time.Now()
		if err := t.grow(l, made, n); err != nil {
			return c, fmt.Errorf("making %d %s: %w", n, t.name, err)
		}
		c.rate = rate(n-made, time.Since(began))
		made = n
		c.resident = append(c.resident, settled(b.pid(), patience))
		fmt.Fprintf(os.Stderr, "%-18s %8d  %7.1f MB  %8.0f made a second\n", t.name, n, float64(c.resident[len(c.resident)-1])/1e6, c.rate)
	}
	return c, nil
}

const (
	// settling is how long a broker gets to give back what it needed for a change.
	settling = 2 * time.Second
	// settlingStep is the time between two looks.
	settlingStep = 250 * time.Millisecond
)

// settled is the lowest resident memory of a process within some time, in octets.
func settled(pid int, within time.Duration) int64 {
	least := process.MemoryOf(pid).Resident
	for began := time.Now(); time.Since(began) < within; {
		time.Sleep(settlingStep)
		least = min(least, process.MemoryOf(pid).Resident)
	}
	return least
}

// measureCosts measures each thing with a broker of its own.
func (s *scale) measureCosts() (report, error) {
	var costs []cost
	for _, t := range things() {
		if !s.takes(t.name) {
			continue
		}
		t.counts = capped(t.counts, s.most)
		err := s.withBroker(func(b *subject) error {
			c, err := measureCost(b, t, s.within(settling))
			costs = append(costs, c)
			return err
		})
		if err != nil {
			return report{}, fmt.Errorf("%s: %w", t.name, err)
		}
	}
	if len(costs) == 0 {
		return report{}, fmt.Errorf("nothing is called %q", s.only)
	}
	return reportCosts(costs), nil
}

// reportCosts is the table and the chart.
func reportCosts(costs []cost) (r report) {
	picture := chart.Chart{
		Title: "Resident memory with very many of one kind",
		X:     chart.Axis{Label: "number", Scale: chart.Logarithmic},
		Y:     chart.Axis{Label: "resident (MB)", Scale: chart.Logarithmic},
	}
	r.add("What one more costs is the slope between the lowest and the highest number.\n\n")
	r.add("| what | number | resident | octets each | made a second |\n|---|---|---|---|---|\n")
	for _, c := range costs {
		var counts, memory []string
		line := chart.Line{Name: c.name}
		for i, n := range c.counts {
			counts = append(counts, thousands(float64(n)))
			memory = append(memory, megabytes(c.resident[i]))
			line.Points = append(line.Points, chart.Point{X: float64(n), Y: float64(c.resident[i]) / 1e6})
		}
		picture.Lines = append(picture.Lines, line)
		r.add("| %s | %s | %s MB | **%s** | %s |\n", c.about, listed(counts), listed(memory), thousands(c.each()), thousands(c.rate))
	}
	r.draw("resident", picture)
	return r
}
