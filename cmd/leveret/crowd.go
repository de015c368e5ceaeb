package main

import (
	"net"
	"net/http"
	"sync"
	"time"
)

// filesShare is the part of the files that the process may open which one endpoint of
// HTTP may have: whoever opens connections there must not take them from AMQP clients and
// from the store, even before anybody has logged in.
const filesShare = 8

// crowd bounds the connections of an endpoint of HTTP. One more ends the one that has
// been without a request for the longest time, those first that never had one; if all are
// busy, it is ended itself.
type crowd struct {
	most int

	mu      sync.Mutex
	waiting map[net.Conn]idleness // guarded by mu
	busy    map[net.Conn]struct{} // guarded by mu
}

// idleness is since when a connection is without a request, and whether it never had one.
type idleness struct {
	since time.Time
	fresh bool
}

// before says whether a connection has to go before another one.
func (i idleness) before(other idleness) bool {
	if i.fresh != other.fresh {
		return i.fresh
	}
	return i.since.Before(other.since)
}

// newCrowd bounds by what is configured, zero for any number, and by the limit of files,
// zero if it is not known.
func newCrowd(configured int, files int64) *crowd {
	most := configured
	if share := files / filesShare; share > 0 && (most == 0 || share < int64(most)) {
		most = int(share)
	}
	return &crowd{most: most, waiting: make(map[net.Conn]idleness), busy: make(map[net.Conn]struct{})}
}

// follow is told of the states of connections (http.Server.ConnState).
func (c *crowd) follow(conn net.Conn, state http.ConnState) {
	if surplus := c.change(conn, state); surplus != nil {
		go func() { _ = surplus.Close() }() // over TLS it takes leave, which may last
	}
}

// change notes a state, and returns a connection that there is no room for any more.
func (c *crowd) change(conn net.Conn, state http.ConnState) (surplus net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.waiting, conn)
	delete(c.busy, conn)
	switch state {
	case http.StateNew:
		if c.most > 0 && len(c.waiting)+len(c.busy) >= c.most {
			if surplus = c.longest(); surplus == nil {
				return conn
			}
			delete(c.waiting, surplus)
		}
		c.waiting[conn] = idleness{since: time.Now(), fresh: true}
	case http.StateIdle:
		c.waiting[conn] = idleness{since: time.Now()}
	case http.StateActive:
		c.busy[conn] = struct{}{}
	case http.StateHijacked, http.StateClosed:
	}
	return surplus
}

// longest is the connection that has to go first.
func (c *crowd) longest() (longest net.Conn) {
	for conn, idle := range c.waiting {
		if longest == nil || idle.before(c.waiting[longest]) {
			longest = conn
		}
	}
	return longest
}
