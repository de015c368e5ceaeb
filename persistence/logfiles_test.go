package persistence

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFilesAreEmptyWhenAllHasDied(t *testing.T) {
	l := newLogFiles()
	l.taint(5, 5)
	l.added(5, 1)
	l.added(6, 2)
	l.added(7, 1)
	require.False(t, l.died([]uint64{5, 6, 7}, 7), "5 is foreign, 6 has one more, 7 is the newest")
	require.True(t, l.died([]uint64{6}, 7))
	require.Equal(t, []uint64{6}, l.takeEmpty())
	require.False(t, l.died([]uint64{6, 4}, 7), "values of files that are not known")
	require.True(t, l.died(nil, 8), "7 has a newer one")
	require.Equal(t, []uint64{7}, l.takeEmpty())
	require.True(t, l.isStub(7))
	l.deleted(7)
	require.False(t, l.isStub(7))
}

// What a collection may have copied to is not emptied, neither while it runs nor
// afterwards.
func TestFilesWithCopiesAreNotEmptied(t *testing.T) {
	for _, unmoved := range []bool{true, false} {
		l := newLogFiles()
		l.added(1, 1)
		l.added(2, 1)
		l.added(3, 1)
		l.beginCollection(2)
		require.True(t, l.died([]uint64{1, 2, 3}, 4))
		require.Equal(t, []uint64{1}, l.takeEmpty())
		require.Equal(t, unmoved, l.endCollection(4, unmoved))
		if unmoved {
			require.Equal(t, []uint64{2, 3}, l.takeEmpty())
		}
		require.Equal(t, unmoved, l.isStub(2))
	}
}

// An emptied file is no damage, one whose beginning is lost is.
func TestStubIsNoDamage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "000001.vlog")
	octets := make([]byte, 64<<10)
	for i := 8 << 10; i < len(octets); i++ {
		octets[i] = 1
	}
	require.NoError(t, os.WriteFile(path, octets, 0o600))
	require.ErrorIs(t, checkValueLog(path), errDamaged)
	require.NoError(t, emptyFile(path))
	require.NoError(t, checkValueLog(path))
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.EqualValues(t, 64<<10, info.Size())
}
