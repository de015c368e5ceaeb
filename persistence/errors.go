package persistence

import (
	"errors"
	"fmt"
)

// The reasons for which a directory is refused. Open wraps them with the name
// of the directory and with what to do.
var (
	// ErrLocked: another process works in the directory.
	ErrLocked = errors.New("the data directory is in use")
	// ErrNotWritable: the directory cannot be made or written to.
	ErrNotWritable = errors.New("the data directory is not writable")
	// ErrNewerFormat: the directory was written by a newer version.
	ErrNewerFormat = errors.New("the data directory has a newer format")
	// ErrDiskFull: the disk has no room to open the directory, or to write what
	// was pending at the end.
	ErrDiskFull = errors.New("the disk is full")
	// ErrForeign: the directory holds a Badger database of somebody else.
	ErrForeign = errors.New("the data directory belongs to another program")
)

var (
	// ErrClosed is what changes get after Close.
	ErrClosed = errors.New("persistence: the store is closed")
	// ErrRecovered is returned when a queue is recovered a second time.
	ErrRecovered = errors.New("persistence: the queue was recovered before")
)

// errDamaged marks a stored value that is not what was written.
var errDamaged = errors.New("damaged")

// errMissing marks a key that should be there. Where something refers to it
// that is damage, too.
var errMissing = fmt.Errorf("%w: it is missing", errDamaged)

// errGone marks what died while it was being read. That is no damage.
var errGone = errors.New("it is dead by now")
