package persistence

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/dgraph-io/badger/v4"
	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/queue"
)

// tables lists Badger's tables.
func tables(t *testing.T, dir string) []string {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(dir, storeDir, "*.sst"))
	require.NoError(t, err)
	return list
}

// Badger writes a change to its manifest, syncs it, and deletes the new tables
// if the sync fails, but leaves the change: it refuses to open the directory
// from then on. Nothing is lost, as it keeps what the tables were made of.
func TestOpenAfterFailedSyncOfManifest(t *testing.T) {
	s := openDir(t, t.TempDir())
	declare(t, s, 1)
	commit(t, s, queue.Unit{Enqueue: []queue.Enqueue{enqueue(1, 1, text("a")), enqueue(1, 2, sized(20_000, 1))}})
	failed := snapshot(t, s)
	closeStore(t, s) // makes a table and lists it
	require.Greater(t, len(tables(t, s.options.Dir)), len(tables(t, failed)))
	manifest := filepath.Join(storeDir, badger.ManifestFilename)
	require.NoError(t, copySparse(filepath.Join(failed, manifest), filepath.Join(s.options.Dir, manifest)))

	s = openDir(t, failed)
	require.Equal(t, []uint64{1, 2}, seqs(recovered(t, s, 1)))
	commit(t, s, queue.Unit{Enqueue: []queue.Enqueue{enqueue(1, s.NextSequence(1), text("b"))}})
	closeStore(t, s)
	require.Len(t, recovered(t, openDir(t, failed), 1), 3)
}

// A table that is lost is another matter: to go back to the time before it would
// lose what came later, too.
func TestOpenWithLostTable(t *testing.T) {
	dir := t.TempDir()
	for seq := uint64(1); seq <= 3; seq++ {
		s := openDir(t, dir)
		if seq == 1 {
			declare(t, s, 1)
		}
		commit(t, s, queue.Unit{Enqueue: []queue.Enqueue{enqueue(1, seq+s.NextSequence(1), text("a"))}})
		closeStore(t, s)
	}
	list := tables(t, dir)
	require.Greater(t, len(list), 1)
	require.NoError(t, os.Remove(list[0]))
	_, err := Open(quietOptions(dir))
	require.ErrorContains(t, err, "file does not exist for table")
	require.Equal(t, list[1:], tables(t, dir))
}
