package server

import (
	"github.com/leveretmq/leveret/amqp"
)

// reached says whether no more than there are may come.
func reached(limit int64, there int) bool { return limit >= 0 && int64(there) >= limit }

// registry is the open connections by what they are limited by. It is guarded by the
// server's lock.
type registry struct {
	vhosts   map[string]int
	users    map[string]int
	channels map[string]int64 // by user
	all      int64            // channels
	tolls    map[string]*toll // by virtual host, of those that were ever opened
}

func newRegistry() registry {
	return registry{vhosts: make(map[string]int), users: make(map[string]int), channels: make(map[string]int64), tolls: make(map[string]*toll)}
}

// add changes a count, and forgets what is zero.
func add[N int | int64](counts map[string]N, key string, n N) {
	if counts[key] += n; counts[key] == 0 {
		delete(counts, key)
	}
}

// admit lets a connection open its virtual host if that exists and the limits allow
// it, in RabbitMQ's order.
func (s *Server) admit(c *connection, vhost string) *amqp.Error {
	v, exists := s.Broker.VHost(vhost)
	ofVHost, ofUser := s.Authenticator.Limits(vhost, c.user)
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := s.MaxConnections; n > 0 && len(s.connections) > n {
		return amqp.Errorf(amqp.CodeNotAllowed, "connection refused: node connection limit (%d) is reached", n)
	}
	if !exists {
		return amqp.Errorf(amqp.CodeNotAllowed, "vhost %s not found", vhost)
	}
	if reached(ofVHost.Connections, s.open.vhosts[vhost]) {
		return amqp.Errorf(amqp.CodeNotAllowed, "access to vhost '%s' refused for user '%s': connection limit (%d) is reached",
			vhost, c.user.Name, ofVHost.Connections)
	}
	if reached(ofUser.Connections, s.open.users[c.user.Name]) {
		return amqp.Errorf(amqp.CodeNotAllowed, "connection refused for user '%s': user connection limit (%d) is reached",
			c.user.Name, ofUser.Connections)
	}
	c.vhost = v
	c.toll, c.shared = newToll(s.ConnectionRate), s.tollOf(vhost)
	c.entry = entry{user: c.user.Name, vhost: vhost}
	add(s.open.vhosts, vhost, 1)
	add(s.open.users, c.user.Name, 1)
	return nil
}

// entry is a connection in the registry; empty if it is not there. It is guarded by
// the server's lock.
type entry struct{ user, vhost string }

// dismiss takes a connection out of the registry; the caller holds the lock.
func (s *Server) dismiss(c *connection) {
	if c.entry == (entry{}) {
		return
	}
	add(s.open.vhosts, c.entry.vhost, -1)
	add(s.open.users, c.entry.user, -1)
	c.entry = entry{}
}

// admitChannel lets a client have one more channel.
func (s *Server) admitChannel(c *connection) *amqp.Error {
	_, ofUser := s.Authenticator.Limits(c.vhost.Name(), c.user)
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := ofUser.Channels; n >= 0 && s.open.channels[c.user.Name] >= n {
		return amqp.Errorf(amqp.CodeNotAllowed, "number of channels opened for user '%s' has reached the maximum allowed user limit of (%d)",
			c.user.Name, n)
	}
	if n := s.MaxChannels; n > 0 && s.open.all >= int64(n) {
		return amqp.Errorf(amqp.CodeNotAllowed, "number of channels opened on node '%s' has reached the maximum allowed limit of (%d)",
			s.NodeName, n)
	}
	add(s.open.channels, c.user.Name, 1)
	s.open.all++
	return nil
}

// dismissChannels takes channels of a user away.
func (s *Server) dismissChannels(user string, n int) {
	if n == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	add(s.open.channels, user, -int64(n))
	s.open.all -= int64(n)
}

// CloseConnections ends the open connections of a user, of a virtual host, or of both
// if both are given, with 320 CONNECTION_FORCED and the reason. It returns their
// number, and does not wait for them.
func (s *Server) CloseConnections(user, vhost, reason string) int {
	s.mu.Lock()
	var chosen []*connection
	for c := range s.connections {
		e := c.entry
		if e != (entry{}) && (user == "" || e.user == user) && (vhost == "" || e.vhost == vhost) {
			chosen = append(chosen, c)
		}
	}
	s.mu.Unlock()
	for _, c := range chosen {
		c.interrupt(reason)
	}
	return len(chosen)
}
