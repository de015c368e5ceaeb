package admin_test

import (
	"fmt"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/admin"
	"github.com/leveretmq/leveret/auth"
	"github.com/leveretmq/leveret/broker"
	"github.com/leveretmq/leveret/definitions"
	"github.com/leveretmq/leveret/persistence"
)

// someone is the actor of most tests.
func someone() admin.Actor { return admin.Actor{User: "guest", Peer: "127.0.0.1:1"} }

// node is a broker with its operator over a data directory.
type node struct {
	*admin.Admin
	broker *broker.Broker
	closed []string // what was asked of the connections
}

// CloseConnections implements admin.Connections.
func (n *node) CloseConnections(user, vhost, reason string) int {
	n.closed = append(n.closed, fmt.Sprintf("%s|%s|%s", user, vhost, reason))
	return 0
}

func usual() admin.Seed {
	return admin.Seed{VHost: "/", Users: []admin.SeedUser{{Name: "guest", Password: "guest", Tags: []string{"administrator"}}}}
}

// open starts a node, which ends with stop.
func open(t *testing.T, dir string, seed admin.Seed) *node {
	t.Helper()
	store, err := persistence.Open(persistence.Options{
		Dir: dir, Durability: persistence.OS, Logger: slog.New(slog.DiscardHandler),
		Fatal:  func(err error) { t.Errorf("the store has failed: %v", err) },
		Limits: persistence.Limits{ValueLogFile: 16 << 20},
	})
	require.NoError(t, err)
	stored, err := store.Definitions()
	require.NoError(t, err)
	directory, err := auth.NewDirectory(auth.DirectoryOptions{}, stored)
	require.NoError(t, err)
	change, err := admin.Sow(directory, stored, seed)
	require.NoError(t, err)
	if !change.Empty() {
		done := make(chan error, 1)
		store.Change(change, func(err error) { done <- err })
		require.NoError(t, <-done)
	}
	known := directory.Definitions()
	stored.VHosts = known.VHosts
	b, err := broker.New(broker.Options{Store: store, Stored: &stored})
	require.NoError(t, err)
	n := &node{broker: b}
	n.Admin = admin.New(admin.Options{Broker: b, Directory: directory, Connections: n, Parameters: stored.Parameters})
	return n
}

func (n *node) stop(t *testing.T) {
	t.Helper()
	require.NoError(t, n.broker.Close())
}

// restarted runs do on a node, and gives a new one over what it leaves.
func restarted(t *testing.T, do func(n *node)) *node {
	t.Helper()
	dir := t.TempDir()
	n := open(t, dir, usual())
	do(n)
	n.stop(t)
	n = open(t, dir, usual())
	t.Cleanup(func() { n.stop(t) })
	return n
}

func (n *node) may(t *testing.T, user, password, vhost string) bool {
	t.Helper()
	u, err := n.Directory().Authenticate(auth.Attempt{Name: user, Password: password})
	return err == nil && n.Directory().Enter(u, vhost) == nil
}

func (n *node) user(t *testing.T, name, password string) {
	t.Helper()
	_, err := n.PutUser(someone(), definitions.User{Name: name}, password)
	require.NoError(t, err)
}

func (n *node) vhost(t *testing.T, name string) *broker.VHost {
	t.Helper()
	_, err := n.PutVHost(someone(), definitions.VHost{Name: name})
	require.NoError(t, err)
	v, ok := n.broker.VHost(name)
	require.True(t, ok)
	return v
}
