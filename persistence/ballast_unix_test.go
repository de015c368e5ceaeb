//go:build unix

package persistence

import (
	"os"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// diskUsage is how many octets of the disk a file takes.
func diskUsage(t *testing.T, f *os.File) int64 {
	t.Helper()
	info, err := f.Stat()
	require.NoError(t, err)
	const block = 512
	return info.Sys().(*syscall.Stat_t).Blocks * block
}
