package persistence

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/dgraph-io/badger/v4"
	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/definitions"
	"github.com/leveretmq/leveret/queue"
)

// keys lists what is stored under a prefix, markers left out.
func keys(t testing.TB, s *Store, prefix byte) (list [][]byte, octets int) {
	t.Helper()
	require.NoError(t, s.scan([]byte{prefix}, func(item *badger.Item) error {
		if !isMarker(item.ValueSize()) {
			list = append(list, item.KeyCopy(nil))
			octets += int(item.ValueSize())
		}
		return nil
	}))
	return list, octets
}

func TestAcknowledgedBeforeItsCommit(t *testing.T) {
	s := openDir(t, t.TempDir())
	declare(t, s, 1)
	var told settled
	release := hold(s)
	for i := range uint64(100) {
		e := enqueue(1, i+1, sized(1000, int(i)))
		e.Receipt = told.receipt(i)
		s.Submit(queue.Unit{Enqueue: []queue.Enqueue{e}})
	}
	for i := range uint64(100) {
		if i != 50 {
			s.Submit(queue.Unit{Ack: []queue.Ack{ack(1, i+1)}})
		}
	}
	release()
	commit(t, s, queue.Unit{})

	list := told.list()
	require.Len(t, list, 100)
	require.IsIncreasing(t, list)
	require.Zero(t, told.wrong)
	blocks, octets := keys(t, s, prefixBlock)
	require.Len(t, blocks, 1)
	require.Less(t, octets, 1100, "the acknowledged messages were written")
	acks, _ := keys(t, s, prefixAcks)
	require.Empty(t, acks)

	s = openDir(t, snapshot(t, s))
	require.Equal(t, []uint64{51}, seqs(recovered(t, s, 1)))
}

// An acknowledgement from another commit must not take a message out of this
// one: its unit may never become durable.
func TestElisionStaysWithinACommit(t *testing.T) {
	o := quietOptions(t.TempDir())
	o.Limits.CommitOperations = 1
	s := openWith(t, o)
	declare(t, s, 1, 2)
	release := hold(s)
	s.Submit(queue.Unit{Enqueue: []queue.Enqueue{enqueue(1, 1, text("moved"))}})
	first := make(chan struct{})
	s.Submit(queue.Unit{Done: func(error) { close(first); <-t.Context().Done() }})
	s.Submit(queue.Unit{
		Ack: []queue.Ack{ack(1, 1)}, Enqueue: []queue.Enqueue{enqueue(2, 1, text("moved"))},
	})
	release()
	<-first
	// The second unit has not been committed: a crash now keeps the first.
	to := t.TempDir()
	require.NoError(t, copyDir(to, s.options.Dir))
	crashed := openDir(t, to)
	require.Equal(t, []string{"moved"}, bodies(recovered(t, crashed, 1)))
	require.Empty(t, recovered(t, crashed, 2))
}

func TestOutcomesComeInTheOrderOfSubmission(t *testing.T) {
	s := openDir(t, t.TempDir())
	declare(t, s, 1, 2)
	var told settled
	release := hold(s)
	var tag uint64
	for range 50 {
		var u queue.Unit
		for id := uint32(1); id <= 2; id++ {
			e := enqueue(id, tag+1, sized(5000, int(tag)))
			e.Receipt = told.receipt(tag)
			tag++
			u.Enqueue = append(u.Enqueue, e)
		}
		done := tag
		tag++
		u.Done = func(error) { told.Settle(done, messageAccepted) }
		s.Submit(u)
	}
	forget(s, 1)
	release()
	commit(t, s, queue.Unit{})
	want := make([]uint64, tag)
	for i := range want {
		want[i] = uint64(i)
	}
	require.Equal(t, want, told.list())
	require.Zero(t, told.wrong)
}

func TestDeletedQueueAcceptsAndForgets(t *testing.T) {
	s := openDir(t, t.TempDir())
	declare(t, s, 1, 2)
	commit(t, s, queue.Unit{Enqueue: []queue.Enqueue{
		enqueue(1, 1, sized(9000, 1)), enqueue(1, 2, text("small")), enqueue(2, 1, text("other")),
	}})
	var told settled
	release := hold(s)
	e := enqueue(1, 3, text("pending"))
	e.Receipt = told.receipt(1)
	s.Submit(queue.Unit{Enqueue: []queue.Enqueue{e}})
	forget(s, 1)
	release()
	e = enqueue(1, 4, text("late"))
	e.Receipt = told.receipt(2)
	commit(t, s, queue.Unit{Enqueue: []queue.Enqueue{e}})
	require.Equal(t, []uint64{1, 2}, told.list())
	require.Zero(t, told.wrong)

	s = openDir(t, snapshot(t, s))
	require.Empty(t, recovered(t, s, 1))
	require.Equal(t, []string{"other"}, bodies(recovered(t, s, 2)))
	require.EqualValues(t, 2, s.LastQueueID())
}

