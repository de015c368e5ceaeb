package persistence

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/options"
)

// badgerOptions are measured; see docs and the comments on the limits.
func badgerOptions(dir string, o Options, log *badgerLog) badger.Options {
	return badger.DefaultOptions(dir).
		WithLogger(log).
		WithSyncWrites(o.Durability == Fsync && log.syncs == nil).
		WithMemTableSize(memTableOctets).
		WithNumMemtables(memTables).
		WithNumLevelZeroTables(levelZeroTables).
		WithNumLevelZeroTablesStall(levelZeroStall).
		WithNumCompactors(compactors).
		WithValueThreshold(inlineOctets).
		WithValueLogFileSize(int64(o.Limits.ValueLogFile)).
		// Memory maps and the page cache do what caches would do.
		WithCompression(options.None).WithBlockCacheSize(0).WithIndexCacheSize(0).
		// One writer needs no conflict detection.
		WithDetectConflicts(false).WithNumVersionsToKeep(1).WithMetricsEnabled(false).
		// Values carry their own checksum; Badger's ends in an empty value
		// without an error.
		WithCompactL0OnClose(false).WithVerifyValueChecksum(false)
}

// removeEmptyFiles removes memtable and value logs of size 0. Badger v4.9.6
// deletes such a file by cutting it to 0 and unlinking it, and makes one the
// other way round; a crash in between leaves an empty file, which its Open
// refuses with "Create a new file". There is nothing in them.
func removeEmptyFiles(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("looking for leftovers of a crash: %w", err)
	}
	for _, e := range entries {
		if ext := filepath.Ext(e.Name()); ext != ".mem" && ext != ".vlog" {
			continue
		}
		info, err := e.Info()
		if err == nil && info.Size() == 0 {
			err = os.Remove(filepath.Join(dir, e.Name()))
		}
		if err != nil {
			return fmt.Errorf("removing a leftover of a crash: %w", err)
		}
	}
	return nil
}

