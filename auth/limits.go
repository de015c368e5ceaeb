package auth

import (
	"github.com/leveretmq/leveret/definitions"
)

// Limits is what somebody may have open at a time. A negative number is no
// limit; zero allows none.
type Limits struct {
	Connections int64
	// Channels are limited for users only.
	Channels int64
	// Queues are limited for virtual hosts only.
	Queues int64
}

// NoLimits allows everything.
func NoLimits() Limits { return Limits{Connections: -1, Channels: -1, Queues: -1} }

// Limits says what the virtual host and the user may have open. What the
// directory does not know has no limits.
func (a *Authority) Limits(vhost string, user User) (ofVHost, ofUser Limits) {
	return a.directory.Limits(vhost, user.Name)
}

// Limits says what the virtual host and the user may have open, at this moment.
func (d *Directory) Limits(vhost, user string) (ofVHost, ofUser Limits) {
	s := d.current.Load()
	ofVHost, ofUser = NoLimits(), NoLimits()
	if v, ok := s.vhosts[vhost]; ok {
		ofVHost.Connections, ofVHost.Queues = bound(v.MaxConnections), bound(v.MaxQueues)
	}
	if a := s.accounts[user]; a != nil {
		ofUser.Connections, ofUser.Channels = bound(a.record.MaxConnections), bound(a.record.MaxChannels)
	}
	return ofVHost, ofUser
}

func bound(l definitions.Limit) int64 {
	if !l.Bounds() {
		return -1
	}
	return l.Max
}