func TestAcknowledgementsAloneAreCommittedWithinTheirDelay(t *testing.T) {
	s := openDir(t, t.TempDir())
	declare(t, s, 1)
	commit(t, s, queue.Unit{Enqueue: []queue.Enqueue{enqueue(1, 1, text("a")), enqueue(1, 2, text("b"))}})
	s.Submit(queue.Unit{Ack: []queue.Ack{ack(1, 1)}})
	require.Eventually(t, func() bool {
		list, _ := keys(t, s, prefixAcks)
		return len(list) == 1
	}, 10*time.Second, time.Millisecond)
	s.Submit(queue.Unit{Ack: []queue.Ack{ack(1, 2)}})
	closeStore(t, s)
	require.Empty(t, recovered(t, openDir(t, s.options.Dir), 1))
}

func TestAcknowledgementsAloneWaitForCompany(t *testing.T) {
	o := quietOptions(t.TempDir())
	o.Limits.AckDelay = time.Hour
	s := openWith(t, o)
	declare(t, s, 1)
	commit(t, s, queue.Unit{Enqueue: []queue.Enqueue{enqueue(1, 1, text("a")), enqueue(1, 2, text("b"))}})
	before := s.reclaim.commits.Load()
	s.Submit(queue.Unit{Ack: []queue.Ack{ack(1, 1)}})
	s.Submit(queue.Unit{Ack: []queue.Ack{ack(1, 2)}})
	commit(t, s, queue.Unit{})
	require.Equal(t, before+1, s.reclaim.commits.Load())
	require.Empty(t, recovered(t, openDir(t, snapshot(t, s)), 1))
}

// A failed commit is the end: nobody is confirmed, everybody who waits is told.
func TestFailedCommitConfirmsNothing(t *testing.T) {
	o := quietOptions(t.TempDir())
	fatal := make(chan error, 2)
	o.Fatal = func(err error) { fatal <- err }
	s, err := Open(o)
	require.NoError(t, err)
	declare(t, s, 1)
	var told settled
	release := hold(s)
	outcomes := make(chan error, 3)
	for i := range uint64(2) {
		e := enqueue(1, i+1, text("lost"))
		e.Receipt = told.receipt(i)
		s.Submit(queue.Unit{Enqueue: []queue.Enqueue{e}, Done: func(err error) { outcomes <- err }})
	}
	require.NoError(t, s.db.Close()) // every commit fails from here on
	release()
	require.ErrorIs(t, <-outcomes, badger.ErrBlockedWrites)
	require.ErrorIs(t, <-outcomes, badger.ErrBlockedWrites)
	require.ErrorIs(t, <-fatal, badger.ErrBlockedWrites)
	s.Submit(queue.Unit{Done: func(err error) { outcomes <- err }})
	require.ErrorIs(t, <-outcomes, badger.ErrBlockedWrites)
	err = apply(s, definitions.Change{Put: definitions.Set{Queues: []queue.Spec{queueSpec(2)}}})
	require.ErrorIs(t, err, badger.ErrBlockedWrites)
	s.Throttle(queue.Flood)
	require.ErrorIs(t, s.Close(nil), badger.ErrBlockedWrites)
	require.Empty(t, told.list())
	require.Empty(t, fatal, "Fatal was called twice")
}

// What Badger only logs is as fatal as what it returns.
func TestLoggedSyncErrorIsFatal(t *testing.T) {
	o := quietOptions(t.TempDir())
	fatal := make(chan error, 1)
	o.Fatal = func(err error) { fatal <- err }
	s := openWith(t, o)
	declare(t, s, 1)
	// As Badger's writer, which does not go on.
	go s.badger.Errorf(failedValueSync+": %v\n", errors.New("input/output error"))
	require.ErrorContains(t, <-fatal, "input/output error")
	outcome := make(chan error, 1)
	s.Submit(queue.Unit{
		Enqueue: []queue.Enqueue{enqueue(1, 1, text("a"))}, Done: func(err error) { outcome <- err },
	})
	require.Error(t, <-outcome)
}

