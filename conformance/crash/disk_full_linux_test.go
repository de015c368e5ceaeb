package crash

import (
	"context"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

const (
	// The limits of a broker on a volume of 512 MB.
	freeLimit = 160 << 20
	freeFlag  = "--disk-free-limit=160MiB"
	// ballastFlag asks for a ballast that is enough to write down what consumers
	// take: that takes 64 MiB of free space.
	ballastFlag = "--disk-ballast=96MiB"
	// wellAgain is the free space with which the alarm has to be over; a little
	// above the limit it is still on.
	wellAgain = freeLimit + freeLimit/8
	// statusDiskFull is the exit status of a broker that has no room.
	statusDiskFull = 8

	fillDeadline    = 2 * time.Minute
	unblockDeadline = 5 * time.Second
	startAgain      = 10 * time.Second

	// Another program fills the disk at a moment between these after the load
	// began.
	shortestLoad = 50 * time.Millisecond
	longestLoad  = 1200 * time.Millisecond
)

// alarmWatch counts what the clients of a broker are told.
type alarmWatch struct {
	blocked   atomic.Int64 // connections that are now
	unblocked atomic.Int64 // times
}

func (w *alarmWatch) watch(conn *amqp.Connection) {
	told := conn.NotifyBlocked(make(chan amqp.Blocking, 16))
	go func() {
		for state := range told {
			if state.Active {
				w.blocked.Add(1)
				continue
			}
			w.blocked.Add(-1)
			w.unblocked.Add(1)
		}
	}()
}

// flood publishes with all publishers of the load, until ctx ends.
func (l *load) flood(ctx context.Context, g *gang, url string, w *alarmWatch) {
	for _, p := range l.publishers {
		g.work(url, func(conn *amqp.Connection) error {
			w.watch(conn)
			return p.run(ctx, conn, 0)
		})
	}
}

// takeOnce takes from each queue what it holds now, on a connection that does
// not publish: one that does would be blocked, too.
func (l *load) takeOnce(conn *amqp.Connection) error {
	for queue := range uint16(queueCount) {
		if _, err := l.inventory.drainOnce(conn, queue); err != nil {
			return err
		}
	}
	return nil
}

func newDiskTrial(t *testing.T, v *volume) *trial {
	t.Helper()
	seed := environmentNumber(t, seedVariable, rand.Uint64N(1<<32))
	trial := newTrial(t, v.dataDir(), era{seed: seed})
	trial.broker.flags = append(trial.broker.flags, freeFlag, ballastFlag)
	return trial
}

// declare makes the topology before anything else happens.
func (r *trial) declare(t *testing.T) {
	t.Helper()
	g := newGang()
	g.work(r.broker.url(), r.load.declare)
	g.join(t)
}

// makeRoom drains all queues, and waits until publishers are welcome again.
func (r *trial) makeRoom(t *testing.T, v *volume) {
	t.Helper()
	require.NoError(t, r.load.drain(r.broker.url()))
	eventually(t, fillDeadline, "drained queues give no space back", func() bool { return v.free(t) > wellAgain })
}

// IO2 of the reliability programme: publishers fill the disk until they are
// blocked, consumers make room while they are, and a kill on the full disk loses
// nothing.
func TestCrash_DiskFullFromInside(t *testing.T) {
	eachVolume(t, func(t *testing.T, v *volume) {
		trial := newDiskTrial(t, v)
		trial.begin()
		trial.broker.start(t)
		trial.declare(t)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		watch, clients := new(alarmWatch), newGang()
		trial.load.flood(ctx, clients, trial.broker.url(), watch)
		for round := range environmentCount(t, "CRASH_DISK_FILLS", 1) {
			trial.awaitBlocked(t, v, watch)
			began := time.Now()
			consumers := newGang()
			consumers.work(trial.broker.url(), trial.load.takeOnce)
			unblocked := watch.unblocked.Load()
			eventually(t, fillDeadline, "drained queues give no space back", func() bool { return v.free(t) > wellAgain })
			room := time.Now()
			eventually(t, unblockDeadline, "publishers stay blocked", func() bool { return watch.unblocked.Load() > unblocked })
			t.Logf("round %d: room %v after the consumers began, unblocked %v later", round, room.Sub(began), time.Since(room))
			consumers.join(t)
		}
		trial.awaitBlocked(t, v, watch)
		clients.expectEnd()
		trial.broker.kill()
		cancel()
		clients.join(t)

		trial.begin()
		trial.broker.start(t)
		trial.makeRoom(t, v)
		trial.broker.terminate(t)
		report := trial.conclude(t, ackPolicy(t))
		require.Greater(t, report.Confirmed, 10_000, "the load was too small to show anything")
	})
}

// awaitBlocked waits until every publisher is blocked, and looks at what is left
// of the disk.
func (r *trial) awaitBlocked(t *testing.T, v *volume, w *alarmWatch) {
	t.Helper()
	least := v.free(t)
	eventually(t, fillDeadline, "the publishers are not blocked", func() bool {
		least = min(least, v.free(t))
		r.broker.requireAlive(t)
		return v.free(t) < wellAgain && w.blocked.Load() == int64(len(r.load.publishers))
	})
	t.Logf("all publishers are blocked with %d MiB free, %d MiB at least", v.free(t)>>20, least>>20)
	require.Positive(t, least)
}

// IO3 of the reliability programme: somebody else fills the disk under load, and
// takes what is given back, too. The broker may end; it never starts to end
// again and again without a word, and is well when there is room.
func TestCrash_DiskFullFromOutside(t *testing.T) {
	eachVolume(t, func(t *testing.T, v *volume) {
		trial := newDiskTrial(t, v)
		for range environmentCount(t, "CRASH_DISK_OUTSIDE", 3) {
			trial.begin()
			trial.broker.start(t)
			trial.declare(t)
			ctx, cancel := context.WithCancel(t.Context())
			clients := trial.load.start(ctx, trial.broker.url())
			<-time.After(trial.between(shortestLoad, longestLoad))
			clients.expectEnd()
			v.fill(t)
			if trial.outlasts(t, v) {
				trial.goOn(t, v)
			}
			cancel()
			clients.join(t)
			trial.startFull(t, v)
			v.empty(t)
			began := time.Now()
			trial.begin()
			trial.broker.start(t)
			require.Less(t, time.Since(began), startAgain)
			trial.makeRoom(t, v)
			trial.broker.terminate(t)
		}
		trial.conclude(t, ackPolicy(t))
	})
}

// outlasts leaves the broker on the full disk for a while, and says whether it
// has not ended.
func (r *trial) outlasts(t *testing.T, v *volume) bool {
	t.Helper()
	const while = 2 * time.Second
	select {
	case <-time.After(while):
		t.Logf("the broker goes on with %d KiB free", v.free(t)>>10)
		return true
	case <-r.broker.exited:
		t.Logf("the broker has ended on the full disk: %v", r.broker.process.ProcessState)
		return false
	}
}

// goOn makes room for a broker that waits for it, fills the disk again when it
// confirms, and ends it.
func (r *trial) goOn(t *testing.T, v *volume) {
	t.Helper()
	v.empty(t)
	defer func() {
		v.fill(t)
		r.broker.kill()
	}()
	if free := v.free(t); free < wellAgain {
		t.Logf("publishers had filled the disk up to their limit: %d MiB are free without the other program", free>>20)
		return
	}
	began := time.Now()
	client := newGang()
	client.work(r.broker.url(), confirmOne)
	require.NoError(t, client.wait(), "%d MiB are free; the broker:\n%s", v.free(t)>>20, r.broker.output)
	took := time.Since(began)
	t.Logf("the broker confirms %v after there was room", took)
	require.Less(t, took, startAgain)
}

// confirmOne publishes a persistent message, which nobody will miss, and waits
// for its confirm.
func confirmOne(conn *amqp.Connection) error {
	channel, err := conn.Channel()
	if err != nil {
		return err
	}
	const name = "crash.disk"
	if _, err := channel.QueueDeclare(name, true, false, false, false, nil); err != nil {
		return err
	}
	if err := channel.Confirm(false); err != nil {
		return err
	}
	confirm, err := channel.PublishWithDeferredConfirm("", name, false, false, amqp.Publishing{DeliveryMode: amqp.Persistent})
	if err != nil {
		return err
	}
	<-confirm.Done()
	if !confirm.Acked() {
		return &promiseError{"a message was not confirmed"}
	}
	return nil
}

// startFull starts the broker on the full disk: it gets ready, or says in one
// line that it cannot.
func (r *trial) startFull(t *testing.T, v *volume) {
	t.Helper()
	const starts = 3
	for range starts {
		r.begin()
		r.broker.launch(t)
		if r.broker.awaitReady(t) {
			t.Logf("started with %d MiB free", v.free(t)>>20)
			g := newGang()
			g.work(r.broker.url(), r.load.takeOnce)
			g.join(t)
			r.broker.requireAlive(t)
			r.broker.kill()
		} else {
			require.Equal(t, statusDiskFull, r.broker.await(t, time.Second), "%s", r.broker.output)
			require.Contains(t, r.broker.output.String(), "leveret: the disk is full")
			t.Logf("refused: %s", r.broker.output)
		}
		v.fill(t)
	}
}
