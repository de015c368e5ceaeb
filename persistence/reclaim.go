package persistence

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dgraph-io/badger/v4"
)

// reclaimer gives disk space back. Badger frees nothing on its own: a value is
// garbage only when its memtable has been flushed and compacted, and then
// somebody has to ask for the collection. So, when enough has died, its
// goroutine writes a memtable of filler and collects. Only it collects.
type reclaimer struct {
	flushes atomic.Uint64 // forced flushes so far
	commits atomic.Uint64
	dead    atomic.Int64 // octets given up since the last collection
	owed    atomic.Int64 // octets given up since the last collection at rest
	// halted is set when a damaged value was found: collecting a value-log
	// file with a bad entry loses all entries behind it.
	halted atomic.Bool
	// collecting is held while Badger writes values that it collects.
	collecting sync.Mutex

	busy  chan struct{} // enough has died
	empty chan struct{} // nothing lives in a file
	stop  chan struct{}
	done  chan struct{}
	limit int64
}

func newReclaimer(limit int) reclaimer {
	return reclaimer{
		busy: make(chan struct{}, 1), empty: make(chan struct{}, 1), stop: make(chan struct{}), done: make(chan struct{}),
		limit: int64(limit),
	}
}

// committed notes a commit that gave up dead octets of the value log.
func (r *reclaimer) committed(dead int) {
	r.commits.Add(1)
	r.owed.Add(int64(dead))
	if r.dead.Add(int64(dead)) < r.limit {
		return
	}
	select {
	case r.busy <- struct{}{}:
	default:
	}
}

// signalEmpty says that there are files to be emptied.
func (r *reclaimer) signalEmpty() {
	select {
	case r.empty <- struct{}{}:
	default:
	}
}

// halt stops collections for good.
func (r *reclaimer) halt() { r.halted.Store(true) }

// runReclaim is the reclaimer's goroutine.
func (s *Store) runReclaim() {
	r := &s.reclaim
	defer close(r.done)
	rest := time.NewTicker(s.limits.ReclaimIdle)
	defer rest.Stop()
	sweep := time.NewTicker(s.limits.Sweep)
	defer sweep.Stop()
	var commits uint64
	for {
		select {
		case <-r.stop:
			return
		case <-r.busy:
			if r.dead.Load() >= r.limit {
				s.collect(1)
			}
		case <-r.empty:
			s.emptyFiles()
		case <-s.space.pressed:
			s.reclaimPressed()
		case <-rest.C:
			if now := r.commits.Load(); now != commits {
				commits = now
				continue
			}
			s.rest()
			commits = r.commits.Load()
		case <-sweep.C:
			s.sweep()
		}
	}
}

// rest is what an idle store does, again and again: compaction takes its time,
// and a look for garbage costs nothing when there is none.
func (s *Store) rest() {
	r := &s.reclaim
	if r.owed.Load() >= int64(s.limits.ReclaimIdleOctets) {
		r.owed.Store(0)
		// Nobody else will fill the table that starts the compaction.
		s.collect(levelZeroTables)
		return
	}
	s.collectGarbage()
}

// collect flushes the memtable some times, gives compaction a moment, and
// collects the garbage of the value log.
func (s *Store) collect(flushes int) {
	r := &s.reclaim
	if r.halted.Load() || s.failed() != nil || !s.mayCollect() {
		return
	}
	r.dead.Store(0)
	for range flushes {
		if err := s.flushMemtable(); err != nil {
			_ = s.fail(err) // tells everybody; nothing is left to do here
			return
		}
		r.flushes.Add(1)
	}
	s.signal()
	select {
	case <-r.stop:
	case <-time.After(compactionDelay):
		s.collectGarbage()
	}
}

// collectGarbage rewrites files of the value log as long as one has garbage.
func (s *Store) collectGarbage() {
	r := &s.reclaim
	s.emptyFiles()
	files := 0
	for !r.stopping() && !r.halted.Load() && s.failed() == nil && s.mayCollect() {
		err := s.collectFile()
		if errors.Is(err, badger.ErrNoRewrite) || errors.Is(err, badger.ErrRejected) {
			break
		}
		if err != nil {
			// Failed writes have ended the store through Badger's log by now.
			s.log.Warn("garbage collection of the value log failed; it will be tried again", "error", err)
			break
		}
		files++
	}
	if files > 0 {
		s.log.Debug("collected garbage of the value log", "files", files)
	}
}

// collectFile rewrites one file of the value log: what lives is copied, and the
// file deleted. An iterator keeps the file until its deletion is allowed (see
// mappings). A power cut would take what was on disk for long if the copies were
// not synced, so the file waits for that, and stays if it fails.
func (s *Store) collectFile() error {
	txn := s.db.NewTransaction(false)
	it := txn.NewIterator(badger.IteratorOptions{Prefix: []byte{prefixFiller}})
	s.reclaim.collecting.Lock()
	s.mappings.beginCollection()
	s.badger.syncs.beginValues()
	s.logFiles.beginCollection(s.badger.syncs.newestLog())
	err := s.db.RunValueLogGC(reclaimRatio)
	s.badger.syncs.endValues()
	s.mappings.endCollection()
	number, unmoved := s.badger.collected.Swap(0), s.badger.unmoved.Swap(false)
	if s.logFiles.endCollection(s.badger.syncs.newestLog(), unmoved || err != nil && number == 0) {
		s.reclaim.signalEmpty()
	}
	s.reclaim.collecting.Unlock()
	if err == nil {
		if unsafe := s.syncCopies(); unsafe != nil {
			// The iterator stays, and the file with it.
			return s.fail(fmt.Errorf("persistence: syncing what a collection has copied: %w", unsafe))
		}
		if damage := s.checkCollected(number); damage != nil {
			// So they do here: the file is there at the next start.
			s.reclaim.halt()
			s.log.Error("a damaged file of the value log is kept, and no disk space is given back until the next start",
				"damage", damage)
			return badger.ErrNoRewrite
		}
		s.logFiles.deleted(uint64(number))
	}
	s.closeIterator(it)
	txn.Discard()
	return err
}

// checkCollected reads the file that was collected. Badger copies what lives in
// a file up to the first entry that is damaged, be it one of a message that is
// long gone, and would delete the rest with the file.
func (s *Store) checkCollected(number uint32) error {
	if number == 0 {
		return errors.New("persistence: Badger does not tell which file it has collected")
	}
	if s.logFiles.isStub(uint64(number)) {
		return nil
	}
	return checkValueLog(valueLogPath(s.db.Opts().Dir, number))
}

// syncCopies makes sure that what a collection has copied is on the disk.
func (s *Store) syncCopies() error {
	if s.options.Durability != Fsync {
		return syncFiles(s.db.Opts().Dir)
	}
	// Badger has synced it, or failed, which it only logs.
	return s.badgerFault()
}

func (r *reclaimer) stopping() bool {
	select {
	case <-r.stop:
		return true
	default:
		return false
	}
}

// flushMemtable pushes the memtable out with filler: Badger has no other way
// short of closing.
func (s *Store) flushMemtable() error {
	filler := make([]byte, fillerOctets)
	for written := 0; written < memTableOctets+memTableOctets/10; written += fillerKeys * fillerOctets {
		writes := make([]write, fillerKeys)
		for i := range writes {
			writes[i] = write{key: []byte{prefixFiller, byte(i)}, value: filler}
		}
		if s.reclaim.stopping() {
			return nil
		}
		if err := s.apply(writes); err != nil {
			return err
		}
	}
	return nil
}
