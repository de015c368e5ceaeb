package server

import (
	"cmp"
	"slices"
	"sync/atomic"
	"time"

	"github.com/leveretmq/leveret/broker"
	"github.com/leveretmq/leveret/queue"
)

// What comes through one exchange to one queue is counted by the queue, at no cost. To
// tell it apart for each channel as well is dearer, and only one page of metrics shows
// it. So channels do that for a time after somebody has looked.

// passageWatch is for how long channels tell passages apart after somebody has looked:
// longer than the time between two scrapes.
const passageWatch = 5 * time.Minute

// maxPassages is how many a channel tells apart, and how many queues a publish goes to
// at most that is told apart.
const maxPassages = 64

// ChannelPassage is how many messages of a channel have come through an exchange to a
// queue, since somebody has looked first.
type ChannelPassage struct {
	Exchange, Queue string
	Messages        uint64
}

// WatchPassages has channels fill in ChannelStatus.Passages from now on, for some
// minutes.
func (s *Server) WatchPassages() {
	s.passagesUntil.Store(time.Now().Add(passageWatch).UnixMilli())
}

// passages is what a channel tells apart. The reader looks at all of it at any time, and
// changes the map under conn.mu, as others read it.
type passages struct {
	all   map[passageEnds]*atomic.Uint64
	swept uint64 // the version of the topology when all were looked at last; the reader's

	// The counters of the last route; the reader's.

	entrance *broker.Entrance
	queues   []*queue.Queue
	route    []*atomic.Uint64
}

type passageEnds struct {
	entrance *broker.Entrance
	queue    *queue.Queue
}

// countPassages counts messages of one route if somebody wants to know. It belongs to
// the reader.
func (ch *channel) countPassages(from *broker.Entrance, queues []*queue.Queue, messages int) {
	if ch.conn.arrived > ch.conn.server.passagesUntil.Load() {
		return
	}
	p := ch.traffic.passages
	if p == nil {
		p = &passages{all: make(map[passageEnds]*atomic.Uint64)}
		ch.conn.mu.Lock()
		ch.traffic.passages = p
		ch.conn.mu.Unlock()
	}
	if p.entrance != from || !sameRoute(p.queues, queues) {
		p.entrance, p.queues, p.route = from, queues, p.route[:0]
		if len(queues) <= maxPassages {
			ch.findPassages(p)
		}
	}
	for _, n := range p.route {
		n.Add(uint64(messages))
	}
}

// findPassages finds the counters of a route, and makes those that are missing while
// there is room.
func (ch *channel) findPassages(p *passages) {
	for _, q := range p.queues {
		ends := passageEnds{p.entrance, q}
		n := p.all[ends]
		if n == nil {
			ch.conn.mu.Lock()
			n = p.add(ends, ch.conn.vhost.Version())
			ch.conn.mu.Unlock()
		}
		if n != nil {
			p.route = append(p.route, n)
		}
	}
}

// add makes a counter, if there is room. The caller holds conn.mu.
func (p *passages) add(ends passageEnds, version uint64) *atomic.Uint64 {
	if len(p.all) == maxPassages && p.swept != version {
		p.swept = version
		for ends := range p.all {
			if !ends.open() {
				delete(p.all, ends)
			}
		}
	}
	if len(p.all) == maxPassages {
		return nil
	}
	n := new(atomic.Uint64)
	p.all[ends] = n
	return n
}

// open says whether exchange and queue are still there.
func (e passageEnds) open() bool { return e.entrance.Open() && !e.queue.Deleted() }

// list is what is told, by the names of exchange and queue. The caller holds conn.mu.
func (p *passages) list() (list []ChannelPassage) {
	if p == nil {
		return nil
	}
	for ends, n := range p.all {
		if ends.open() {
			list = append(list, ChannelPassage{Exchange: ends.entrance.Name(), Queue: ends.queue.Name(), Messages: n.Load()})
		}
	}
	slices.SortFunc(list, func(a, b ChannelPassage) int {
		return cmp.Or(cmp.Compare(a.Exchange, b.Exchange), cmp.Compare(a.Queue, b.Queue))
	})
	return list
}
