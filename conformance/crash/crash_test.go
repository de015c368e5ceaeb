package crash

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// cyclesPerEra keeps histories short enough for memory and for a look at them,
// and the backlog, which grows from life to life, quickly drained.
const cyclesPerEra = 25

// D1 of the reliability programme.
func TestCrash_KillUnderLoad(t *testing.T) {
	eachEra(t, environmentCount(t, "CRASH_CYCLES", 20), cyclesPerEra, func(t *testing.T, era era) {
		trial := newTrial(t, filepath.Join(t.TempDir(), "data"), era)
		for range era.cycles {
			trial.live(t, trial.length(), trial.broker.kill)
		}
		report := trial.conclude(t, ackPolicy(t))
		require.Greater(t, report.Confirmed, era.cycles*publisherCount, "the load was too small to show anything")
	})
}

// D2 of the reliability programme: some kills while the broker starts after each
// one under load.
func TestCrash_KillWhileItStarts(t *testing.T) {
	const latest = 300 * time.Millisecond
	const most = 4
	eachEra(t, environmentCount(t, "CRASH_START_KILLS", 12), cyclesPerEra, func(t *testing.T, era era) {
		trial := newTrial(t, filepath.Join(t.TempDir(), "data"), era)
		for left := era.cycles; left > 0; {
			for range min(left, 1+trial.random.IntN(most)) {
				trial.liveFromLaunch(t, trial.between(0, latest), trial.broker.kill)
				left--
			}
			trial.live(t, trial.length(), trial.broker.kill)
		}
		trial.conclude(t, ackPolicy(t))
	})
}

// D7 of the reliability programme: a clean stop also keeps every settled ack.
func TestCrash_Sigterm(t *testing.T) {
	eachEra(t, environmentCount(t, "CRASH_STOPS", 4), cyclesPerEra, func(t *testing.T, era era) {
		trial := newTrial(t, filepath.Join(t.TempDir(), "data"), era)
		for range era.cycles {
			trial.live(t, trial.length(), func() { trial.broker.terminate(t) })
		}
		report := trial.conclude(t, StrictAcks)
		require.Greater(t, report.Confirmed, era.cycles*publisherCount, "the load was too small to show anything")
	})
}