// syncFiles makes durable what was written to the logs of memtables and values,
// including those that Badger has gone on from without a sync. Its tables are
// synced when they are made.
func syncFiles(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if ext := filepath.Ext(e.Name()); ext != ".mem" && ext != ".vlog" {
			continue
		}
		f, err := os.OpenFile(filepath.Join(dir, e.Name()), os.O_RDWR, 0)
		if errors.Is(err, fs.ErrNotExist) {
			continue // a memtable that has become a table meanwhile
		}
		if err == nil {
			err = errors.Join(f.Sync(), f.Close())
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// fatalLine says whether the format of a log line is one of those that Badger
// v4.9.6 only logs although something was not written or is left out: a failed
// sync of the value log, a table with a bad checksum, a memtable or compaction
// that could not be written, a failed write that nobody waits for.
func fatalLine(format string) bool {
	for _, line := range [...]string{
		failedValueSync,
		failedTableSync,
		"Ignoring table",
		"error flushing memtable to disk",
		"[Compactor: %d] LOG Compact FAILED",
		"writeRequests",
	} {
		if strings.HasPrefix(format, line) {
			return true
		}
	}
	return false
}

// badgerLog passes Badger's log lines on, and remembers the first fatal one.
type badgerLog struct {
	log   *slog.Logger
	first atomic.Pointer[error]
	// onFault, if set, is called with the first fatal line after it was set.
	onFault atomic.Pointer[func(error)]
	// faulted is closed after the first fatal line.
	faulted chan struct{}
	// frozen is closed when Badger's writer does not go on: see freeze.
	frozen   chan struct{}
	freezing sync.Once
	// syncs does the syncs of Badger, if it is not nil.
	syncs *syncer
	// collected is the number of the value log that was collected last, which
	// Badger tells nobody else.
	collected atomic.Uint32
	// unmoved says that it had nothing in it that lives.
	unmoved atomic.Bool
	// stuck says that Badger cannot be closed any more: see lineStuck.
	stuck atomic.Bool
}

func newBadgerLog(log *slog.Logger, syncs *syncer) *badgerLog {
	return &badgerLog{log: log, syncs: syncs, faulted: make(chan struct{}), frozen: make(chan struct{})}
}

// fault returns the first fatal line as an error, or nil.
func (l *badgerLog) fault() error {
	if err := l.first.Load(); err != nil {
		return *err
	}
	return nil
}

func (l *badgerLog) line(level slog.Level, format string, args []any) {
	if level >= slog.LevelWarn && fatalLine(format) {
		err := fmt.Errorf("badger: %s", strings.TrimSpace(fmt.Sprintf(format, args...)))
		if l.first.CompareAndSwap(nil, &err) {
			close(l.faulted)
			if f := l.onFault.Load(); f != nil {
				(*f)(err)
			}
		}
	}
	if strings.HasPrefix(format, lineStuck) {
		l.stuck.Store(true)
	}
	defer l.freeze(format)
	if l.log.Enabled(context.Background(), level) {
		l.log.Log(context.Background(), level, "badger: "+strings.TrimSpace(fmt.Sprintf(format, args...)))
	}
}

// freeze keeps Badger's writer from going on after a failed sync of the value
// log, which it only logs: it would write the keys next, and a power cut could
// leave them without their values, half of a transaction. A store that works
// ends its process now; one that is being opened or closed writes nothing.
func (l *badgerLog) freeze(format string) {
	if strings.HasPrefix(format, failedValueSync) && l.onFault.Load() != nil {
		l.freezing.Do(func() { close(l.frozen) })
		select {}
	}
}

// lineStuck begins the line about a damaged length in the value log. Badger v4.9.6
// returns from there with a lock of the file that it never gives back: its Close
// would wait for ever.
const lineStuck = "Invalid read: vp"

// failedValueSync begins the line about a failed sync of the value log.
const failedValueSync = "Error while curlf sync"

// closeBadger closes a database unless it has a fault: Badger v4.9.6 tries for
// ever, in its Close too, to write a memtable that it cannot write. One that
// has a fault, or is stuck, is left to the end of the process.
func closeBadger(db *badger.DB, log *badgerLog) error {
	if err := log.fault(); err != nil {
		return err
	}
	if log.stuck.Load() {
		return nil
	}
	closed := make(chan error, 1)
	go func() { closed <- db.Close() }()
	select {
	case err := <-closed:
		return errors.Join(err, log.fault())
	case <-log.faulted:
		return log.fault()
	}
}

// Errorf is part of badger.Logger.
func (l *badgerLog) Errorf(format string, args ...any) { l.line(slog.LevelError, format, args) }

// Warningf is part of badger.Logger.
func (l *badgerLog) Warningf(format string, args ...any) { l.line(slog.LevelWarn, format, args) }

// Infof is part of badger.Logger. What Badger finds worth telling is of
// interest to its developers only.
func (l *badgerLog) Infof(format string, args ...any) {
	if number, ok := collectedLog(format, args); ok {
		l.collected.Store(number)
	}
	if format == lineMoved && len(args) == 2 && args[1] == 0 {
		l.unmoved.Store(true)
	}
	l.line(slog.LevelDebug, format, args)
}

// lineMoved says how many values Badger has found in a file of the value log
// that it collects, and how many of them it has copied.
const lineMoved = "Total entries: %d. Moved: %d"

// collectedLog returns the number of the value log that a log line of Badger
// v4.9.6 says is being collected.
func collectedLog(format string, args []any) (number uint32, ok bool) {
	if !strings.HasPrefix(format, "Rewriting fid:") || len(args) != 1 {
		return 0, false
	}
	number, ok = args[0].(uint32)
	return number, ok
}

// Debugf is part of badger.Logger. Badger calls it for each write.
func (l *badgerLog) Debugf(format string, _ ...any) {
	if line, err := l.syncs.at(format); err != nil {
		l.line(slog.LevelError, line+": %v", []any{err})
	}
}
