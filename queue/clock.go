package queue

import "time"

// clock is what a queue needs that depends on the time. Most queues have none.
type clock struct {
	timer *time.Timer
	armed int64 // when the timer fires, in milliseconds since 1970; zero is not
	used  int64 // when the queue was used last, in milliseconds since 1970
}

// readClock tells the core the time, if it matters; the caller holds the lock.
func (q *Queue) readClock() {
	if q.coarse != nil {
		q.used = q.coarse.Now()
	}
	if q.core.timed {
		q.core.now = time.Now().UnixMilli()
	}
}

// lock locks the queue for a change.
func (q *Queue) lock() {
	q.mu.Lock()
	q.readClock()
}

// schedule has tick called when the next thing is to be done; the caller holds
// the lock. A timer that would fire too early may do so: it is cheaper than to
// set it anew with each message.
func (q *Queue) schedule() {
	at := q.core.wakeAt
	if q.expires() && len(q.core.consumers) == 0 && !q.unusedLocked() {
		at = min(at, q.clock.used+q.core.law.Expires)
	}
	if at == never {
		return
	}
	if q.clock == nil {
		q.clock = new(clock)
	}
	if q.clock.armed != 0 && q.clock.armed <= at {
		return
	}
	q.clock.armed = at
	wait := time.Until(time.UnixMilli(at))
	if q.clock.timer == nil {
		q.clock.timer = time.AfterFunc(wait, q.tick)
	} else {
		q.clock.timer.Reset(wait)
	}
}

// tick does what the time has come for.
func (q *Queue) tick() {
	q.lock()
	if q.deleted {
		q.mu.Unlock()
		return
	}
	q.clock.armed = 0
	expired := q.unusedLocked()
	q.core.dispatch()
	q.finish(&Unit{})
	if expired {
		q.host.Expired(q)
		q.stay()
	}
}

// stay goes on with a queue that was used in the moment in which it was to go.
func (q *Queue) stay() {
	q.lock()
	defer q.mu.Unlock()
	if !q.deleted {
		q.schedule()
	}
}

// stopClock ends the timer of a deleted queue; the caller holds the lock.
func (q *Queue) stopClock() {
	if q.clock != nil && q.clock.timer != nil {
		q.clock.timer.Stop()
	}
}

// expires says whether the queue goes when nobody uses it.
func (q *Queue) expires() bool {
	return q.core.law.Rules != nil && q.core.law.Expires > 0
}

// Touch notes that the queue is declared again, be it passively. That is a use of
// a classic queue, but not of a quorum queue (RabbitMQ behaviour).
func (q *Queue) Touch() {
	q.lock()
	q.touchByName()
	q.mu.Unlock()
}

func (q *Queue) touchByName() {
	if q.args.Type != Quorum {
		q.touch()
	}
}

// touch notes that the queue is used; the caller holds the lock.
func (q *Queue) touch() {
	if q.expires() {
		q.clock.used = q.core.now
	}
}

// Unused says whether nobody has used the queue for as long as it may be unused.
func (q *Queue) Unused() bool {
	q.lock()
	defer q.mu.Unlock()
	return !q.deleted && q.unusedLocked()
}

func (q *Queue) unusedLocked() bool {
	return q.expires() && len(q.core.consumers) == 0 && q.core.now-q.clock.used >= q.core.law.Expires
}
