//go:build !linux

package persistence

import "os"

// punchHole would give the space of a part of a file back. Here it is given
// back when the file is cut.
func punchHole(*os.File, int64, int64) error { return nil }
