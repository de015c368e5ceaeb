package persistence

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/options"
	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/queue"
)

// flipped flips one bit of a file.
func flipped(t *testing.T, path string, offset int, bit uint) {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	data[offset] ^= 1 << bit
	require.NoError(t, os.WriteFile(path, data, 0o600))
}

// stopped makes a directory with a few messages whose store was closed.
func stopped(t *testing.T) string {
	t.Helper()
	s := openDir(t, t.TempDir())
	declare(t, s, 1)
	for seq := uint64(1); seq <= 3; seq++ {
		commit(t, s, queue.Unit{Enqueue: []queue.Enqueue{enqueue(1, seq, text("a"))}})
	}
	closeStore(t, s)
	return s.options.Dir
}

// Badger takes a change of its manifest that seems to exceed the file for one
// that was cut off: it opens without the tables that the change lists, and
// deletes them.
func TestOpenWithWrongLengthInManifest(t *testing.T) {
	dir := stopped(t)
	for offset := manifestHeader; offset < manifestHeader+4; offset++ {
		for bit := range uint(8) {
			t.Run(fmt.Sprint(offset, bit), func(t *testing.T) {
				copied := filepath.Join(t.TempDir(), "copy")
				require.NoError(t, os.CopyFS(copied, os.DirFS(dir)))
				flipped(t, filepath.Join(copied, storeDir, badger.ManifestFilename), offset, bit)
				s := openDir(t, copied)
				require.Equal(t, []uint64{1, 2, 3}, seqs(recovered(t, s, 1)))
			})
		}
	}
}

// Whatever bit of a table is wrong, Open says so: Badger alone panics, ends the
// process, or leaves keys out.
func TestOpenWithDamagedTable(t *testing.T) {
	dir := stopped(t)
	list := tables(t, dir)
	require.NotEmpty(t, list)
	whole, err := os.ReadFile(list[0])
	require.NoError(t, err)
	require.NoError(t, checkTable(list[0], 1, options.None))
	for offset := range whole {
		for bit := range uint(8) {
			data := append([]byte(nil), whole...)
			data[offset] ^= 1 << bit
			require.NoError(t, os.WriteFile(list[0], data, 0o600))
			require.ErrorIs(t, checkTable(list[0], 1, options.None), errDamaged, "bit %d of octet %d of %d", bit, offset, len(whole))
		}
	}
	_, err = Open(quietOptions(dir))
	require.ErrorIs(t, err, errDamaged)
	require.ErrorContains(t, err, filepath.Base(list[0]))
	require.NoError(t, os.WriteFile(list[0], whole[:len(whole)/2], 0o600))
	_, err = Open(quietOptions(dir))
	require.ErrorIs(t, err, errDamaged)
}
