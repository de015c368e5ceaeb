package crash

import (
	"testing"
	"time"
)

const (
	// The first cut comes within this time of the start of a new directory.
	latestFirstCut = 1500 * time.Millisecond
	cutsPerDisk    = 5
)

// D3 of the reliability programme. Every disk begins empty, and its first cut
// comes while the directory is made, what it needs is declared, or soon after.
func TestCrash_PowerCut(t *testing.T) {
	eachEra(t, environmentCount(t, "CRASH_POWER_CUTS", 10), cutsPerDisk, func(t *testing.T, era era) {
		disk := newDisk(t)
		trial := newTrial(t, disk.dataDir(), era)
		cut := func() {
			trial.broker.kill()
			disk.cut(t)
		}
		trial.liveFromLaunch(t, trial.between(0, latestFirstCut), cut)
		for range era.cycles - 1 {
			trial.live(t, trial.length(), cut)
		}
		trial.conclude(t, ackPolicy(t))
	})
}

// The first boot of the reliability programme's D3: definitions that were just
// declared on a new disk.
func TestCrash_PowerCutAtFirstBoot(t *testing.T) {
	eachEra(t, environmentCount(t, "CRASH_FIRST_BOOTS", 3), 1, func(t *testing.T, era era) {
		disk := newDisk(t)
		trial := newTrial(t, disk.dataDir(), era)
		var topology topology
		trial.broker.start(t)
		length := trial.between(0, latestFirstCut)
		topology.change(t, trial.broker, time.After(length), trial.broker.kill)
		disk.cut(t)
		trial.broker.start(t)
		topology.require(t, trial.broker.url())
	})
}
