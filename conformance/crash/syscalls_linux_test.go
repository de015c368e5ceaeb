package crash

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strconv"
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
// of each kind. N counts per thread, so one N hits another place each time; each
// is tried from 1 until the session ends whole, and again while there are calls,
// counted over all threads, that none hit, up to CRASH_ROUNDS times. With
// CRASH_POINTS only so many N are tried, random ones.
func TestCrash_AtEachSystemCall(t *testing.T) {
	seed := environmentNumber(t, seedVariable, rand.Uint64N(1<<32))
	points := environmentCount(t, "CRASH_POINTS", 4)
	for _, calls := range fatalCalls() {
		t.Run(fmt.Sprintf("%s/%s=%d", calls, seedVariable, seed), func(t *testing.T) {
			s := &sweep{calls: calls, seed: seed, random: rand.New(rand.NewPCG(seed, seed)), hit: map[int]bool{}}
			whole := s.crashAt(t, unreached)
			require.True(t, whole, "the session does not end without a crash")
			s.all, s.busiest = s.last, s.lastBusiest
			if points > 0 {
				s.sample(t, points)
			} else {
				s.sweepAll(t, environmentCount(t, "CRASH_ROUNDS", 3))
			}
			t.Logf("%s: %d crashes, at %d different ones of %d calls", calls, s.crashes, len(s.hit), s.all)
		})
	}
}

// unreached is more calls than a session makes.
const unreached = 1<<16 - 1 // the highest that strace counts to

// sweep is the crashes at one kind of call.
type sweep struct {
	calls   string
	seed    uint64 // of the script
	random  *rand.Rand
	all     int          // calls of a whole session
	busiest int          // of them, those of the thread with the most
	last    int          // calls of the last session
	hit     map[int]bool // which of the calls were the last one
	crashes int

	lastBusiest int
}

func (s *sweep) sample(t *testing.T, points int) {
	t.Helper()
	for range min(points, s.busiest) {
		s.crashAt(t, 1+s.random.IntN(s.busiest))
	}
}

func (s *sweep) sweepAll(t *testing.T, rounds int) {
	t.Helper()
	for range rounds {
		for n := 1; !s.crashAt(t, n); n++ {
			if t.Failed() {
				return
			}
		}
		if len(s.hit) >= s.all {
			return
		}
	}
}

// crashAt runs the session with a crash at the n-th call of a thread and
// requires that nothing is lost. It tells whether the session ended whole.
func (s *sweep) crashAt(t *testing.T, n int) (whole bool) {
	t.Helper()
	b := newBroker(t, filepath.Join(t.TempDir(), "data"))
	defer b.kill()
	play := newScript(s.seed)
	tracer := newTracer(t, s.calls)
	tracer.inject(b, "signal=SIGKILL", strconv.Itoa(n))
	whole = playTo(t, b, play)
	s.last, s.lastBusiest = tracer.made(t)
	where := fmt.Sprintf("%s %d of a thread, %d of all", s.calls, n, s.last)
	if !whole {
		s.crashes++
		s.hit[s.last] = true
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

// playTo runs the session until it or the broker ends.
func playTo(t *testing.T, b *broker, play *script) (whole bool) {
	t.Helper()
	b.launch(t)
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
	tracer.inject(b, "signal=SIGKILL", strconv.Itoa(1+s.random.IntN(recoveryCalls)))
	b.launch(t)
	if b.awaitReady(t) {
		b.kill()
		return
	}
	requireKilled(t, b)
}
