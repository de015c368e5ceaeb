package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/leveretmq/leveret/internal/bench"
)

// comparison runs tests against several brokers in turns.
type comparison struct {
	targets []*target // the last one is what the others are compared with
	relay   *target   // takes part in relayedTest only
	rounds  int
	time    time.Duration
	warmUp  time.Duration
	only    string
	write   string
}

const (
	// relayedTest is the one that moves most octets.
	relayedTest = "transient-64k"
	// compareRounds and compareTime hold unless a flag says something else.
	compareRounds = 5
	compareTime   = 5 * time.Second
)

func (c *comparison) addFlags(set *flag.FlagSet) {
	set.IntVar(&c.rounds, "rounds", 0, "rounds of each test (5; growth 3, start 15)")
	set.DurationVar(&c.time, "time", 0, "length of a round of a test (5s; growth 1.5s, idle 10s)")
	set.DurationVar(&c.warmUp, "warm-up", time.Second, "compare: time before that")
	set.StringVar(&c.only, "only", "", "names of tests, separated by commas, instead of all")
	set.StringVar(&c.write, "write", "", "file whose part between two marks becomes the result")
}

// cases are the tests: all ready-made ones that have a rate.
func (c *comparison) cases() ([]bench.Case, error) {
	scale := bench.DefaultScale()
	scale.Time, scale.WarmUp = c.time, c.warmUp
	var known []string
	var cases []bench.Case
	for _, s := range bench.Scenarios() {
		for _, one := range s.Cases(scale) {
			if one.Options.Producers == 0 || one.Options.Consumers == 0 {
				continue
			}
			known = append(known, one.Name)
			if c.only == "" || slices.Contains(strings.Split(c.only, ","), one.Name) {
				cases = append(cases, one)
			}
		}
	}
	if len(cases) == 0 {
		return nil, fmt.Errorf("no test %q: there are %s", c.only, strings.Join(known, ", "))
	}
	return cases, nil
}

// run starts Leveret, if it is to take part, compares, and prints or writes the
// result.
func (c *comparison) run(out io.Writer, own settings) (err error) {
	if err := own.fill(settings{}); err != nil {
		return err
	}
	if c.time == 0 {
		c.time = compareTime
	}
	cases, err := c.cases()
	if err != nil {
		return err
	}
	relay, end, err := startRelay()
	if err != nil {
		return err
	}
	c.relay = relay
	defer func() { err = errors.Join(err, end()) }()
	compare := func(b *subject, _ settings, _ io.Writer) error {
		if b != nil {
			c.targets = slices.Insert(c.targets, 0, &target{name: "leveret", title: "Leveret", url: b.url, pids: []int{b.pid()}})
		}
		return c.compare(cases)
	}
	if own.leveret == "" {
		err = compare(nil, own, out)
	} else {
		err = own.run(out, compare)
	}
	if err != nil {
		return err
	}
	table := c.table(cases)
	if c.write == "" {
		_, err := io.WriteString(out, table)
		return err
	}
	return writeBetweenMarks(c.write, "bench-compare", table)
}

// compare runs all rounds. Every other round has the brokers in the opposite
// order, so that none always comes after the same one.
func (c *comparison) compare(cases []bench.Case) error {
	if len(c.targets) == 0 {
		return errors.New("name brokers with -broker, or Leveret's binary with -leveret")
	}
	for _, t := range append(slices.Clone(c.targets), c.relay) {
		if err := t.introduce(); err != nil {
			return fmt.Errorf("%s: %w", t.name, err)
		}
	}
	for round := range c.rounds {
		for _, one := range cases {
			for _, t := range c.order(round, one.Name) {
				if err := t.measure(round, one); err != nil {
					return fmt.Errorf("round %d of %s, %s: %w", round+1, t.name, one.Name, err)
				}
			}
		}
	}
	return nil
}

// order is who takes part in a test, in the order of a round.
func (c *comparison) order(round int, test string) []*target {
	targets := slices.Clone(c.targets)
	if test == relayedTest {
		targets = append(targets, c.relay)
	}
	if round%2 == 1 {
		slices.Reverse(targets)
	}
	return targets
}

// measure runs one test once.
func (t *target) measure(round int, one bench.Case) error {
	o := one.Options
	o.URLs, o.PIDs, o.DeleteQueues = []string{t.url}, t.pids, o.Queue != "" || o.QueuePattern != ""
	s, err := bench.Run(context.Background(), o, &bench.Report{})
	if err != nil {
		return err
	}
	if s.Messages == 0 {
		return errors.New("no message arrived")
	}
	t.results[one.Name] = append(t.results[one.Name], s)
	fmt.Fprintf(os.Stderr, "round %d  %-20s %-12s %9.0f messages/s  %7.2f us  p50 %d p99 %d us\n",
		round+1, one.Name, t.name, s.Received, s.Cost, s.Consumer.Median, s.Consumer.P99)
	return nil
}
