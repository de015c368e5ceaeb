package persistence

import (
	"fmt"
	"os"
	"path/filepath"
)

// directoryLock keeps other brokers out of a data directory. Badger has its own
// lock, but its error cannot be told from others.
type directoryLock struct{ file *os.File }

// lockDirectory makes the directory if need be and locks it.
func lockDirectory(dir string) (*directoryLock, error) {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, fmt.Errorf("%w: %s cannot be made: %w; choose another --data-dir or create it with the right owner",
			ErrNotWritable, dir, err)
	}
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o640)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w; give the user that runs leveret write permission, or choose another --data-dir",
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

func (l *directoryLock) release() error {
	if err := l.file.Close(); err != nil {
		return fmt.Errorf("releasing the lock of the data directory: %w", err)
	}
	return nil
}
