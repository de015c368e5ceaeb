package persistence

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/queue"
)

func swapPage(first uint64, n, size int) (list []queue.Loaded) {
	for i := range uint64(n) {
		list = append(list, queue.Loaded{Seq: first + 3*i, Message: sized(size, int(i))})
	}
	return list
}

func TestSwap_PagesComeBack(t *testing.T) {
	s := openDir(t, t.TempDir())
	one, two := swapPage(5, 10, 1000), swapPage(1_000_000, 3, 50_000)
	first, err := s.SwapOut(one)
	require.NoError(t, err)
	second, err := s.SwapOut(two)
	require.NoError(t, err)
	require.Equal(t, one, s.SwapIn(first))
	require.Equal(t, two, s.SwapIn(second))
	require.Equal(t, one, s.SwapIn(first), "a page stays until it is freed")

	s.SwapFree(first)
	require.Empty(t, s.SwapIn(first))
	require.Equal(t, two, s.SwapIn(second))
	s.SwapFree(first)
	s.SwapFree(second)
	info, err := os.Stat(filepath.Join(s.options.Dir, swapFile))
	require.NoError(t, err)
	require.Zero(t, info.Size(), "an empty swap file takes no space")

	again, err := s.SwapOut(one)
	require.NoError(t, err)
	require.Equal(t, one, s.SwapIn(again))
}

func TestSwap_DamagedPageIsLeftOut(t *testing.T) {
	s := openDir(t, t.TempDir())
	page, err := s.SwapOut(swapPage(1, 4, 2000))
	require.NoError(t, err)
	f, err := os.OpenFile(filepath.Join(s.options.Dir, swapFile), os.O_RDWR, 0)
	require.NoError(t, err)
	_, err = f.WriteAt([]byte{0xFF, 0xFE}, 3000)
	require.NoError(t, err)
	require.NoError(t, f.Close())
	require.Empty(t, s.SwapIn(page))
}

func TestSwap_ForgottenAtTheNextStart(t *testing.T) {
	s := openDir(t, t.TempDir())
	_, err := s.SwapOut(swapPage(1, 4, 2000))
	require.NoError(t, err)
	crashed := snapshot(t, s)
	path := filepath.Join(crashed, swapFile)
	require.FileExists(t, path)
	openDir(t, crashed)
	require.NoFileExists(t, path)
	closeStore(t, s)
	require.NoFileExists(t, filepath.Join(s.options.Dir, swapFile))
}

// Memory for encoding is used again, also after a page that was too large to keep.
func TestSwap_MemoryIsUsedAgain(t *testing.T) {
	s := openDir(t, t.TempDir())
	for _, list := range [][]queue.Loaded{swapPage(1, 10, 1000), swapPage(1, 2, 5<<20), swapPage(7, 3, 10), swapPage(1, 100, 1000)} {
		page, err := s.SwapOut(list)
		require.NoError(t, err)
		require.Equal(t, list, s.SwapIn(page))
	}
	list := swapPage(1, 100, 1000)
	allocations := testing.AllocsPerRun(100, func() {
		page, err := s.SwapOut(list)
		require.NoError(t, err)
		s.SwapFree(page)
	})
	require.LessOrEqual(t, allocations, 4.0)
}

func BenchmarkSwapOut(b *testing.B) {
	s := openDir(b, b.TempDir())
	list := swapPage(1, 256, 1000)
	b.SetBytes(256 * 1000)
	b.ReportAllocs()
	for b.Loop() {
		page, err := s.SwapOut(list)
		require.NoError(b, err)
		s.SwapFree(page)
	}
}
