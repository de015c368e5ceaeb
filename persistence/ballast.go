package persistence

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
)

// ballastFile is the name of the ballast in the data directory.
const ballastFile = "ballast"

// ballast is a file that means nothing and takes room. It is removed when the
// broker starts on a full disk: then there is room to start, and to write down
// what consumers have taken until enough is free again.
type ballast struct {
	path string
	size int64 // octets; none for 0
	// settled says that the file is as it should be, or cannot be made.
	settled bool
}

// keep makes the file if it fits into the room, and removes one that is not
// wanted. After a failure it does not try again.
func (b *ballast) keep(room int64) (made bool, err error) {
	if b.settled {
		return false, nil
	}
	info, err := os.Stat(b.path)
	switch {
	case err != nil && !errors.Is(err, fs.ErrNotExist):
	case err == nil && info.Size() == b.size:
		b.settled = true
		return false, nil
	case b.size == 0:
		_, err = b.remove()
		b.settled = true
		return false, err
	case room < b.size:
		return false, nil
	default:
		err = b.make()
	}
	b.settled = true
	if err != nil {
		return false, fmt.Errorf("making the ballast: %w", err)
	}
	return true, nil
}

// remove removes the file, if there is one.
func (b *ballast) remove() (removed bool, err error) {
	b.settled = false
	err = os.Remove(b.path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("removing the ballast: %w", err)
	}
	return true, nil
}

// make makes the file anew. One that is not whole is removed.
func (b *ballast) make() error {
	f, err := os.OpenFile(b.path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	if err = errors.Join(allocate(f, b.size), f.Close()); err != nil {
		_, removing := b.remove()
		return errors.Join(err, removing)
	}
	return nil
}

// fill writes a file full of noise, which also a file system that compresses
// has to store.
func fill(f *os.File, size int64) error {
	noise := make([]byte, ballastPiece)
	random := rand.NewChaCha8([32]byte{})
	for written := int64(0); written < size; {
		piece := noise[:min(size-written, ballastPiece)]
		// Read of ChaCha8 always fills its argument.
		_, _ = random.Read(piece)
		n, err := f.Write(piece)
		written += int64(n)
		if err != nil {
			return err
		}
	}
	return f.Sync()
}
