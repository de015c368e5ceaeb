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
