// Command measure drives a broker over raw AMQP, so that no client library is
// measured.
//
// The scenario "compare" runs the load generator's ready-made tests against
// several brokers side by side, in turns, since the machine may be busy with
// other things. It prints medians with the spread, ratios to the last broker of
// the same round, and what a message costs the brokers of this machine:
//
//	go run ./internal/measure -scenario compare -leveret bin/leveret -data /tmp/compare \
//	    -broker rabbitmq=amqp://guest:guest@127.0.0.1:5673/ -rounds 5 -time 5s
//
// -leveret starts Leveret as the first of the brokers; -broker names one that
// runs, with its processes if they are not to be found by the port. -only names
// some of the tests; -write FILE puts the table between two marks of that file.
// A plain relay of the same octets joins the test with the largest messages.
// make bench-compare starts both brokers and does all of this. The scenarios
// "transient" and "durable" are compare with one test each.
//
// The scenario "scale" measures what it costs to have very much of something,
// with a broker of its own for each figure, and draws charts; make costs runs it
// and writes docs/performance.md. Its parts are scenarios, too, -only names some
// of what they measure, and -most bounds the numbers:
//
//	go run ./internal/measure -scenario start -leveret bin/leveret -data /tmp/scale
//	    from exec until clients can connect, without data
//	go run ./internal/measure -scenario idle -leveret bin/leveret -data /tmp/scale
//	    memory and processor time of 10,000 idle connections, and of 100,000 idle
//	    queues
//	go run ./internal/measure -scenario costs -leveret bin/leveret -data /tmp/scale
//	    resident octets of a connection, channel, consumer, queue and binding, as
//	    the slope between several numbers of them
//	go run ./internal/measure -scenario growth -leveret bin/leveret -data /tmp/scale
//	    how the cost of a message grows with bindings, queues, publishers and
//	    what waits
//
// The others start the broker themselves, kill it and start it again, and print
// one figure a line. Memory is sampled 20 times a second, disk is allocated
// blocks:
//
//	go run ./internal/measure -scenario backlog -leveret bin/leveret -data /tmp/backlog
//	    10,000,000 persistent messages of 1 KiB with confirms, kill -9, the time
//	    until ready and until the first delivery, all of them consumed and
//	    checked, and the disk afterwards (-messages, -size, -queues, -restart;
//	    -memory 512 does it in a control group of 512 MiB, if root runs it)
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
//	go run ./internal/measure -scenario storm -leveret bin/leveret -data /tmp/storm
//	    5,000 logins spread over 20 s: how long each takes (-connections; another
//	    hash of passwords: LEVERET_PASSWORD_HASHING=argon2id)
//	go run ./internal/measure -scenario mute -leveret bin/leveret -data /tmp/mute
//	    memory of 100 consumers that never read (-connections, -messages, -size)
//	go run ./internal/measure -scenario unacked -leveret bin/leveret -data /tmp/unacked
//	    memory of 1,000,000 messages that a consumer has and does not acknowledge
//	    (-messages, -size)
//	go run ./internal/measure -scenario fair -leveret bin/leveret -data /tmp/fair
//	    the latency of a quiet pair of clients beside busy ones of several kinds
//	    (-messages of the pair each time)
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "measure:", err)
		os.Exit(1)
	}
}

const scenarios = "compare, transient, durable, backlog, queues, fanout, cold, storm, mute, unacked, fair, scale, start, idle, costs, growth"

func run() error {
	var c comparison
	name := flag.String("scenario", "compare", scenarios)
	most := flag.Int("most", 0, "scale and its parts: the highest number of anything")
	flag.Func("broker", "NAME=URL[,PID...]; repeatable", func(s string) error {
		t, err := parseTarget(s)
		c.targets = append(c.targets, t)
		return err
	})
	c.addFlags(flag.CommandLine)
	var own settings
	own.addFlags(flag.CommandLine)
	flag.Parse()
	if list := scaleSections(*name); len(list) > 0 {
		s := scale{settings: own, rounds: c.rounds, time: c.time, only: c.only, write: c.write, most: *most}
		return s.run(list, os.Stdout)
	}
	if c.rounds == 0 {
		c.rounds = compareRounds
	}
	if known, err := runOwn(os.Stdout, *name, c.rounds, own); known || err != nil {
		return err
	}
	switch *name {
	case "compare":
	case "transient":
		c.only = "transient-16"
	case "durable":
		c.only = "durable-confirm"
	case noiseName:
		if len(c.targets) != 1 {
			return errors.New("there has to be one broker to make noise at")
		}
		return makeNoise(c.only, c.targets[0].url, own.size, os.Stdin)
	case relayName:
		return serveRelay(os.Stdout, os.Stdin)
	default:
		return fmt.Errorf("no scenario %q: there are %s", *name, scenarios)
	}
	return c.run(os.Stdout, own)
}

// runOwn runs a scenario that starts the broker itself, if it is one.
func runOwn(out io.Writer, name string, rounds int, s settings) (known bool, err error) {
	var own settings
	var measure func(*subject, settings, io.Writer) error
	switch name {
	case "backlog":
		own, measure = backlogOwn(), measureBacklog
	case "queues":
		own, measure = queuesOwn(), measureQueues
	case "fanout":
		own, measure = fanoutOwn(), measureFanout
	case "cold":
		own, measure = coldOwn(), measureCold
	case "storm":
		own, measure = stormOwn(), measureStorm
	case "mute":
		own, measure = muteOwn(), measureMute
	case "unacked":
		own, measure = unackedOwn(), measureUnacked
	case "fair":
		own, measure = fairOwn(), measureFair
	default:
		return false, nil
	}
	s.rounds = rounds
	if err := s.fill(own); err != nil {
		return true, err
	}
	return true, s.run(out, measure)
}
