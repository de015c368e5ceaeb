package crash

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// trial is one broker with its load and the random choices of the run.
type trial struct {
	broker *broker
	load   *load
	seed   uint64
	random *rand.Rand
	begun  bool // a life has
}

// newTrial prepares a broker on a data directory that does not exist yet.
func newTrial(t *testing.T, dataDir string, era era) *trial {
	t.Helper()
	return &trial{
		broker: era.broker(t, dataDir), load: newLoad(era.seed), seed: era.seed,
		random: rand.New(rand.NewPCG(era.seed, era.seed)),
	}
}

// tinyBudget is so little memory that a load's queues are on the disk, in octets.
const tinyBudget = "LEVERET_MEMORY_BUDGET=1048576"

// eachEra splits a number of cycles into two eras or more, each with a fresh
// directory, a fresh history and a seed of its own: what fails is then short
// enough to be repeated. It ends with the first era that fails. Every other era
// pages.
func eachEra(t *testing.T, cycles, longest int, run func(t *testing.T, era era)) {
	t.Helper()
	longest = min(longest, (cycles+1)/2)
	seed := environmentNumber(t, seedVariable, rand.Uint64N(1<<32))
	for number := uint64(0); cycles > 0; number++ {
		e := era{seed: seed + number, cycles: min(cycles, longest)}
		cycles -= e.cycles
		t.Run(fmt.Sprintf("%s=%d", seedVariable, e.seed), func(t *testing.T) { run(t, e) })
		if t.Failed() {
			return
		}
	}
}

// era is some cycles on one directory.
type era struct {
	seed   uint64 // as CRASH_SEED it repeats the random choices
	cycles int
}

// broker prepares a broker for an era.
func (e era) broker(t *testing.T, dataDir string) *broker {
	t.Helper()
	b := newBroker(t, dataDir)
	if e.seed%2 == 0 {
		b.environment = append(b.environment, tinyBudget)
	}
	return b
}

// between returns a random time.
func (r *trial) between(shortest, longest time.Duration) time.Duration {
	return shortest + time.Duration(r.random.Int64N(int64(longest-shortest)))
}

// length is how long a life under load is: short, or now and then long enough for
// memtables to become tables, and for the collection of garbage.
func (r *trial) length() time.Duration {
	const shortest, usual, longest = 50 * time.Millisecond, 600 * time.Millisecond, 6 * time.Second
	const longOneIn = 20
	if r.random.IntN(longOneIn) == 0 {
		return r.between(usual, longest)
	}
	return r.between(shortest, usual)
}

// begin tells the history of a new life of the broker, but for the first.
func (r *trial) begin() {
	if r.begun {
		r.load.history.Restart()
	}
	r.begun = true
}

// live runs one life under load: end is called after so long with a broker that
// is ready.
func (r *trial) live(t *testing.T, length time.Duration, end func()) {
	t.Helper()
	r.begin()
	r.broker.start(t)
	clients := r.load.start(t.Context(), r.broker.url())
	<-time.After(length)
	r.finish(t, clients, end)
}

// liveFromLaunch runs one life whose length counts from the start of the
// process: it may end before the broker is ready.
func (r *trial) liveFromLaunch(t *testing.T, length time.Duration, end func()) {
	t.Helper()
	r.begin()
	r.broker.launch(t)
	over := time.After(length)
	clients := newGang()
	select {
	case <-over:
	case <-r.broker.exited: // and is found dead below
	case <-r.broker.output.ready:
		clients = r.load.start(t.Context(), r.broker.url())
		<-over
	}
	r.finish(t, clients, end)
}

func (r *trial) finish(t *testing.T, clients *gang, end func()) {
	t.Helper()
	r.broker.requireAlive(t)
	clients.expectEnd()
	end()
	clients.join(t)
}

// conclude runs one more life, which is quiet, and judges the history after the
// drain.
func (r *trial) conclude(t *testing.T, acks AckPolicy) *Report {
	t.Helper()
	r.begin()
	r.broker.start(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	declaring := newGang()
	declaring.work(r.broker.url(), r.load.declare)
	declaring.join(t)
	if err := r.load.quiet(ctx, r.broker.url()); err != nil {
		require.FailNow(t, "the last life failed", "%v; %s=%d; the broker:\n%s", err, seedVariable, r.seed, r.broker.stacks())
	}
	r.broker.requireAlive(t)

	report := Check(r.load.history, acks)
	t.Logf("slowest start %v\n%v", r.broker.slowest, report)
	require.Empty(t, report.Failures(), "%s=%d; the report is above; the broker:\n%s", seedVariable, r.seed, r.broker.output)
	return report
}
