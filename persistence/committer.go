package persistence

import (
	"time"

	"github.com/leveretmq/leveret/queue"
)

// run is the committer: it takes all that is pending, commits it in portions,
// tells the outcome, and begins again, until the store is closed and nothing is
// pending. While it waits for the disk the next pending fills: that is the
// whole of the group commit.
func (s *Store) run() {
	defer close(s.done)
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	var taken pending
	for s.await(&taken, timer) {
		if taken.empty() {
			s.process(portion{})
		}
		for at := (position{}); at.submission < len(taken.submissions); {
			var part portion
			part, at = taken.cut(at, s.limits)
			s.process(part)
		}
		taken.reset()
	}
}

// await waits for work and swaps pending with taken, which is empty. It returns
// with an empty taken if there are dead keys to tidy up, and false when the
// store is closed and everything is done.
func (s *Store) await(taken *pending, timer *time.Timer) bool {
	for {
		ready, wait := s.look(taken)
		if ready {
			return true
		}
		if wait < 0 {
			return false
		}
		timer.Reset(wait)
		select {
		case <-s.wake:
		case <-timer.C:
		}
	}
}

// look swaps pending with taken if there is something to do now, or says how
// long to wait; a negative wait is the end.
func (s *Store) look(taken *pending) (ready bool, wait time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := &s.pending
	if p.empty() {
		switch {
		case s.closed:
			return false, -1
		case s.failure == nil && s.graves.busy(s.reclaim.flushes.Load()):
			return true, 0
		}
		return false, time.Hour
	}
	now := p.urgent || s.closed || p.operations() >= s.limits.CommitOperations
	if wait := s.limits.AckDelay - time.Since(p.since); !now && wait > 0 {
		return false, wait
	}
	s.pending, *taken = *taken, s.pending
	return true, 0
}

// process commits one portion and tells the outcome.
func (s *Store) process(part portion) {
	err := s.awaitSpace(part)
	if err == nil {
		err = s.failed()
	}
	if err == nil {
		err = s.commitPortion(part)
	}
	if err == nil {
		settle(part)
	} else {
		refuse(part, s.fail(err))
	}
	s.mu.Lock()
	s.octets -= part.octets
	s.room.Broadcast()
	s.mu.Unlock()
}

// commitPortion makes a portion durable.
func (s *Store) commitPortion(part portion) error {
	defer func() {
		s.batch.reset()
		s.writes.reset()
	}()
	if err := s.plan(part); err != nil {
		return err
	}
	began, empty := time.Now(), s.writes.empty()
	if err := s.commit(&s.writes); err != nil {
		return err
	}
	if !empty {
		s.commits.Observe(0, time.Since(began).Nanoseconds())
	}
	s.account()
	return nil
}

// plan applies a portion to the index and fills the write set.
func (s *Store) plan(part portion) error {
	s.indexMu.Lock()
	defer s.indexMu.Unlock()
	enqueues, acks := part.enqueues, part.acks
	for i := range part.submissions {
		sub := &part.submissions[i]
		for j := range enqueues[:sub.enqueues] {
			if err := s.enqueue(&enqueues[j]); err != nil {
				return err
			}
		}
		for _, a := range acks[:sub.acks] {
			s.acknowledge(a)
		}
		enqueues, acks = enqueues[sub.enqueues:], acks[sub.acks:]
		s.planOther(sub)
	}
	s.place()
	s.finish(s.reclaim.flushes.Load())
	return nil
}

// planOther applies the rare parts of a submission.
func (s *Store) planOther(sub *submission) {
	for _, r := range sub.purge {
		s.purge(r)
	}
	s.gather(sub.gather)
	if sub.change != nil {
		s.define(sub.change)
	}
	if sub.lost != nil {
		s.lose(sub.lost)
	}
	if len(s.graves.waiting) == 0 {
		// Otherwise some of these may be waiting already; the next sweep tells.
		s.graves.waiting = append(s.graves.waiting, sub.graves...)
	}
}

// account passes on how much was written and given up.
func (s *Store) account() {
	s.reclaim.committed(s.graves.dead)
	s.graves.dead = 0
	if s.logFiles.died(s.graves.files, s.badger.syncs.newestLog()) {
		s.reclaim.signalEmpty()
	}
	s.graves.files = s.graves.files[:0]
	s.mappings.wrote(s.writes.octets(), s.writes.lastInLog())
}

// settle tells everybody in the order of the submissions: the receipts of a
// unit, then its Done.
func settle(part portion) {
	rest := part.enqueues
	for i := range part.submissions {
		sub := &part.submissions[i]
		tellReceipts(rest[:sub.enqueues])
		rest = rest[sub.enqueues:]
		if sub.done != nil {
			sub.done(nil)
		}
	}
}

func tellReceipts(enqueues []queue.Enqueue) {
	for i := range enqueues {
		enqueues[i].Receipt.Done(messageAccepted)
	}
}

// messageAccepted is what the receipt of a committed message is told.
const messageAccepted = true

// refuse tells those who wait that the store has failed. Receipts are told
// nothing: whether their messages survive is not known.
func refuse(part portion, err error) {
	for i := range part.submissions {
		if done := part.submissions[i].done; done != nil {
			done(err)
		}
	}
}
