package persistence

import (
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"

	"github.com/dgraph-io/badger/v4"

	"github.com/leveretmq/leveret/queue"
)

// Durability is what a confirm promises.
type Durability int

const (
	// Fsync: what is confirmed survives a power cut. This is the default.
	Fsync Durability = iota
	// OS: what is confirmed has been handed to the operating system and
	// survives the end of the process, but a power cut may take what the
	// system had not written yet, some half a minute on Linux, and leave
	// units of that time in part.
	OS
)

// String is the word for the setting.
func (d Durability) String() string {
	if d == OS {
		return "os"
	}
	return "fsync"
}

// Options is how a Store is opened.
type Options struct {
	// Dir is the data directory. It is made if it does not exist.
	Dir        string
	Durability Durability
	// Logger is told what goes wrong; nil means slog.Default.
	Logger *slog.Logger
	// Fatal is called once, on a goroutine of its own, when the store cannot
	// go on. Nothing is confirmed from then on, and the process has to end.
	Fatal  func(error)
	Limits Limits
	// DiskAlarm is called when the disk gets low and when it is well again, one
	// call after the other, on the goroutine of Open or of the store. It must
	// not block. While the alarm is on, publishers have to be held back.
	DiskAlarm func(on bool)
	// Ballast is the size of the file that is given up to start on a full disk,
	// in octets; 0 is none.
	Ballast int64

	// free is how much room a disk has; for tests.
	free func(dir string) (uint64, error)
	// fault is asked before and after each step that may fail; for tests.
	fault func(at faultPoint) error
}

// formatVersion is the version of all that is below the data directory. It
// changes when an older version of the program could misread a newer one's
// directory.
const formatVersion = 3

// The entries of a data directory besides the lock.
const (
	storeDir      = "store"
	swapFile      = "swap"
	quarantineDir = "quarantine"
)

// Open opens the data directory, brings the store into the state of its last
// commit, and starts it. The errors that a user can do something about are
// ErrLocked, ErrNotWritable, ErrNewerFormat, ErrDiskFull and ErrForeign.
func Open(o Options) (*Store, error) {
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	o.Limits = o.Limits.withDefaults()
	lock, err := lockDirectory(o.Dir)
	if err != nil {
		return nil, err
	}
	s, err := openStore(o, lock)
	if err != nil {
		return nil, errors.Join(err, lock.release())
	}
	return s, nil
}

func openStore(o Options, lock *directoryLock) (*Store, error) {
	dir := filepath.Join(o.Dir, storeDir)
	disk, swap := newSpace(o, dir), newSwap(o.Dir)
	if err := errors.Join(swap.reset(), disk.prepare(), removeEmptyFiles(dir)); err != nil {
		return nil, err
	}
	log := newBadgerLog(o.Logger, newSyncer(dir, o.Durability))
	options := badgerOptions(dir, o, log)
	if err := repairManifest(options, o.Logger); err != nil {
		return nil, err
	}
	if err := checkTables(options); err != nil {
		return nil, err
	}
	if err := protectNewestLog(options); err != nil {
		return nil, err
	}
	db, err := badger.Open(options)
	if err != nil {
		return nil, fmt.Errorf("opening the message store in %s: %w", dir, err)
	}
	s := newStore(o, lock, db, log, disk)
	err = errors.Join(log.syncs.start(&s.mappings), log.fault())
	if err == nil {
		s.taintNewest() // it may hold what others wrote
		err = s.restore()
	}
	if err != nil {
		s.mappings.end()
		err = fmt.Errorf("opening the message store in %s: %w", dir, err)
		if closing := closeBadger(db, log); !errors.Is(err, closing) {
			err = errors.Join(err, closing)
		}
		log.syncs.close()
		return nil, err
	}
	s.start()
	return s, nil
}

func newStore(o Options, lock *directoryLock, db *badger.DB, log *badgerLog, disk *space) *Store {
	s := &Store{
		commits: newDurations(),
		options: o, limits: o.Limits, log: o.Logger, db: db, lock: lock, badger: log,
		wake: make(chan struct{}, 1), done: make(chan struct{}),
		index: newIndex(), held: map[uint32][]heldRun{},
		batch: newBatch(), parts: definitionParts{}, holdable: heldOctets,
		swap:    newSwap(o.Dir),
		reclaim: newReclaimer(o.Limits.ReclaimOctets),
		space:   disk,
	}
	s.writes.logFile = o.Limits.ValueLogFile
	s.room.L = &s.mu
	s.mappings = newMappings(log.syncs != nil)
	s.logFiles = newLogFiles()
	s.prefault = newPrefault(disk.tables)
	go s.runMappings(newAdvisor(disk.tables))
	return s
}

// start sets the goroutines of an open store going.
func (s *Store) start() {
	onFault := func(err error) { _ = s.fail(err) } // tells everybody by itself
	s.badger.onFault.Store(&onFault)
	s.reclaim.owed.Store(pressedOctets) // what died before is not known
	s.space.look()
	s.dropAll() // Badger reads the newest file when it opens
	go s.runWatch()
	go s.run()
	go s.runReclaim()
	for _, b := range s.damaged {
		s.submit(submission{lost: &lostRun{queue: b.queue, first: b.first, block: b}}, queue.Unit{})
	}
	s.damaged = nil
}

// checkFormat refuses directories that others wrote, and marks a new one.
func (s *Store) checkFormat() error {
	key := []byte{prefixMeta, metaFormat}
	payload, _, err := s.readValue(key)
	switch {
	case err == nil:
		c := cursor{data: payload}
		version := c.uvarint()
		if c.err == nil && version < formatVersion {
			return s.writeFormat()
		}
		if c.err == nil && version > formatVersion {
			return fmt.Errorf("%w: %s has format %d, this version of leveret knows up to %d; run the newer leveret, or choose another --data-dir",
				ErrNewerFormat, s.options.Dir, version, formatVersion)
		}
		return c.err
	case !errors.Is(err, errMissing):
		return err
	}
	empty, err := s.isEmpty()
	if err != nil {
		return err
	}
	if !empty {
		return fmt.Errorf("%w: %s holds a Badger database without a format of ours; choose another --data-dir",
			ErrForeign, s.options.Dir)
	}
	return s.writeFormat()
}

// writeFormat marks the directory as one of this version.
func (s *Store) writeFormat() error {
	key := []byte{prefixMeta, metaFormat}
	return s.apply([]write{{key: key, value: seal(key, binary.AppendUvarint(nil, formatVersion))}})
}

func (s *Store) isEmpty() (bool, error) {
	empty := true
	err := s.scan(nil, func(*badger.Item) error {
		empty = false
		return errStopScan
	})
	return empty, err
}

// sync makes what was committed durable where commits are not.
func (s *Store) sync() error {
	if s.options.Durability == Fsync {
		return nil
	}
	if err := s.db.Sync(); err != nil {
		return fmt.Errorf("persistence: syncing: %w", err)
	}
	return s.badgerFault()
}
