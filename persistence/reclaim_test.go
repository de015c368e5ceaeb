package persistence

import (
	"io/fs"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/queue"
)

// valueLogFiles counts the files of the value log.
func valueLogFiles(t *testing.T, s *Store) int {
	n := 0
	require.NoError(t, filepath.WalkDir(s.options.Dir, func(path string, _ fs.DirEntry, err error) error {
		if err == nil && filepath.Ext(path) == ".vlog" {
			n++
		}
		return err
	}))
	return n
}

// Acknowledged messages give their space back when the store is idle; what lives
// is moved, not lost. (Collections beside commits are part of TestKill. Here
// they would make the race detector find that Badger v4.9.6 reads the version of
// its memtable without a lock when a collection starts.)
func TestSpaceIsReclaimed(t *testing.T) {
	o := quietOptions(t.TempDir())
	o.Durability = Fsync
	o.Limits.ReclaimIdleOctets, o.Limits.ReclaimIdle = 1, 20*time.Millisecond
	s := openWith(t, o)
	declare(t, s, 1)
	const n, size = 150, 400_000
	var acks []queue.Ack
	for seq := uint64(1); seq <= n; seq++ {
		commit(t, s, queue.Unit{Enqueue: []queue.Enqueue{enqueue(1, seq, sized(size, int(seq)))}})
		if seq%30 != 0 {
			acks = append(acks, ack(1, seq))
		}
	}
	commit(t, s, queue.Unit{Ack: acks})
	require.Eventually(t, func() bool { return valueLogFiles(t, s) <= 2 }, 20*time.Second, 10*time.Millisecond,
		"%d octets were written in files of %d", n*size, minValueLogFile)
	require.NotZero(t, s.reclaim.flushes.Load())
	s = openDir(t, snapshot(t, s))
	all := recovered(t, s, 1)
	require.Len(t, all, n/30)
	for _, r := range all {
		require.Equal(t, sized(size, int(r.Seq)).Body, r.Message.Body)
	}
}
