package persistence

import (
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/dgraph-io/badger/v4"

	"github.com/leveretmq/leveret/internal/histogram"
	"github.com/leveretmq/leveret/queue"
)

// Store keeps definitions and messages in one directory. All methods are safe
// for concurrent use. See the package comment for its goroutines and locks.
type Store struct {
	options Options
	limits  Limits
	log     *slog.Logger
	db      *badger.DB
	lock    *directoryLock
	badger  *badgerLog

	mappings mappings
	logFiles logFiles
	prefault prefault // belongs to the committer

	mu      sync.Mutex
	room    sync.Cond // pendingOctets has shrunk, or the store has ended
	pending pending   // guarded by mu
	octets  int       // guarded by mu; payload that waits for its commit
	closed  bool      // guarded by mu; set once
	failure error     // guarded by mu; set once

	wake chan struct{} // there is something for the committer
	done chan struct{} // closed when the committer has ended

	indexMu sync.Mutex            // never held across I/O, nor with mu
	index   index                 // guarded by indexMu
	held    map[uint32][]heldRun  // guarded by indexMu; see recover.go
	stopped map[uint32][]seenSpan // guarded by indexMu; messages given to the last Close, ascending
	clean   bool                  // read only after Open

	lastQueue atomic.Uint32
	floor     uint64 // no stored message ever had this or a higher number; read only after Open

	// What follows belongs to the committer alone (and to Open before it).
	reserved reservations
	graves   graveyard
	parts    definitionParts
	batch    batch
	writes   writeSet

	damaged  []*block // own blocks that Open could not read
	holdable int      // octets of messages that Open may still keep in memory

	commits *histogram.Histogram // durations
	space   *space
	swap    swap
	reclaim reclaimer
	closing sync.Once
	outcome error // of Close; written once, in closing
}

var _ queue.Store = (*Store)(nil)

// Submit hands a unit to the committer. It is memory only, never blocks, and
// keeps no slice of the unit; the messages have to stay as they are. Units take
// effect in the order of their submission, each as a whole. Receipts of
// enqueued messages are told after the commit, in that order, then Done, all on
// the committer's goroutine. Messages for a queue without a definition are
// accepted and not kept, as the queue has been deleted.
func (s *Store) Submit(u queue.Unit) {
	s.submit(submission{
		enqueues: len(u.Enqueue), acks: len(u.Ack), octets: unitOctets(u), done: u.Done,
		purge: slices.Clone(u.Purge), gather: slices.Clone(u.Gather),
	}, u)
}

func (s *Store) submit(sub submission, u queue.Unit) {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		if sub.done != nil {
			// The caller may hold the lock of a queue, and Done must not run
			// under it.
			go sub.done(ErrClosed)
		}
		return
	}
	wake := s.pending.add(sub, u, s.limits)
	s.octets += sub.octets
	s.mu.Unlock()
	if wake {
		s.signal()
	}
}

// signal wakes the committer, now or when it next looks.
func (s *Store) signal() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Throttle blocks while more payload waits for its commit than the limit allows for
// the flow. Readers of connections call it, outside of all locks. While the disk
// is full it does not block, as it would hold up consumers, too; the alarm
// holds the publishers.
func (s *Store) Throttle(flow queue.Flow) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for int64(s.octets) > flow.Room(int64(s.limits.PendingOctets)) && !s.closed && s.failure == nil && !s.space.stopped.Load() {
		s.room.Wait()
	}
}

// LastQueueID is the highest number that a queue ever had.
func (s *Store) LastQueueID() uint32 { return s.lastQueue.Load() }

// NextSequence is a sequence number that no stored message of the queue has or
// had, and no higher one either, also if the last ones were acknowledged. It is
// meant for the start of a queue; what was submitted since Open does not count.
func (s *Store) NextSequence(uint32) uint64 { return max(s.floor, 1) }

// fail ends the work of the store: nothing is confirmed any more, because after
// a failed sync nobody knows what is on disk. The process has to end.
func (s *Store) fail(err error) error {
	s.mu.Lock()
	first := s.failure == nil
	if first {
		s.failure = fmt.Errorf("the message store has failed and confirms nothing any more: %w", err)
	}
	err = s.failure
	s.room.Broadcast()
	s.mu.Unlock()
	if !first {
		return err
	}
	s.log.Error("message store failed", "error", err)
	if s.options.Fatal != nil {
		// On a goroutine of its own, because Fatal may well call Close.
		go s.options.Fatal(err)
	}
	return err
}

// failed returns the error that ended the work of the store, or nil.
func (s *Store) failed() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failure
}

// badgerFault returns what Badger has only logged.
func (s *Store) badgerFault() error { return s.badger.fault() }
