package persistence

import (
	"time"

	"github.com/leveretmq/leveret/internal/histogram"
)

// Statistics is what a store has done since it was opened.
type Statistics struct {
	// Commits is how long commits took, from the first write to the end of the
	// sync, and Syncs how long the syncs of single files took, where the store does
	// them itself; in seconds.
	Commits, Syncs histogram.Snapshot
	// Pending is octets of messages that wait for their commit.
	Pending int
	// Tables and Log are what Badger's tables and its value log take on the disk, in
	// octets; Badger looks once a minute.
	Tables, Log int64
}

// Statistics tells what the store has done.
func (s *Store) Statistics() Statistics {
	s.mu.Lock()
	pending := s.octets
	s.mu.Unlock()
	tables, log := s.db.Size()
	return Statistics{
		Commits: s.commits.Snapshot(), Syncs: s.badger.syncs.statistics(),
		Pending: pending, Tables: tables, Log: log,
	}
}

// newDurations makes a histogram of times on the disk, in nanoseconds.
func newDurations() *histogram.Histogram {
	const us, ms, s = int64(time.Microsecond), int64(time.Millisecond), int64(time.Second)
	return histogram.New(1e-9, 50*us, 100*us, 250*us, 500*us, ms, 5*ms/2, 5*ms, 10*ms, 25*ms, 50*ms, 100*ms, 250*ms, 500*ms, s, 5*s)
}
