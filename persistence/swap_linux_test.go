package persistence

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// Pages in the middle of the file give their space back at once.
func TestSwap_FreedPagesTakeNoSpace(t *testing.T) {
	s := openDir(t, t.TempDir())
	allocated := func() int64 {
		var info unix.Stat_t
		require.NoError(t, unix.Stat(filepath.Join(s.options.Dir, swapFile), &info))
		return info.Blocks * 512
	}
	var pages []uint64
	for i := range uint64(20) {
		page, err := s.SwapOut(swapPage(i*100, 1, 200_000))
		require.NoError(t, err)
		pages = append(pages, page)
	}
	before := allocated()
	for _, page := range pages[:19] {
		s.SwapFree(page)
	}
	require.LessOrEqual(t, allocated(), before/20)
	require.Len(t, s.SwapIn(pages[19]), 1)
}
