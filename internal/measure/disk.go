package main

import (
	"errors"
	"io/fs"
	"path/filepath"
	"time"
)

// diskUse is the octets of all blocks that the files of a directory have. Files
// that go meanwhile count as gone.
func diskUse(dir string) (int64, error) {
	var sum int64
	err := filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			var info fs.FileInfo
			if info, err = d.Info(); err == nil {
				sum += allocated(info)
			}
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	})
	return sum, err
}

const diskInterval = 200 * time.Millisecond

// awaitDisk waits until the directory is below the floor, or for the patience,
// and returns the use and the time at the end.
func awaitDisk(dir string, floor int64, patience time.Duration) (use int64, took time.Duration, err error) {
	began := time.Now()
	ticks := time.NewTicker(diskInterval)
	defer ticks.Stop()
	for {
		use, err = diskUse(dir)
		took = time.Since(began)
		if err != nil || use < floor || took > patience {
			return use, took, err
		}
		<-ticks.C
	}
}
