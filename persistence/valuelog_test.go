package persistence

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/queue"
)

// Badger cuts its newest value log at the first entry that is not whole. After
// a crash that is what was being written; in a log that was closed it is one
// wrong bit, and everything behind it would be gone.
func TestDamageInTheNewestValueLogIsNotTheEndOfIt(t *testing.T) {
	const n, size = 20, 50_000
	s := openDir(t, t.TempDir())
	declare(t, s, 1)
	for seq := uint64(1); seq <= n; seq++ {
		commit(t, s, queue.Unit{Enqueue: []queue.Enqueue{enqueue(1, seq, sized(size, int(seq)))}})
	}
	closeStore(t, s)
	logs, err := filepath.Glob(filepath.Join(s.options.Dir, storeDir, "*.vlog"))
	require.NoError(t, err)
	newest := slices.Max(logs)
	info, err := os.Stat(newest)
	require.NoError(t, err)
	require.Greater(t, info.Size(), int64(n*size))
	flipped(t, newest, 3*size, 1)

	for range 3 { // it also has to stay so
		s = openDir(t, s.options.Dir)
		require.Len(t, recovered(t, s, 1), n-1)
		closeStore(t, s)
	}
}
