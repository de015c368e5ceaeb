//go:build linux || darwin || freebsd

package persistence

import (
	"errors"

	"golang.org/x/sys/unix"
)

// freeSpace is how many octets a user without privileges may still write to
// the disk of a directory.
func freeSpace(dir string) (uint64, error) {
	var stat unix.Statfs_t
	if err := unix.Statfs(dir, &stat); err != nil {
		return 0, err
	}
	// The types of the fields differ between systems, and FreeBSD goes below 0.
	blocks := int64(stat.Bavail)
	return uint64(max(blocks, 0)) * uint64(stat.Bsize), nil
}

// isDiskFull says whether an error comes from a full disk.
func isDiskFull(err error) bool {
	return errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT)
}
