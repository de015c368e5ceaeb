package server_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/broker"
	"github.com/leveretmq/leveret/server"
)

// blockedPeer is a client whose publish has met an alarm.
func blockedPeer(t *testing.T, l *listener, s *service, heartbeat uint16) *peer {
	t.Helper()
	const low = true
	s.broker.Alarms().Set(broker.Disk, low)
	p := connect(t, l)
	p.handshake(loggedIn)
	p.send(0, &amqp.ConnectionTuneOk{ChannelMax: 2047, FrameMax: defaultFrameMax, Heartbeat: heartbeat},
		&amqp.ConnectionOpen{VirtualHost: "/"})
	p.send(1, &amqp.ChannelOpen{})
	p.publish(1, &amqp.BasicPublish{RoutingKey: "q"}, nil, []byte("a"))
	synctest.Wait()
	require.Contains(t, p.heard(), `0 connection.blocked{reason: "low on disk"}`)
	return p
}

func TestBlocked_IsToldOfShutdown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newListener()
		s := serve(t, l, newVolatile(), server.Options{})
		p := blockedPeer(t, l, s, 0)
		result := shutDown(t, s, time.Minute)
		require.Equal(t, []string{shutdownClose}, p.heard())
		p.send(0, &amqp.ConnectionCloseOk{})
		require.NoError(t, <-result)
	})
}

// Nothing is read from a blocked client, so that its end shows when a heartbeat
// cannot be written.
func TestBlocked_ClientThatIsGoneIsNoticed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newListener()
		s := serve(t, l, newVolatile(), server.Options{})
		const heartbeat = 10
		p := blockedPeer(t, l, s, heartbeat)
		p.hangUp()
		time.Sleep(heartbeat * time.Second)
		synctest.Wait()
		require.Zero(t, s.server.Connections())
	})
}
