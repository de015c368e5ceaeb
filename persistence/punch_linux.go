package persistence

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// punchHole gives the space of a part of a file back. A file system that cannot
// do that keeps it until the file is cut.
func punchHole(f *os.File, from, length int64) error {
	err := unix.Fallocate(int(f.Fd()), unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, from, length)
	if err != nil && !errors.Is(err, unix.EOPNOTSUPP) {
		return fmt.Errorf("persistence: giving space of a file back: %w", err)
	}
	return nil
}
