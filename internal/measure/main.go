// Command measure drives a broker over raw AMQP, so that no client library is
// measured.
//
// Two scenarios compare brokers side by side in one run and print the rate and,
// if the process is known, the processor time a message costs there:
//
//	go run ./internal/measure -scenario transient \
//	    -broker leveret=amqp://guest:guest@127.0.0.1:5672/,PID \
//	    -broker rabbitmq=amqp://guest:guest@127.0.0.1:5673/,PID
//
// They are "transient": 16 B, one publisher, one consumer, automatic
// acknowledgement; and "durable": 1 KiB persistent messages to a durable
// queue, publisher confirms with 1,000 in flight, each message acknowledged.
// Rounds are interleaved, since the machine may be busy with other things; the
// medians are printed with the spread.
//
// The others start the broker themselves, kill it and start it again, and print
// one figure a line. Memory is sampled 20 times a second, disk is allocated
// blocks:
//
//	go run ./internal/measure -scenario backlog -leveret bin/leveret -data /tmp/backlog
//	    10,000,000 persistent messages of 1 KiB with confirms, kill -9, the time
//	    until ready and until the first delivery, all of them consumed and
//	    checked, and the disk afterwards (-messages, -size, -queues, -restart)
//	go run ./internal/measure -scenario queues -leveret bin/leveret -data /tmp/queues
//	    100,000 durable queues: rate, memory, restart (-queues, -connections,
//	    -bindings of each, -messages in all)
//	go run ./internal/measure -scenario fanout -leveret bin/leveret -data /tmp/fanout
//	    a persistent message of 1 MiB to 1,000 durable queues: confirm, disk,
//	    memory, and that all queues have it after a kill (-size, -queues)
//	go run ./internal/measure -scenario cold -leveret bin/leveret -data /tmp/cold
//	    the rate of consuming a backlog that is in memory and one that is on the
//	    disk only (-messages, -size, -rounds; more than the default asks for more
//	    memory: LEVERET_MEMORY_BUDGET=500MB)
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// scenario is one way to use a queue.
type scenario struct {
	size     int  // octets of a body
	durable  bool // durable queue, persistent messages, confirms, manual acks
	inFlight int  // messages published and not yet confirmed, or not consumed
}

func scenarioNamed(name string) (scenario, error) {
	switch name {
	case "transient":
		return scenario{size: 16, inFlight: 20_000}, nil
	case "durable":
		return scenario{size: 1024, durable: true, inFlight: 1000}, nil
	}
	return scenario{}, fmt.Errorf("no scenario %q: there are transient, durable, backlog, queues, fanout and cold", name)
}

// target is one broker to be measured.
type target struct {
	name, url string
	pids      []int // processes whose time counts
	results   []result
}

// result is one round.
type result struct {
	rate float64       // messages a second that arrived
	cpu  time.Duration // of the broker, a message; zero if unknown
}

func parseTarget(s string) (*target, error) {
	name, rest, ok := strings.Cut(s, "=")
	if !ok {
		return nil, errors.New("a broker is NAME=URL or NAME=URL,PID,PID...")
	}
	parts := strings.Split(rest, ",")
	t := &target{name: name, url: parts[0]}
	for _, p := range parts[1:] {
		pid, err := strconv.Atoi(p)
		if err != nil {
			return nil, fmt.Errorf("the process number of %s: %w", name, err)
		}
		t.pids = append(t.pids, pid)
	}
	return t, nil
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "measure:", err)
		os.Exit(1)
	}
}

func run() error {
	var targets []*target
	name := flag.String("scenario", "transient", "transient, durable, backlog, queues, fanout or cold")
	rounds := flag.Int("rounds", 5, "rounds for each broker")
	length := flag.Duration("time", 5*time.Second, "length of a round, after a warm-up of a fifth of it")
	flag.Func("broker", "NAME=URL[,PID...]; repeatable", func(s string) error {
		t, err := parseTarget(s)
		targets = append(targets, t)
		return err
	})
	var own settings
	own.addFlags(flag.CommandLine)
	flag.Parse()
	if known, err := runOwn(os.Stdout, *name, *rounds, own); known || err != nil {
		return err
	}
	s, err := scenarioNamed(*name)
	if err != nil {
		return err
	}
	if len(targets) == 0 {
		return errors.New("this scenario compares brokers: name them with -broker")
	}
	for round := range *rounds {
		for _, t := range targets {
			r, err := measure(t, s, *length)
			if err != nil {
				return fmt.Errorf("round %d of %s: %w", round+1, t.name, err)
			}
			t.results = append(t.results, r)
		}
	}
	report(os.Stdout, *name, targets)
	return nil
}

// runOwn runs a scenario that starts the broker itself, if it is one.
func runOwn(out io.Writer, name string, rounds int, s settings) (known bool, err error) {
	own, measure := settings{}, (func(*subject, settings, io.Writer) error)(nil)
	switch name {
	case "backlog":
		own, measure = backlogOwn(), measureBacklog
	case "queues":
		own, measure = queuesOwn(), measureQueues
	case "fanout":
		own, measure = fanoutOwn(), measureFanout
	case "cold":
		own, measure = coldOwn(), measureCold
	default:
		return false, nil
	}
	s.rounds = rounds
	if err := s.fill(own); err != nil {
		return true, err
	}
	return true, s.run(out, measure)
}

// report prints medians, the spread, and the ratio to the last broker.
func report(out *os.File, scenario string, targets []*target) {
	base := median(targets[len(targets)-1].rates())
	fmt.Fprintf(out, "%-12s %-12s %12s %25s %10s %8s\n", "scenario", "broker", "messages/s", "(lowest..highest)", "CPU us", "ratio")
	for _, t := range targets {
		rates := t.rates()
		fmt.Fprintf(out, "%-12s %-12s %12.0f %25s %10.2f %8.2f\n", scenario, t.name, median(rates),
			fmt.Sprintf("(%.0f..%.0f)", slices.Min(rates), slices.Max(rates)), median(t.cpus()), median(rates)/base)
	}
}

func (t *target) rates() (list []float64) {
	for _, r := range t.results {
		list = append(list, r.rate)
	}
	return list
}

func (t *target) cpus() (list []float64) {
	for _, r := range t.results {
		list = append(list, float64(r.cpu.Nanoseconds())/1000)
	}
	return list
}

func median(list []float64) float64 {
	sorted := slices.Sorted(slices.Values(list))
	return sorted[len(sorted)/2]
}
