package server

import "github.com/leveretmq/leveret/queue"

const (
	// lateTime is how far back it is looked, in milliseconds: to twice as much.
	lateTime = 1000
	// trickleOctets is how much a client may send in that time and be no flood. Many
	// of them together are held back all the same: see queue.Flow.
	trickleOctets = 1 << 20
)

// lately is what a client has sent in the last time. Only its reader uses it.
type lately struct {
	since int64  // milliseconds since 1970
	from  uint64 // octets that it had sent by then
}

// flow says whether the client floods the broker, by all octets that it has sent until
// now.
func (l *lately) flow(sent uint64, now int64) queue.Flow {
	elapsed, much := now-l.since, sent-l.from > trickleOctets
	if elapsed > lateTime || elapsed < 0 {
		l.since, l.from = now, sent
	}
	if much && elapsed <= 2*lateTime && elapsed >= 0 {
		return queue.Flood
	}
	return queue.Trickle
}
