package persistence

import (
	"os"
	"testing"
)

// diskUsage is how many octets of the disk a file takes: its files are written.
func diskUsage(t *testing.T, f *os.File) int64 {
	t.Helper()
	return sizeOf(t, f.Name())
}
