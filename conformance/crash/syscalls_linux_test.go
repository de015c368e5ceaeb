package crash

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

// fatalCalls are the calls that change what is on the disk, or open it.
func fatalCalls() []string {
	return []string{
		"msync", "fsync", "fdatasync", "ftruncate", "rename,renameat,renameat2", "unlink,unlinkat", "openat", "pwrite64",
	}
}

const (
	// restartLimit is how long a start after a crash may take.
	restartLimit = 5 * time.Second
	// recoveryCalls bounds the calls into a start after which that is killed too.
	recoveryCalls = 12
)

// D4 of the reliability programme: a scripted session is ended at the N-th call
// of each kind, N from 1 until it ends whole, with two scripts of which one
// pages. A session is not quite the same each time, so calls that none ended at
// are tried again, CRASH_ROUNDS times in all. With CRASH_POINTS only so many N
// are tried, random ones.
func TestCrash_AtEachSystemCall(t *testing.T) {
	points := environmentCount(t, "CRASH_POINTS", 3)
	eachEra(t, 2, 1, func(t *testing.T, era era) {
		for _, calls := range fatalCalls() {
			t.Run(calls, func(t *testing.T) {
				s := &sweep{calls: calls, era: era, random: rand.New(rand.NewPCG(era.seed, 0)), hit: map[int]bool{}}
				require.True(t, s.crashAt(t, unreached), "the session does not end without a crash")
				s.all = s.last
				if points > 0 {
					for range min(points, s.all) {
						s.crashAt(t, 1+s.random.IntN(s.all))
					}
				} else {
					s.sweepAll(t, environmentCount(t, "CRASH_ROUNDS", 3))
				}
				t.Logf("%s: %d crashes, at %d different ones of %d calls", calls, s.crashes, len(s.hit), s.all)
			})
		}
	})
}

// unreached is more calls than a session makes.
const unreached = 1 << 20

// sweep is the crashes at one kind of call.
type sweep struct {
	calls   string
	era     era
	random  *rand.Rand
	all     int          // calls of a whole session
	last    int          // calls that the last session made
	hit     map[int]bool // which of the calls a session ended at
	crashes int
}

func (s *sweep) sweepAll(t *testing.T, rounds int) {
	t.Helper()
	for range rounds {
		for n := 1; n <= s.all && !t.Failed(); n++ {
			if !s.hit[n] {
				s.crashAt(t, n)
			}
		}
	}
}

// crashAt runs the session with a crash at the n-th call and requires that
// nothing is lost. It tells whether the session ended whole.
func (s *sweep) crashAt(t *testing.T, n int) (whole bool) {
	t.Helper()
	b := s.era.broker(t, filepath.Join(t.TempDir(), "data"))
	defer b.kill()
	play := newScript(s.era.seed)
	tracer := newTracer(t, s.calls)
	tracer.crashAt(b, n)
	b.launch(t)
	watched := make(chan error, 1)
	go func() { watched <- tracer.watch(b, n) }()
	whole = playTo(t, b, play)
	require.NoError(t, <-watched)
	var err error
	s.last, err = tracer.made()
	require.NoError(t, err)
	where := fmt.Sprintf("%s after %d calls", s.calls, s.last)
	if !whole {
		s.crashes++
		s.hit[s.last+1] = true
		s.crashRecovery(t, b, tracer)
	}
	tracer.release(b)
	play.history.Restart()
	b.start(t)
	require.Less(t, time.Since(b.begun), restartLimit, "%s: start after the crash\n%s", where, b.output)
	clients := newGang()
	clients.work(b.url(), func(conn *amqp.Connection) error { return play.conclude(t.Context(), conn) })
	require.NoError(t, clients.wait(), "%s; the broker:\n%s", where, b.output)
	report := Check(play.history, StrictAcks)
	require.Empty(t, report.Failures(), "%s\n%v", where, report)
	return whole
}

// playTo runs the session on a launched broker until one of them ends.
func playTo(t *testing.T, b *broker, play *script) (whole bool) {
	t.Helper()
	if !b.awaitReady(t) {
		requireKilled(t, b)
		return false
	}
	clients := newGang()
	clients.work(b.url(), func(conn *amqp.Connection) error { return play.run(t.Context(), conn) })
	if err := clients.wait(); err != nil {
		b.await(t, stopDeadline)
		requireKilled(t, b)
		return false
	}
	_ = b.process.Process.Signal(syscall.SIGTERM) // it may have been killed just now
	if b.await(t, stopDeadline) == 0 {
		return true
	}
	requireKilled(t, b)
	return false
}

// requireKilled tells the crash that was asked for from any other end.
func requireKilled(t *testing.T, b *broker) {
	t.Helper()
	status, ok := b.process.ProcessState.Sys().(syscall.WaitStatus)
	require.True(t, ok)
	require.True(t, status.Signaled() && status.Signal() == syscall.SIGKILL,
		"the broker ended by itself: %v\n%s", b.process.ProcessState, b.output)
}

// crashRecovery kills one start in three, too.
func (s *sweep) crashRecovery(t *testing.T, b *broker, tracer *tracer) {
	t.Helper()
	if s.random.IntN(3) > 0 {
		return
	}
	tracer.inject(b, "signal=SIGKILL", fmt.Sprint(1+s.random.IntN(recoveryCalls)))
	b.launch(t)
	if b.awaitReady(t) {
		b.kill()
		return
	}
	requireKilled(t, b)
}
