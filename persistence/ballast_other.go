//go:build !linux

package persistence

import "os"

// allocate gives a new file so many octets of the disk.
func allocate(f *os.File, size int64) error { return fill(f, size) }
