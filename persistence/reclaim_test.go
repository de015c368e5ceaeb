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

// Acknowledged messages give their space back, while the store is busy and when
// it is idle; what lives is moved, not lost.
func TestSpaceIsReclaimed(t *testing.T) {
	o := quietOptions(t.TempDir())
	o.Limits.ReclaimOctets, o.Limits.ReclaimIdleOctets = 24<<20, 1
	o.Limits.ReclaimIdle = 50 * time.Millisecond
	s := openWith(t, o)
	declare(t, s, 1)
	const n, size = 300, 400_000
	for seq := uint64(1); seq <= n; seq++ {
		u := queue.Unit{Enqueue: []queue.Enqueue{enqueue(1, seq, sized(size, int(seq)))}}
		if seq > 10 && seq%50 != 0 {
			u.Ack = []queue.Ack{ack(1, seq-10)}
		}
		commit(t, s, u)
	}
	require.Eventually(t, func() bool { return valueLogFiles(t, s) <= 4 }, 20*time.Second, 10*time.Millisecond,
		"%d octets were written in files of %d", n*size, minValueLogFile)
	require.NotZero(t, s.reclaim.flushes.Load())
	s = openDir(t, snapshot(t, s))
	all := recovered(t, s, 1)
	require.Len(t, all, 10+n/50)
	for _, r := range all {
		require.Equal(t, sized(size, int(r.Seq)).Body, r.Message.Body)
	}
}
