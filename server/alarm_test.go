package server_test

import (
	"strings"
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
		require.Zero(t, s.server.Open())
	})
}

// A client that heeds the warning goes on but for publishing: its acknowledgements
// make room. One that does not is not read any more when its grace is used up.
func TestBlocked_GraceKeepsTheClientHeard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newListener()
		s := serve(t, l, newVolatile(), server.Options{BlockedGrace: 200})
		p := blockedPeer(t, l, s, 0)
		p.send(1, &amqp.QueueDeclare{Queue: "q"}, &amqp.BasicConsume{Queue: "q", ConsumerTag: "c", NoAck: true})
		p.publish(1, &amqp.BasicPublish{RoutingKey: "q"}, nil, []byte("within the grace"))
		synctest.Wait()
		require.Equal(t, []string{
			`1 queue.declare-ok{queue: "q"}`, `1 basic.consume-ok{consumer-tag: "c"}`,
			`1 basic.deliver{consumer-tag: "c", delivery-tag: 1, routing-key: "q"} "within the grace"`,
		}, p.heard())
		p.publish(1, &amqp.BasicPublish{RoutingKey: "q"}, nil, []byte("beyond"))
		p.send(1, &amqp.BasicCancel{ConsumerTag: "c"})
		synctest.Wait()
		require.Empty(t, p.heard())
		const low = true
		s.broker.Alarms().Set(broker.Disk, !low)
		synctest.Wait()
		require.Equal(t, []string{
			"0 connection.unblocked{}", `1 basic.cancel-ok{consumer-tag: "c"}`,
		}, withoutDeliveries(p.heard()))
	})
}

// withoutDeliveries leaves out what may come before or after an answer.
func withoutDeliveries(heard []string) (rest []string) {
	for _, line := range heard {
		if !strings.Contains(line, "basic.deliver") {
			rest = append(rest, line)
		}
	}
	return rest
}

// The end of an alarm is told to a client that waits for nothing.
func TestBlocked_GraceEndsWithTheAlarm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newListener()
		s := serve(t, l, newVolatile(), server.Options{BlockedGrace: 1 << 20})
		p := blockedPeer(t, l, s, 0)
		const low = true
		s.broker.Alarms().Set(broker.Disk, !low)
		synctest.Wait()
		require.Equal(t, []string{"0 connection.unblocked{}"}, p.heard())
		s.broker.Alarms().Set(broker.Disk, low)
		p.publish(1, &amqp.BasicPublish{RoutingKey: "q"}, nil, []byte("a"))
		synctest.Wait()
		require.Equal(t, []string{`0 connection.blocked{reason: "low on disk"}`}, p.heard())
		p.hangUp()
		synctest.Wait()
	})
}
