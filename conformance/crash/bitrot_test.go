package crash

import (
	"context"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	// fillTime is how long a load works into a directory that is damaged then.
	fillTime = 2 * time.Second
	// flipsPerFill is how many bits are flipped in copies of one directory.
	flipsPerFill = 10
)

// D6 of the reliability programme: a bit is flipped in a file of a broker that
// was stopped. It starts and delivers everything, or it says what is damaged,
// in its log or as the reason of its end; and nothing that it delivers is wrong.
func TestCrash_BitRot(t *testing.T) {
	var tally rotTally
	eachEra(t, environmentCount(t, "CRASH_FLIPS", 10), flipsPerFill, func(t *testing.T, era era) {
		trial := newTrial(t, filepath.Join(t.TempDir(), "data"), era)
		trial.live(t, fillTime, func() { trial.broker.terminate(t) })
		for number := range era.cycles {
			copied := trial.fork(t, filepath.Join(t.TempDir(), fmt.Sprint(number)))
			flip := flipBit(t, copied.broker.dataDir, trial.random)
			outcome := copied.rot(t, flip)
			t.Logf("%v: %s", flip, outcome)
			tally[outcome]++
			require.NoError(t, os.RemoveAll(copied.broker.dataDir))
		}
	})
	t.Logf("%v", tally)
}

// rotOutcome is how a broker takes a flipped bit.
type rotOutcome uint8

const (
	unharmed rotOutcome = iota // everything was delivered
	named                      // something was not, and the log says why
	ended                      // the broker ended while it worked, and said why
	refused                    // the broker did not start, and said why
	rotOutcomes
)

func (o rotOutcome) String() string {
	return [rotOutcomes]string{"everything is there", "named in the log", "ended by name", "refused by name"}[o]
}

type rotTally [rotOutcomes]int

func (c rotTally) String() string {
	var text []string
	for outcome, count := range c {
		text = append(text, fmt.Sprintf("%v %d", rotOutcome(outcome), count))
	}
	return strings.Join(text, ", ")
}

// flip is one bit in one file.
type flip struct {
	path   string
	offset int64
	size   int64
	bit    uint
}

func (f flip) String() string {
	return fmt.Sprintf("bit %d of octet %d of %d in %s", f.bit, f.offset, f.size, filepath.Base(f.path))
}

// flipBit flips one bit in one of the files below a directory, each file being
// as likely as any other, and headers and footers as likely as the rest. Nobody
// reads what is in the ballast.
func flipBit(t *testing.T, dir string, random *rand.Rand) flip {
	t.Helper()
	var files []flip
	require.NoError(t, filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err == nil && info.Size() > 0 && entry.Name() != "ballast" {
			files = append(files, flip{path: path, size: info.Size()})
		}
		return err
	}))
	chosen := files[random.IntN(len(files))]
	const edge = 64
	switch bit := random.IntN(8); random.IntN(4) {
	case 0:
		chosen.offset, chosen.bit = random.Int64N(min(chosen.size, edge)), uint(bit)
	case 1:
		chosen.offset, chosen.bit = chosen.size-1-random.Int64N(min(chosen.size, edge)), uint(bit)
	default:
		chosen.offset, chosen.bit = random.Int64N(chosen.size), uint(bit)
	}
	file, err := os.OpenFile(chosen.path, os.O_RDWR, 0)
	require.NoError(t, err)
	var octet [1]byte
	_, err = file.ReadAt(octet[:], chosen.offset)
	require.NoError(t, err)
	octet[0] ^= 1 << chosen.bit
	_, err = file.WriteAt(octet[:], chosen.offset)
	require.NoError(t, err)
	require.NoError(t, file.Close())
	return chosen
}

// fork copies a trial whose broker is stopped, with its directory and history.
func (r *trial) fork(t *testing.T, dataDir string) *trial {
	t.Helper()
	require.NoError(t, os.CopyFS(dataDir, os.DirFS(r.broker.dataDir)))
	copied := *r
	copied.broker = newBroker(t, dataDir)
	copied.broker.environment = r.broker.environment
	copied.load = r.load.fork(r.seed)
	return &copied
}

// rot runs a broker on a damaged directory twice: what the first one makes of
// the damage must be good for the second.
func (r *trial) rot(t *testing.T, flip flip) rotOutcome {
	t.Helper()
	r.begin()
	r.broker.launch(t)
	if !r.broker.awaitReady(t) {
		r.requireNamed(t, flip.String())
		return refused
	}
	ctx, cancel := context.WithTimeout(t.Context(), joinDeadline)
	defer cancel()
	err := r.load.quiet(ctx, r.broker.url())
	if err != nil && !r.broker.alive() {
		r.requireNamed(t, flip.String())
		return ended
	}
	outcome := unharmed
	report := Check(r.load.history, StrictAcks)
	require.Zero(t, report.Count(Alien), "%v: a wrong body\n%v\n%s", flip, report, r.broker.output)
	if err != nil || len(report.Failures()) > 0 {
		outcome = named
		require.True(t, r.broker.output.named(), "%v: nothing is named, but: %v\n%v\n%s", flip, err, report, r.broker.output)
	}
	if lost := report.Count(Lost); lost > 0 {
		t.Logf("%v: %d copies left out", flip, lost)
	}
	r.broker.terminate(t)
	r.broker.launch(t)
	if !r.broker.awaitReady(t) {
		r.requireNamed(t, flip.String())
		return refused
	}
	r.broker.kill()
	return outcome
}

// named tells whether a line of the log is an error, other than one that a
// client caused.
func (o *output) named() bool {
	for line := range strings.Lines(o.String()) {
		if strings.Contains(line, "[error] <0.0.0> ") {
			return true
		}
	}
	return false
}

// requireNamed requires that the broker has ended in order: with a status of its
// own, and one line that says why.
func (r *trial) requireNamed(t *testing.T, cause string) {
	t.Helper()
	text := r.broker.output.String()
	status := r.broker.process.ProcessState.ExitCode()
	require.Positive(t, status, "%s: ended by a signal\n%s", cause, text)
	require.NotContains(t, text, "goroutine ", "%s: a panic\n%s", cause, text)
	lines := strings.Split(strings.TrimSpace(text), "\n")
	require.True(t, strings.HasPrefix(lines[len(lines)-1], "leveret: "), "%s: no reason for status %d\n%s", cause, status, text)
}