func TestSequenceNumbersMustAscend(t *testing.T) {
	s := openDir(t, t.TempDir())
	declare(t, s, 1)
	commit(t, s, queue.Unit{Enqueue: []queue.Enqueue{enqueue(1, 5, text("a"))}})
	outcome := make(chan error, 1)
	s.Submit(queue.Unit{
		Enqueue: []queue.Enqueue{enqueue(1, 5, text("b"))}, Done: func(err error) { outcome <- err },
	})
	require.ErrorContains(t, <-outcome, "queue 1")
}

func TestAfterClose(t *testing.T) {
	s := openDir(t, t.TempDir())
	closeStore(t, s)
	outcome := make(chan error, 1)
	s.Submit(queue.Unit{Done: func(err error) { outcome <- err }})
	require.ErrorIs(t, <-outcome, ErrClosed)
	require.ErrorIs(t, apply(s, definitions.Change{Put: definitions.Set{Queues: []queue.Spec{queueSpec(1)}}}), ErrClosed)
	s.Throttle(queue.Flood)
	require.NoError(t, s.Close(nil), "closed twice")
}

func TestThrottleWaitsForTheCommit(t *testing.T) {
	o := quietOptions(t.TempDir())
	o.Limits.PendingOctets = 1000
	s := openWith(t, o)
	declare(t, s, 1)
	s.Throttle(queue.Flood)
	var told settled
	release := hold(s)
	e := enqueue(1, 1, sized(2000, 1))
	e.Receipt = told.receipt(1)
	s.Submit(queue.Unit{Enqueue: []queue.Enqueue{e}})
	passed := make(chan struct{})
	go func() {
		s.Throttle(queue.Flood)
		close(passed)
	}()
	select {
	case <-passed:
		t.Error("the reader was not held back")
	default:
	}
	release()
	<-passed
	require.Len(t, told.list(), 1)
}

// A unit that exceeds one transaction of Badger is as atomic as any other.
func TestHugeUnits(t *testing.T) {
	s := openDir(t, t.TempDir())
	const n = transactionEntries + 1000
	var c definitions.Change
	var u queue.Unit
	for id := uint32(1); id <= n; id++ {
		c.Put.Queues = append(c.Put.Queues, queueSpec(id))
		u.Enqueue = append(u.Enqueue, enqueue(id, 1, text(fmt.Sprint(id))))
	}
	require.NoError(t, apply(s, c))
	commit(t, s, u)
	left, _ := keys(t, s, prefixRedo)
	require.Empty(t, left)
	s = openDir(t, snapshot(t, s))
	set, err := s.Definitions()
	require.NoError(t, err)
	require.Len(t, set.Queues, n)
	for id := uint32(1); id <= n; id += 500 {
		require.Equal(t, []string{fmt.Sprint(id)}, bodies(recovered(t, s, id)))
	}
}

// A crash in the middle of a write set that is written ahead leaves all of it
// or nothing.
func TestCrashInsideAHugeUnit(t *testing.T) {
	s := openDir(t, t.TempDir())
	declare(t, s, 1, 2)
	release := hold(s)
	var w writeSet
	q := queueSpec(3)
	s.parts.put(&w, definition{key: queueKey(q), payload: encodeQueue(q)})
	w.put([]byte{prefixFiller, 200}, make([]byte, redoPartOctets+1), 0)
	w.delete(definitionPartKey(queueKey(queueSpec(2)), 0))
	number := s.reserved.take()
	parts, err := s.writeAhead(number, &w)
	require.NoError(t, err)
	require.Equal(t, 2, parts)
	to := t.TempDir()
	require.NoError(t, copyDir(to, s.options.Dir))
	require.NoError(t, s.apply([]write{{key: redoCommitKey(number)}}))
	release()

	for dir, names := range map[string][]string{
		to:             {"queue 1", "queue 3"},
		snapshot(t, s): {"queue 1", "queue 2"},
	} {
		s := openDir(t, dir)
		set, err := s.Definitions()
		require.NoError(t, err)
		var found []string
		for _, q := range set.Queues {
			found = append(found, q.Name)
		}
		require.Equal(t, names, found)
		require.Eventually(t, func() bool {
			left, _ := keys(t, s, prefixRedo)
			valid, _ := keys(t, s, prefixRedoCommit)
			return len(left)+len(valid) == 0
		}, 10*time.Second, time.Millisecond)
	}
}
