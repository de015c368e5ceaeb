//go:build unix

package main

import (
	"io/fs"
	"syscall"
)

// statBlock is the unit of the blocks that stat counts.
const statBlock = 512

// allocated is the octets of a file's blocks: files may be sparse.
func allocated(info fs.FileInfo) int64 {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return stat.Blocks * statBlock
	}
	return info.Size()
}
