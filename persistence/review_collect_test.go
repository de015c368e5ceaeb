package persistence

import (
	"os"
	"path/filepath"
	"testing"
	"time"

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
	declare(t, s, 1)
	const n, size = 150, 400_000
	var acks []queue.Ack
	for seq := uint64(1); seq <= n; seq++ {
		commit(t, s, queue.Unit{Enqueue: []queue.Enqueue{enqueue(1, seq, sized(size, int(seq)))}})
		if seq%5 != 0 {
			acks = append(acks, ack(1, seq))
		}
	}
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
