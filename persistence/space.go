package persistence

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"
)

// space watches how much room is left on the disk of the data directory.
// Badger writes through memory maps of sparse files: when no block is left the
// kernel ends the process with SIGBUS, and so it does at each start from then
// on. So nothing may be written long before that.
//
// Below the alarm threshold publishers are held back by others, who are told
// through Options.DiskAlarm; all else goes on, so that consumers and the
// collection of garbage make room. Below the stop threshold the committer waits,
// and the reclaimer rests. What Badger does by itself from then on, which is to
// flush memtables and to compact, has to fit into what is left.
type space struct {
	dir     string
	tables  string // the directory of Badger's tables
	free    func(dir string) (uint64, error)
	log     *slog.Logger
	limits  Limits
	tree    atomic.Int64 // octets of Badger's tables, as of the last look
	least   atomic.Int64 // Limits.DiskAlarm, or what was set since
	stopped atomic.Bool  // the committer waits for room
	alarmed atomic.Bool  // the alarm is on

	// pressed tells the reclaimer that the disk is low.
	pressed chan struct{}
	// kick makes the watch look now.
	kick chan struct{}
	// impatient is closed when a full disk is not to be waited for any more.
	impatient chan struct{}
	hurry     func() // closes impatient; can be called often
	end       chan struct{}
	done      chan struct{} // closed when the watch has ended

	// The rest belongs to the watch, and to Open before it.

	alarm   func(on bool)
	blind   bool // the last look has failed
	ballast ballast
}

func newSpace(o Options, tables string) *space {
	w := &space{
		dir: o.Dir, tables: tables, free: o.free, log: o.Logger, limits: o.Limits, alarm: o.DiskAlarm,
		pressed: make(chan struct{}, 1), kick: make(chan struct{}, 1),
		impatient: make(chan struct{}), end: make(chan struct{}), done: make(chan struct{}),
		ballast: ballast{path: filepath.Join(o.Dir, ballastFile), size: o.Ballast},
	}
	if w.free == nil {
		w.free = freeSpace
	}
	w.least.Store(o.Limits.DiskAlarm)
	w.hurry = sync.OnceFunc(func() { close(w.impatient) })
	return w
}

// room is how many octets the disk has for us.
func (w *space) room() (int64, error) {
	free, err := w.free(w.dir)
	if err != nil {
		return 0, fmt.Errorf("looking for free space in %s: %w", w.dir, err)
	}
	return int64(min(free, math.MaxInt64)), nil
}

// stopAt is the stop threshold. A compaction may write all of the tree again
// before it removes the old tables.
func (w *space) stopAt() int64 { return w.limits.DiskStop + w.tree.Load() }

// alarmAt is the alarm threshold. When it is crossed publishers have octets under
// way that will be written, and giving space back takes some first: neither may
// reach the stop threshold, as from there nobody could make room any more.
func (w *space) alarmAt() int64 {
	underWay := int64(w.limits.PendingOctets)
	return max(w.least.Load(), w.stopAt()+w.limits.DiskStop+underWay)
}

// weigh measures Badger's tables.
func (w *space) weigh() error {
	entries, err := os.ReadDir(w.tables)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("measuring the tables of the message store: %w", err)
	}
	total := int64(0)
	for _, e := range entries {
		if filepath.Ext(e.Name()) != ".sst" {
			continue
		}
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue // compacted away
		}
		if err != nil {
			return fmt.Errorf("measuring the tables of the message store: %w", err)
		}
		total += info.Size()
	}
	w.tree.Store(total)
	return nil
}

// prepare makes sure that Badger can be opened at all: its Open writes, and on a
// full disk dies as any other write. The ballast goes if the disk is full.
func (w *space) prepare() error {
	if err := w.weigh(); err != nil {
		return err
	}
	room, err := w.room()
	if err != nil {
		w.log.Warn("the disk is not watched", "error", err)
		return nil
	}
	if room >= w.stopAt() {
		return nil
	}
	removed, err := w.ballast.remove()
	if err != nil {
		return err
	}
	if removed {
		w.log.Warn("the disk is full: the ballast was removed to have room for the start", "file", w.ballast.path)
		if room, err = w.room(); err != nil {
			return err
		}
	}
	if need := openOctets + w.tree.Load(); room < need {
		return fmt.Errorf("%w: %s has room for %d MiB, and to open it takes %d MiB; make room, then start again",
			ErrDiskFull, w.dir, room>>20, (need+1<<20-1)>>20)
	}
	return nil
}

// admits says whether so many octets can be written. If nobody knows, they can.
// The watch is told at once of a disk that gets low: at full speed a second is
// too long.
func (w *space) admits(octets int64) bool {
	room, err := w.room()
	if err != nil {
		return true
	}
	if room-octets < w.alarmAt() && !w.alarmed.Load() {
		ask(w.kick)
	}
	return room-octets >= w.stopAt()
}

// ask sends a signal that may be pending already.
func ask(signal chan<- struct{}) {
	select {
	case signal <- struct{}{}:
	default:
	}
}

