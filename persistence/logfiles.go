package persistence

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"sync"
)

// logFiles knows of the files of the value log in which nothing lives any more,
// so that their space comes back at once, and Badger's collection, which reads
// every file to its end before it deletes it, finds them empty. Consumers that
// keep up leave nothing but such files.
//
// It counts the values that live in each file that was begun since Open. What
// is not counted for sure makes a file foreign: the values that a collection has
// copied, and those of commits that run beside one. Values that nobody says are
// dead keep their file for ever. Foreign files and those of earlier processes
// are left to Badger.
type logFiles struct {
	mu    sync.Mutex
	use   map[uint64]*fileUse // by the number of the file
	empty []uint64            // to be emptied
	// newest is the newest file at the last call of died.
	newest uint64
	// copying is the lowest file that the collection under way may copy to.
	copying uint64
	stubs   map[uint64]struct{} // emptied, or about to be
}

// fileUse is what is known of one file.
type fileUse struct {
	values  int // that live
	foreign bool
}

func newLogFiles() logFiles {
	return logFiles{use: map[uint64]*fileUse{}, stubs: map[uint64]struct{}{}, copying: math.MaxUint64}
}

func (l *logFiles) of(file uint64) *fileUse {
	u := l.use[file]
	if u == nil {
		u = &fileUse{}
		l.use[file] = u
	}
	return u
}

// taint makes files foreign, from one to another.
func (l *logFiles) taint(from, to uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for ; from <= to; from++ {
		l.of(from).foreign = true
	}
}

// added notes that values were written to a file.
func (l *logFiles) added(file uint64, values int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.of(file).values += values
}

// died notes values whose markers are durable, by their files, and says whether
// a file is empty now. Newest is the file that is being written.
func (l *logFiles) died(files []uint64, newest uint64) (empty bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, file := range files {
		if u := l.use[file]; u != nil {
			u.values--
			l.check(file, newest)
		}
	}
	for ; l.newest < newest; l.newest++ {
		l.check(l.newest, newest)
	}
	return len(l.empty) > 0
}

// check notes a file for emptying if nothing lives in it.
func (l *logFiles) check(file, newest uint64) {
	u := l.use[file]
	if u == nil || u.values > 0 || u.foreign || file >= newest || file >= l.copying {
		return
	}
	delete(l.use, file)
	l.stubs[file] = struct{}{}
	l.empty = append(l.empty, file)
}

// beginCollection keeps files from being emptied that may get copies of what
// lives elsewhere.
func (l *logFiles) beginCollection(newest uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.copying = newest
}

// endCollection makes these files foreign, unless nothing was copied, and says
// whether a file is empty.
func (l *logFiles) endCollection(newest uint64, unmoved bool) (empty bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	from := l.copying
	l.copying = math.MaxUint64
	for ; from <= newest; from++ {
		if unmoved {
			l.check(from, newest)
		} else {
			l.of(from).foreign = true
		}
	}
	return len(l.empty) > 0
}

// takeEmpty returns the files that have become empty since the last call.
func (l *logFiles) takeEmpty() []uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	files := l.empty
	l.empty = nil
	return files
}

// isStub says whether a file is empty.
func (l *logFiles) isStub(file uint64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, stub := l.stubs[file]
	return stub
}

// deleted forgets a file.
func (l *logFiles) deleted(file uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.use, file)
	delete(l.stubs, file)
}

// stubOctets is where what stays of an empty file ends, and stub what stands
// there behind the header: an entry without a key, which ends the file for
// Badger, and a word that tells it from damage.
const (
	stubOctets = 4 << 10
	stubText   = "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00nothing here lives"
)

// taintNewest makes the newest file foreign.
func (s *Store) taintNewest() {
	newest := s.badger.syncs.newestLog()
	s.logFiles.taint(newest, newest)
}

// emptyFiles gives the space of the files back in which nothing lives. What
// fails is left to Badger's collection, which works in any case.
func (s *Store) emptyFiles() {
	for _, file := range s.logFiles.takeEmpty() {
		err := emptyFile(valueLogPath(s.db.Opts().Dir, uint32(file)))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			s.log.Warn("the space of a file of the value log comes back later", "error", err)
		}
	}
}

// emptyFile makes a file of the value log a stub, which is on the disk before
// the rest is given up: a crash leaves an empty file, or one that is not.
func emptyFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("emptying a file of the value log: %w", err)
	}
	err = writeStub(f)
	return errors.Join(err, f.Close())
}

func writeStub(f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("emptying a file of the value log: %w", err)
	}
	length := info.Size() - stubOctets
	if length <= 0 {
		return nil
	}
	stub := make([]byte, stubOctets-valueLogHeader)
	copy(stub, stubText)
	if _, err = f.WriteAt(stub, valueLogHeader); err == nil {
		err = f.Sync()
	}
	if err != nil {
		return fmt.Errorf("emptying a file of the value log: %w", err)
	}
	return punchHole(f, stubOctets, length)
}

// startsWithStub says whether a value log is one that was emptied.
func startsWithStub(f io.ReaderAt) bool {
	octets := make([]byte, len(stubText))
	_, err := f.ReadAt(octets, valueLogHeader)
	return err == nil && string(octets) == stubText
}
