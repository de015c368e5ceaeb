package persistence

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/dgraph-io/badger/v4"
	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/queue"
)

// With Durability OS nobody syncs the copies that a collection makes, and a
// power cut could take messages that have been on disk for days. So the old
// file has to stay until the copies are synced, here for ever, as syncing fails.
func TestCollectedFileStaysUntilItsCopiesAreSynced(t *testing.T) {
	failed := make(chan error, 1)
	o := quietOptions(t.TempDir())
	o.Limits.ReclaimIdleOctets, o.Limits.ReclaimIdle = 1, 20*time.Millisecond
	o.Fatal = func(err error) { failed <- err }
	s := openWith(t, o)
	acks := fillForCollection(t, s)
	files := valueLogFiles(t, s)
	// A file that cannot be opened, and so not synced.
	loop := filepath.Join(o.Dir, storeDir, "loop.vlog")
	require.NoError(t, os.Symlink(loop, loop))
	commit(t, s, queue.Unit{Ack: acks})
	select {
	case err := <-failed:
		require.ErrorContains(t, err, loop)
	case <-time.After(20 * time.Second):
		require.FailNow(t, "a collection did not sync anything")
	}
	require.GreaterOrEqual(t, valueLogFiles(t, s), files+1)
}

// With Durability Fsync Badger syncs the copies, but only logs that it could
// not, and would delete the old file all the same.
func TestCollectedFileStaysWhenBadgerCouldNotSyncItsCopies(t *testing.T) {
	o := quietOptions(t.TempDir())
	o.Durability = Fsync
	o.Fatal = func(error) {}
	s := openWith(t, o)
	acks := fillForCollection(t, s)
	commit(t, s, queue.Unit{Ack: acks})
	for range levelZeroTables {
		require.NoError(t, s.flushMemtable())
	}
	files := valueLogFiles(t, s)
	go s.badger.Errorf(failedValueSync+": %v", syscall.EIO) // as Badger's writer, it does not go on
	<-s.badger.faulted
	var err error
	require.Eventually(t, func() bool { // once compaction knows of the garbage
		err = s.collectFile()
		return !errors.Is(err, badger.ErrNoRewrite)
	}, 20*time.Second, 50*time.Millisecond)
	require.ErrorContains(t, err, syscall.EIO.Error())
	require.GreaterOrEqual(t, valueLogFiles(t, s), files)
}

// fillForCollection commits messages to queue 1, and returns acknowledgements
// of most that have not been submitted.
func fillForCollection(t *testing.T, s *Store) (acks []queue.Ack) {
	t.Helper()
	declare(t, s, 1)
	const n, size = 150, 400_000
	for seq := uint64(1); seq <= n; seq++ {
		commit(t, s, queue.Unit{Enqueue: []queue.Enqueue{enqueue(1, seq, sized(size, int(seq)))}})
		if seq%5 != 0 {
			acks = append(acks, ack(1, seq))
		}
	}
	return acks
}