// awaitSpace holds the committer while the disk is too full for a portion.
// Nothing fails and nothing is confirmed meanwhile. It gives up with ErrDiskFull
// when the store is to be closed.
func (s *Store) awaitSpace(part portion) error {
	w := s.space
	octets := int64(part.octets)
	if octets > transactionLogOctets {
		octets *= 2 // it is written ahead
	}
	if s.failed() != nil || w.admits(octets) {
		return nil
	}
	return s.awaitRoom(octets, func() bool { return true })
}

// awaitRoom waits until so many octets are admitted and ready says so, too.
func (s *Store) awaitRoom(octets int64, ready func() bool) error {
	w := s.space
	s.haltCommits(octets)
	again := time.NewTicker(s.limits.DiskCheck)
	defer again.Stop()
	for {
		select {
		case <-w.impatient:
			return fmt.Errorf("%w: what was pending could not be written, and was not confirmed", ErrDiskFull)
		case <-again.C:
		}
		if s.failed() != nil || w.admits(octets) && ready() {
			w.stopped.Store(false)
			s.log.Warn("there is room on the disk again: the message store goes on")
			return nil
		}
	}
}

// haltCommits tells everybody that nothing is written for now.
func (s *Store) haltCommits(octets int64) {
	w := s.space
	s.log.Error("the disk is full: nothing is written or confirmed until there is room",
		"directory", w.dir, "threshold", w.stopAt(), "to_write", octets)
	s.mu.Lock()
	w.stopped.Store(true)
	s.room.Broadcast()
	s.mu.Unlock()
	ask(w.kick)
}

// StopWaiting makes a full disk an error where the store would wait for room:
// to be called when the process is about to end, before anybody waits for what
// is pending.
func (s *Store) StopWaiting() { s.space.hurry() }

// runWatch is the goroutine of the watch.
func (s *Store) runWatch() {
	w := s.space
	defer close(w.done)
	again := time.NewTicker(s.limits.DiskCheck)
	defer again.Stop()
	for {
		select {
		case <-w.end:
			return
		case <-w.kick:
		case <-again.C:
		}
		w.look()
	}
}

// look measures, and raises or ends the alarm.
func (w *space) look() {
	room, err := w.room()
	if err == nil && room < plenty*w.alarmAt() {
		err = w.weigh()
	}
	if err != nil {
		if !w.blind {
			w.log.Error("the disk is not watched", "error", err)
		}
		w.blind = true
		return
	}
	w.blind = false
	alarm := w.alarmAt()
	before := w.alarmed.Load()
	if before {
		alarm += alarm / alarmHysteresis
	}
	low := room < alarm || w.stopped.Load()
	if low != before {
		w.alarmed.Store(low)
		w.tell(low, room)
	}
	switch {
	case !low:
		w.keepBallast(room)
	case room >= w.stopAt():
		ask(w.pressed)
	case room >= w.stopAt()/2 && w.stopped.Load():
		w.spendBallast()
	}
}

// spendBallast gives the ballast up while the broker runs. That is for a disk
// which has got too full step by step, so that consumers could not make room any
// more. If there is nothing left at all it was another program, which would take
// the ballast, too.
func (w *space) spendBallast() {
	removed, err := w.ballast.remove()
	if err != nil {
		w.log.Warn("the ballast cannot be given up", "file", w.ballast.path, "error", err)
	}
	if removed {
		w.log.Warn("the ballast was given up, so that consumers can make room", "file", w.ballast.path)
	}
}

func (w *space) tell(low bool, room int64) {
	if low {
		w.log.Warn("disk alarm: publishers are blocked", "directory", w.dir, "free", room, "limit", w.alarmAt())
	} else {
		w.log.Warn("disk alarm is over: publishers go on", "directory", w.dir, "free", room, "limit", w.alarmAt())
	}
	if w.alarm != nil {
		w.alarm(low)
	}
}

// keepBallast makes the ballast if there is room for it above the alarm
// threshold.
func (w *space) keepBallast(room int64) {
	alarm := w.alarmAt()
	made, err := w.ballast.keep(room - alarm - alarm/alarmHysteresis)
	if err != nil {
		w.log.Warn("there is no ballast: a broker that was stopped by a full disk may not be able to start before there is room",
			"file", w.ballast.path, "error", err)
	} else if made {
		w.log.Debug("made the ballast", "file", w.ballast.path, "octets", w.ballast.size)
	}
}

// reclaimPressed makes room while the disk is low, without the patience of
// better times.
func (s *Store) reclaimPressed() {
	if s.reclaim.owed.Load() >= pressedOctets {
		s.reclaim.owed.Store(0)
		s.collect(levelZeroTables)
		return
	}
	s.collectGarbage()
}

// mayCollect says whether there is room for filler, and for the copies that the
// collection of a file makes before it deletes it.
func (s *Store) mayCollect() bool { return s.space.admits(0) }

// SetDiskAlarm changes Limits.DiskAlarm, in octets, and looks at the disk again. The
// threshold of the alarm does not come lower than what the store needs to be safe.
func (s *Store) SetDiskAlarm(octets int64) {
	s.space.least.Store(octets)
	ask(s.space.kick)
}

// Room is how many octets the disk of the data directory has for the broker, and below
// how many publishers are held back; zero where the system does not tell.
func (s *Store) Room() (free, alarm int64) {
	free, err := s.space.room()
	if err != nil {
		return 0, s.space.alarmAt()
	}
	return free, s.space.alarmAt()
}
