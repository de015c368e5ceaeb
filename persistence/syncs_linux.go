package persistence

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/leveretmq/leveret/internal/histogram"
)

// syncer syncs what Badger writes. A nil one does nothing: Badger does it, or
// nobody.
type syncer struct {
	// underWay counts the commits and collections that write values to the
	// value log: without any, it needs no sync.
	underWay atomic.Int64
	// logs and tables count the syncs of the value log and of memtables' logs.
	logs, tables atomic.Uint64
	took         *histogram.Histogram // by syncs, in nanoseconds

	mappings *mappings
	// newest is the number of the newest file of the value log.
	newest atomic.Uint64

	// What follows belongs to the goroutine of Badger that writes.
	maps       advisor
	log, table newestFile
	current    mapping // of log, or nothing if it is not known
	tableLeft  bool    // the memtable is full, and there is a newer one
}

func newSyncer(dir string, d Durability) *syncer {
	if d != Fsync {
		return nil
	}
	took := newDurations()
	return &syncer{
		took:  took,
		maps:  newAdvisor(dir),
		log:   newestFile{dir: dir, format: "%06d", suffix: logSuffix, took: took},
		table: newestFile{dir: dir, format: "%05d", suffix: tableSuffix, took: took},
	}
}

// statistics is how long syncs took.
func (s *syncer) statistics() histogram.Snapshot {
	if s == nil {
		return histogram.Snapshot{}
	}
	return s.took.Snapshot()
}

// start has to come before anything is written.
func (s *syncer) start(m *mappings) error {
	if s == nil {
		return nil
	}
	s.mappings = m
	err := errors.Join(s.log.openHighest(), s.table.openHighest())
	s.newest.Store(s.log.number)
	return err
}

// newestLog is the number of the newest file of the value log, which the next
// value goes to; 0 if that is not known.
func (s *syncer) newestLog() uint64 {
	if s == nil {
		return 0
	}
	return s.newest.Load()
}

// close comes when nothing is written any more.
func (s *syncer) close() {
	if s != nil {
		s.log.close()
		s.table.close()
	}
}

// begin has to come before writes are committed, and end after it.
func (s *syncer) begin(writes []write) ticket {
	if s == nil {
		return ticket{}
	}
	t := ticket{inLog: hasLogged(writes), logs: s.logs.Load(), tables: s.tables.Load()}
	if t.inLog {
		s.beginValues()
	}
	return t
}

// end says whether the writes were synced.
func (s *syncer) end(t ticket) error {
	if s == nil {
		return nil
	}
	if t.inLog {
		s.endValues()
	}
	if t.inLog && s.logs.Load() == t.logs || s.tables.Load() == t.tables {
		return errors.New("persistence: Badger has not told when to sync a commit")
	}
	return nil
}

// beginValues announces writes to the value log.
func (s *syncer) beginValues() {
	if s != nil {
		s.underWay.Add(1)
	}
}

func (s *syncer) endValues() {
	if s != nil {
		s.underWay.Add(-1)
	}
}

// at syncs what a log line of Badger asks for. The line is that of a failure, if
// there is one.
func (s *syncer) at(format string) (line string, err error) {
	if s == nil {
		return "", nil
	}
	switch format {
	case lineBeforeTable:
		return failedValueSync, s.syncLog()
	case lineTableFull:
		return failedTableSync, s.syncFullTable()
	case lineAfterTable:
		return failedTableSync, s.syncTable()
	}
	return "", nil
}

// syncLog makes values durable. Their pages are taken out of Badger's map first:
// a sync of pages that are mapped interrupts the other processors page by page,
// where this does so once for many. The map is what findMaps has found, as only a
// write changes that of the newest file.
func (s *syncer) syncLog() error {
	if s.underWay.Load() == 0 {
		return nil
	}
	for unix.Access(s.log.path(s.log.number+1), unix.F_OK) == nil {
		s.leave()
		if err := s.log.sync(); err != nil {
			return err
		}
		if err := s.log.open(s.log.number + 1); err != nil {
			return err
		}
		s.newest.Store(s.log.number)
	}
	if s.current == (mapping{}) {
		s.current = s.maps.mappingOf(s.log.number)
	}
	advise(s.current.from, s.current.to, unix.MADV_DONTNEED)
	if err := s.log.sync(); err != nil {
		return err
	}
	s.logs.Add(1)
	return nil
}

// leave takes a file of the value log that has a newer one out of the resident
// set, or has that done. Nobody waits for unmapping here: who holds it may wait
// for the commit.
func (s *syncer) leave() {
	s.current = mapping{}
	if !s.mappings.unmapping.TryLock() {
		s.mappings.read(residentOctets)
		return
	}
	defer s.mappings.unmapping.Unlock()
	old := s.maps.mappingOf(s.log.number)
	advise(old.from, old.to, unix.MADV_DONTNEED)
}

// syncFullTable makes durable what went to a memtable that is given up, before
// anything goes to its successor.
func (s *syncer) syncFullTable() error {
	err := s.nextTable()
	s.tableLeft = true
	if errors.Is(err, fs.ErrNotExist) {
		return nil // it has become a table meanwhile, which is synced
	}
	return errors.Join(err, s.table.sync())
}

// nextTable goes on to the log of the next memtable if the last one is full.
func (s *syncer) nextTable() error {
	if !s.tableLeft {
		return nil
	}
	s.tableLeft = false
	return s.table.open(s.table.number + 1)
}

// syncTable makes keys durable, and so the commit.
func (s *syncer) syncTable() error {
	if err := s.nextTable(); err != nil {
		return err
	}
	if unix.Access(s.table.path(s.table.number+1), unix.F_OK) == nil {
		return errors.New("persistence: Badger has not told that a memtable is full")
	}
	if err := s.table.sync(); err != nil {
		return err
	}
	s.tables.Add(1)
	return nil
}

// newestFile is the newest of the files that Badger counts up, open, unless it
// could not be opened.
type newestFile struct {
	dir, format, suffix string

	number uint64
	file   *os.File
	took   *histogram.Histogram // by syncs, in nanoseconds
}

// openHighest opens the newest file.
func (f *newestFile) openHighest() error {
	names, err := filepath.Glob(filepath.Join(f.dir, "*"+f.suffix))
	if err != nil {
		return err
	}
	number := uint64(0)
	for _, name := range names {
		number = max(number, mapping{name: filepath.Base(name)}.number(f.suffix))
	}
	return f.open(number)
}

// open lets go of the file, whatever comes of it, and opens the one with a number.
func (f *newestFile) open(number uint64) error {
	f.close()
	f.number = number
	next, err := os.OpenFile(f.path(number), os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("persistence: opening a file to sync it: %w", err)
	}
	f.file = next
	return nil
}

func (f *newestFile) path(number uint64) string {
	return filepath.Join(f.dir, fmt.Sprintf(f.format, number)+f.suffix)
}

func (f *newestFile) sync() error {
	if f.file == nil {
		return fmt.Errorf("persistence: syncing %s: %w", f.path(f.number), fs.ErrClosed)
	}
	began := time.Now()
	err := unix.Fdatasync(int(f.file.Fd()))
	for errors.Is(err, unix.EINTR) {
		err = unix.Fdatasync(int(f.file.Fd()))
	}
	if err != nil {
		return fmt.Errorf("persistence: syncing %s: %w", f.file.Name(), err)
	}
	f.took.Observe(0, time.Since(began).Nanoseconds())
	return nil
}

func (f *newestFile) close() {
	if f.file != nil {
		_ = f.file.Close() // synced, or a failure already
		f.file = nil
	}
}
