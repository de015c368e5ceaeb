package persistence

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/dgraph-io/badger/v4"
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

// A collection copies what lives up to the first damaged entry, and deletes the
// file: one wrong bit in a message that was acknowledged took all behind it.
func TestCollectionKeepsADamagedFile(t *testing.T) {
	o := quietOptions(t.TempDir())
	s := openWith(t, o)
	acks := fillForCollection(t, s)
	closeStore(t, s)
	first := valueLogPath(filepath.Join(o.Dir, storeDir), 1)
	flipped(t, first, 100_000, 1)
	s = openWith(t, o)
	commit(t, s, queue.Unit{Ack: acks})
	for range levelZeroTables {
		require.NoError(t, s.flushMemtable())
	}
	require.Eventually(t, func() bool { // once compaction knows of the garbage
		err := s.collectFile()
		return !errors.Is(err, badger.ErrNoRewrite) || s.reclaim.halted.Load()
	}, 20*time.Second, 50*time.Millisecond)
	require.True(t, s.reclaim.halted.Load())
	closeStore(t, s)
	require.FileExists(t, first)
	require.Len(t, recovered(t, openWith(t, o), 1), 150-len(acks))
}

// Whatever bit of an entry is wrong shows, and nothing shows if none is.
func TestCheckValueLog(t *testing.T) {
	s := openDir(t, t.TempDir())
	declare(t, s, 1)
	for seq := uint64(1); seq <= 2; seq++ {
		commit(t, s, queue.Unit{Enqueue: []queue.Enqueue{enqueue(1, seq, sized(5000, int(seq)))}})
	}
	closeStore(t, s)
	path := valueLogPath(filepath.Join(s.options.Dir, storeDir), 1)
	require.NoError(t, checkValueLog(path))
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	for offset := valueLogHeader; offset < len(whole); offset += 1 + offset/50 {
		flipped(t, path, offset, uint(offset%8))
		require.ErrorIs(t, checkValueLog(path), errDamaged, "octet %d of %d", offset, len(whole))
		require.NoError(t, os.WriteFile(path, whole, 0o600))
	}
	require.NoError(t, os.WriteFile(path, whole[:len(whole)-1], 0o600))
	require.ErrorIs(t, checkValueLog(path), errDamaged)
	require.NoError(t, os.WriteFile(path, append(whole, make([]byte, 1<<20)...), 0o600))
	require.NoError(t, checkValueLog(path))
}
