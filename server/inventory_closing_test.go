package server_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/server"
)

// A client that does not answer that its connection is closed is in the list as long as
// RabbitMQ has it there, without channels, and then its connection is cut.
func TestConnections_WhoseClientDoesNotAnswer(t *testing.T) {
	n := listenTCP(t, server.Options{CloseTimeout: 50 * time.Millisecond})
	s := n.dial(t)
	defer s.hangUp()
	s.busy()
	name := n.server.Connections()[0].Name
	require.True(t, n.server.CloseConnection(name, "go"))
	s.expect(amqp.IDConnectionClose)
	for _, c := range n.server.Connections() { // unless the time is over
		require.Equal(t, "closed", c.State)
		require.Empty(t, c.Channels)
	}
	s.expectEnd()
	require.True(t, waitFor(func() bool { return len(n.server.Connections()) == 0 }))
}
