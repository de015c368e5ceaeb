package persistence

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// What was written through a map and is not on disk yet stays what it is, and so
// does the size of the file.
func TestPrefaultChangesNothing(t *testing.T) {
	const size = 1 << 20
	dir := t.TempDir()
	path := filepath.Join(dir, "000007"+logSuffix)
	f, err := os.Create(path)
	require.NoError(t, err)
	defer f.Close()
	require.NoError(t, f.Truncate(size))
	data, err := unix.Mmap(int(f.Fd()), 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	require.NoError(t, err)
	defer func() { require.NoError(t, unix.Munmap(data)) }()
	p := newPrefault(dir)
	defer p.close()
	var want []byte
	for n := 1; len(want) < size; n++ {
		require.NoError(t, p.expect(n*40_000))
		piece := bytes.Repeat([]byte{byte(n)}, min(n*40_000, size-len(want)))
		copy(data[len(want):], piece)
		want = append(want, piece...)
		require.Equal(t, want, data[:len(want)])
		if p.dir != "" && len(want) > prefaultOctets {
			require.NotNil(t, p.file)
		}
	}
	require.NoError(t, p.expect(prefaultOctets))
	require.Equal(t, want, data)
	info, err := f.Stat()
	require.NoError(t, err)
	require.EqualValues(t, size, info.Size())
}

// A prefault goes on with the next file, also when some are gone.
func TestPrefaultFindsTheNewestFile(t *testing.T) {
	dir := t.TempDir()
	p := prefault{dir: dir}
	defer p.close()
	require.False(t, p.find())
	for _, name := range []string{"000003", "000004", "000005", "000009"} {
		path := filepath.Join(dir, name+logSuffix)
		require.NoError(t, os.WriteFile(path, []byte("full"), 0o600))
		require.NoError(t, p.expect(prefaultOctets))
		require.NoError(t, p.expect(prefaultOctets))
		require.True(t, p.find())
		require.Equal(t, path, p.file.Name())
		content, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, "full", string(content))
	}
}
