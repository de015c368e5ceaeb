package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"time"
)

// settings are the flags of the scenarios that start a broker themselves. Zero
// means what fits the scenario.
type settings struct {
	leveret, flags, data string
	restart              restart

	messages, size, queues, connections int
	prefetch, inFlight, rounds          int
	bindings                            int // of each queue

	floor    int64         // octets
	memory   int64         // octets of a control group; zero is none
	patience time.Duration // for the disk
}

// restart says how a scenario ends the broker between filling and draining.
type restart string

const (
	restartKill restart = "kill"
	restartStop restart = "stop"
	restartNone restart = "none"
)

func (s *settings) addFlags(set *flag.FlagSet) {
	set.StringVar(&s.leveret, "leveret", "", "binary of the broker to start")
	set.StringVar(&s.flags, "flags", "", "more flags for it, separated by spaces")
	set.StringVar(&s.data, "data", "", "data directory to fill, new or empty; removed at the end")
	set.StringVar((*string)(&s.restart), "restart", string(restartKill), "backlog: kill, stop or none between filling and draining")
	set.IntVar(&s.messages, "messages", 0, "number of messages")
	set.IntVar(&s.size, "size", 0, "octets of a body")
	set.IntVar(&s.queues, "queues", 0, "number of queues")
	set.IntVar(&s.bindings, "bindings", 0, "queues: number of durable bindings of each queue")
	set.IntVar(&s.connections, "connections", 0, "number of connections that declare")
	set.IntVar(&s.prefetch, "prefetch", 1000, "unacknowledged messages of a consumer")
	set.IntVar(&s.inFlight, "in-flight", 5000, "unconfirmed messages of all publishers together")
	set.Func("floor", "MiB that the data directory has to come under after the backlog (512)", asMiB(&s.floor))
	set.Func("memory", "MiB of a control group for the broker (none); Linux, root", asMiB(&s.memory))
	set.DurationVar(&s.patience, "patience", 90*time.Second, "how long to wait for that")
}

// asMiB reads a number of MiB.
func asMiB(octets *int64) func(string) error {
	return func(text string) error {
		n, err := strconv.ParseInt(text, 10, 32)
		*octets = n << 20
		return err
	}
}

// fill puts the scenario's own numbers in the place of zeros.
func (s *settings) fill(own settings) error {
	for _, n := range []struct {
		value *int
		own   int
	}{
		{&s.messages, own.messages},
		{&s.size, own.size},
		{&s.queues, own.queues},
		{&s.connections, own.connections},
	} {
		if *n.value == 0 {
			*n.value = n.own
		}
		if *n.value < 0 {
			return errors.New("a number is below zero")
		}
	}
	if s.floor == 0 {
		s.floor = 512 << 20
	}
	if s.prefetch < 0 || s.prefetch > math.MaxUint16 {
		return errors.New("the prefetch has 16 bits")
	}
	return nil
}

// run starts a broker for a scenario and removes it afterwards.
func (s settings) run(out io.Writer, scenario func(*subject, settings, io.Writer) error) error {
	b, err := newSubject(s)
	if err != nil {
		return err
	}
	if _, err := b.start(); err != nil {
		return errors.Join(err, b.within.close(), os.RemoveAll(b.dir))
	}
	return errors.Join(scenario(b, s, out), b.close())
}

// figure prints one figure.
func figure(out io.Writer, name, format string, args ...any) {
	fmt.Fprintf(out, "%-24s %s\n", name, fmt.Sprintf(format, args...))
}

// rate is n things in a time, a second.
func rate(n int, took time.Duration) float64 { return float64(n) / took.Seconds() }
