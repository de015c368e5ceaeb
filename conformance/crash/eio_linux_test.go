package crash

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	// storageStatus is the exit status of a broker whose storage failed.
	storageStatus = 7
	// failureLimit is how long a broker may go on after a failed sync.
	failureLimit = 5 * time.Second
	// failureLoad is how long the load goes on if it does not cause that many
	// syncs.
	failureLoad = 6 * time.Second
)

// syncFault is syncs that fail at the N-th of a thread, N being random.
type syncFault struct {
	calls           string
	earliest, width int    // of N
	on              string // "+" if all later ones fail, too
}

// IO1 of the reliability programme: syncs fail at some call, or from there on, under load.
// The broker confirms nothing that is not safe and ends; the power is cut then,
// so that what a failed sync left in memory is gone.
func TestCrash_FailedSync(t *testing.T) {
	// A commit needs one or two fdatasync, a start a few; the others are rare.
	for _, fault := range []syncFault{
		{"fdatasync", 20, 150, ""}, {"fdatasync", 20, 150, "+"}, {"fsync", 1, 1, "+"}, {"msync,fsync,fdatasync", 1, 60, "+"},
	} {
		t.Run(fault.calls+fault.on, func(t *testing.T) {
			eachEra(t, environmentCount(t, "CRASH_FAILED_SYNCS", 2), 1, func(t *testing.T, era era) {
				failSyncs(t, era, fault)
			})
		})
	}
}

func failSyncs(t *testing.T, era era, fault syncFault) {
	t.Helper()
	disk := newDisk(t)
	trial := newTrial(t, disk.dataDir(), era)
	trial.live(t, trial.length(), trial.broker.kill)
	tracer := newTracer(t, fault.calls)
	first := fault.earliest + trial.random.IntN(fault.width)
	tracer.inject(trial.broker, "error=EIO", fmt.Sprint(first, fault.on))
	trial.begin()
	trial.broker.launch(t)
	clients := newGang()
	ready := trial.broker.awaitReady(t)
	if ready {
		clients = trial.load.start(t.Context(), trial.broker.url())
	}
	clients.expectEnd()
	select {
	case <-trial.broker.exited:
	case <-time.After(failureLoad):
	}
	if failed, ok := tracer.firstFault(t); ok {
		status := trial.broker.await(t, time.Until(failed.Add(failureLimit)))
		trial.requireNamed(t, fmt.Sprintf("EIO at %s %d%s", fault.calls, first, fault.on))
		if ready {
			require.Equal(t, storageStatus, status, "exit status\n%s", trial.broker.output)
		}
		t.Logf("%s: the broker ended after EIO at call %d%s, ready before: %t", fault.calls, first, fault.on, ready)
	}
	trial.broker.kill()
	clients.join(t)
	tracer.release(trial.broker)
	disk.cut(t)
	trial.conclude(t, ackPolicy(t))
}

// IO8 of the reliability programme: the second broker on a directory ends with a
// status of its own, and the first goes on.
func TestCrash_TwoBrokersOnOneDirectory(t *testing.T) {
	const lockedStatus = 4
	const limit = 2 * time.Second
	trial := newTrial(t, filepath.Join(t.TempDir(), "data"), era{seed: environmentNumber(t, seedVariable, 1)})
	trial.live(t, trial.length(), func() {
		second := newBroker(t, trial.broker.dataDir)
		second.launch(t)
		require.Equal(t, lockedStatus, second.await(t, limit), "exit status of the second broker\n%s", second.output)
		trial.broker.requireAlive(t)
		trial.broker.terminate(t)
	})
	trial.conclude(t, ackPolicy(t))
}
