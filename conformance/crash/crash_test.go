package crash

import (
	"context"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	// The broker is killed at a moment between these after its load started.
	earliestKill = 50 * time.Millisecond
	latestKill   = 600 * time.Millisecond
	// quietCount is how many messages each publisher sends in the quiet phase.
	quietCount = 100
	// stopDeadline is how long a broker under load may take to stop.
	stopDeadline = 10 * time.Second
)

// D1 of the reliability programme.
func TestCrash_NothingConfirmedIsLost(t *testing.T) {
	trial := newTrial(t)
	cycles := int(environmentNumber(t, "CRASH_CYCLES", 20))
	for range cycles {
		join := trial.load.start(t.Context(), t, trial.broker.url())
		<-time.After(trial.moment())
		trial.broker.requireAlive(t)
		trial.broker.kill()
		join()
		trial.restart(t)
	}
	acks := StrictAcks
	if environmentNumber(t, "CRASH_LENIENT_ACKS", 0) != 0 {
		acks = LenientAcks
	}
	report := trial.conclude(t, acks)
	require.Greater(t, report.Confirmed, cycles*publisherCount, "the load was too small to show anything")
}

// D7 of the reliability programme: a clean stop also keeps every settled ack.
func TestCrash_SigtermLosesNothing(t *testing.T) {
	trial := newTrial(t)
	const cycles = 4
	for range cycles {
		join := trial.load.start(t.Context(), t, trial.broker.url())
		<-time.After(trial.moment())
		trial.broker.requireAlive(t)
		trial.broker.terminate(t, stopDeadline)
		join()
		trial.restart(t)
	}
	report := trial.conclude(t, StrictAcks)
	require.Greater(t, report.Confirmed, cycles*publisherCount, "the load was too small to show anything")
}

// trial is one broker with its load and the random choices of the run.
type trial struct {
	broker *broker
	load   *load
	seed   uint64
	random *rand.Rand
}

// newTrial starts a broker on an empty data directory and declares the topology.
func newTrial(t *testing.T) *trial {
	t.Helper()
	seed := environmentNumber(t, "CRASH_SEED", rand.Uint64N(1<<32))
	t.Logf("CRASH_SEED=%d repeats the choices of this run", seed)
	r := &trial{broker: newBroker(t), load: newLoad(seed), seed: seed, random: rand.New(rand.NewPCG(seed, seed))}
	r.broker.start(t)
	r.load.declare(t, r.broker.url())
	return r
}

func (r *trial) moment() time.Duration {
	return earliestKill + time.Duration(r.random.Int64N(int64(latestKill-earliestKill)))
}

// restart begins the next life of the broker.
func (r *trial) restart(t *testing.T) {
	t.Helper()
	r.load.history.Restart()
	r.broker.start(t)
}

// conclude runs the quiet phase and the drain and requires a history without
// failures.
func (r *trial) conclude(t *testing.T, acks AckPolicy) *Report {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	url := r.broker.url()
	r.load.history.Quiet()
	subscribed := r.load.subscribe(ctx, t, url)
	r.load.publish(ctx, t, url, quietCount)(t)
	cancel()
	subscribed(t)
	r.load.drain(t, url)
	r.broker.requireAlive(t)

	report := Check(r.load.history, acks)
	t.Logf("slowest start %v\n%v", r.broker.slowest, report)
	require.Empty(t, report.Failures(), "CRASH_SEED=%d; the report is above", r.seed)
	return report
}

// environmentNumber reads a number from the environment.
func environmentNumber(t *testing.T, name string, otherwise uint64) uint64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	number, err := strconv.ParseUint(text, 10, 63)
	require.NoError(t, err, "%s has to be a number", name)
	return number
}
