package persistence

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// directoryLock keeps other brokers out of a data directory. Badger has its own
// lock, but its error cannot be told from others.
type directoryLock struct{ file *os.File }

// lockDirectory makes the directory if need be and locks it.
func lockDirectory(dir string) (*directoryLock, error) {
	f, err := openWritable(dir)
	if isDiskFull(err) {
		return nil, fmt.Errorf("%w: %w; make room, then start again", ErrDiskFull, err)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w; give it to the user that runs leveret, or choose another --data-dir",
			ErrNotWritable, dir, err)
	}
	taken, err := tryLock(f)
	if err == nil && taken {
		return &directoryLock{file: f}, nil
	}
	_ = f.Close() // nothing was written
	if err != nil {
		return nil, fmt.Errorf("locking the data directory %s: %w", dir, err)
	}
	return nil, fmt.Errorf("%w: %s belongs to another running leveret; stop it, or choose another --data-dir",
		ErrLocked, dir)
}

// openWritable makes sure that the directory can be written to, and returns its
// open lock file. Badger's own error cannot be told from others here, either.
func openWritable(dir string) (*os.File, error) {
	store := filepath.Join(dir, storeDir)
	if err := os.MkdirAll(store, 0o750); err != nil {
		return nil, err
	}
	probe, err := os.CreateTemp(store, "probe")
	if err == nil {
		err = errors.Join(probe.Close(), os.Remove(probe.Name()))
	}
	// That a disk is full is found out, and told, when the directory is ours.
	if err != nil && !isDiskFull(err) {
		return nil, err
	}
	return os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o640)
}

func (l *directoryLock) release() error {
	if err := l.file.Close(); err != nil {
		return fmt.Errorf("releasing the lock of the data directory: %w", err)
	}
	return nil
}
