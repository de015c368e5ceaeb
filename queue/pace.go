package queue

import "time"

const (
	// crowdedOctets is how much may wait in a queue for consumers that take it
	// before its publishers are slowed down to their pace, in octets, with a
	// little for each message. What is read much faster than it is written
	// leaves the processor's caches in between, and costs twice as much.
	crowdedOctets = 256 << 10
	// crowdedMessages is how many have to wait at least: few large ones are no
	// crowd, and a pause for them would leave the processor idle.
	crowdedMessages = 128
	// drainedOctets is how little has to wait before they go on.
	drainedOctets = 64 << 10
)

// Pace holds a publisher back while consumers are busy with what is in the
// queue, but no longer than patience. When that does not help, because they do
// not take anything, nobody is held back again before the queue has drained. It
// reports whether the publisher was held back. It is called with no lock held.
func (q *Queue) Pace(patience time.Duration) bool {
	if !q.crowded.Load() {
		return false
	}
	q.mu.Lock()
	if !q.crowded.Load() {
		q.mu.Unlock()
		return false
	}
	if q.drained == nil {
		q.drained = make(chan struct{})
	}
	drained := q.drained
	q.mu.Unlock()

	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-drained:
	case <-timer.C:
		q.mu.Lock()
		q.futile = q.crowded.Load()
		q.disperse()
		q.mu.Unlock()
	}
	return true
}

// notePace finds out whether publishers should be held back; the caller holds
// the queue's lock.
func (q *Queue) notePace() {
	r, waits := &q.core.lanes.only, q.core.lanes.headSize()
	drained := waits <= drainedOctets
	switch {
	case drained, len(q.core.consumers) == 0, !r.out.empty():
		q.futile = q.futile && !drained
		if q.crowded.Load() {
			q.disperse()
		}
	case waits > crowdedOctets && q.core.lanes.len() > crowdedMessages && !q.futile && !q.crowded.Load():
		q.crowded.Store(true)
	}
}

// disperse lets publishers go on; the caller holds the queue's lock.
func (q *Queue) disperse() {
	q.crowded.Store(false)
	if q.drained != nil {
		close(q.drained)
		q.drained = nil
	}
}
