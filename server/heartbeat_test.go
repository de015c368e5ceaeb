package server_test

import (
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/queue"
	"github.com/leveretmq/leveret/server"
)

// openBeating opens a connection with a heartbeat, and nothing on it.
func openBeating(t testing.TB, l *listener, interval time.Duration) *peer {
	p := connect(t, l)
	p.handshake(loggedIn)
	p.send(0, &amqp.ConnectionTuneOk{ChannelMax: 10, FrameMax: defaultFrameMax, Heartbeat: uint16(interval / time.Second)},
		&amqp.ConnectionOpen{VirtualHost: "/"})
	synctest.Wait()
	require.Equal(t, []string{"0 connection.open-ok{}"}, p.heard())
	return p
}

// The server beats every half interval, from the first half on.
func TestHeartbeat_Beats(t *testing.T) {
	for _, interval := range []time.Duration{time.Second, 60 * time.Second, 65535 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			l := newListener()
			serve(t, l, newVolatile(), server.Options{})
			p := openBeating(t, l, interval)
			time.Sleep(interval/2 - time.Millisecond)
			synctest.Wait()
			require.Empty(t, p.heard())
			time.Sleep(2 * time.Millisecond)
			for range 10 {
				synctest.Wait()
				require.Equal(t, []string{"0 heartbeat"}, p.heard())
				p.queue(amqp.AppendHeartbeat(nil))
				p.flush()
				time.Sleep(interval / 2)
			}
		})
	}
}

// A client that falls silent is dropped after two to three intervals, whenever
// that happens.
func TestHeartbeat_SilentClientIsDropped(t *testing.T) {
	const interval, phases = 2 * time.Second, 7
	for phase := range phases {
		synctest.Test(t, func(t *testing.T) {
			l := newListener()
			serve(t, l, newVolatile(), server.Options{})
			p := openBeating(t, l, interval)
			for range 5 {
				time.Sleep(interval / 2)
				p.queue([]byte{amqp.FrameHeartbeat}) // a part of a frame is a sign of life
				p.flush()
				time.Sleep(interval / 2)
				p.queue(amqp.AppendHeartbeat(nil)[1:])
				p.flush()
			}
			time.Sleep(interval * time.Duration(phase) / phases)
			p.queue(amqp.AppendHeartbeat(nil))
			p.flush()

			time.Sleep(2*interval - time.Millisecond)
			synctest.Wait()
			require.False(t, p.ended())
			time.Sleep(interval + 2*time.Millisecond)
			synctest.Wait()
			require.True(t, p.ended())
		})
	}
}

// Without heartbeats nothing happens, ever.
func TestHeartbeat_None(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newListener()
		serve(t, l, newVolatile(), server.Options{})
		p := openBeating(t, l, 0)
		time.Sleep(1000 * time.Hour)
		synctest.Wait()
		require.Empty(t, p.heard())
		require.False(t, p.ended())
		p.send(1, &amqp.ChannelOpen{})
		synctest.Wait()
		require.Equal(t, []string{"1 channel.open-ok{}"}, p.heard())
	})
}

// A client that does not read either is dropped just the same, although the
// writer waits for it.
func TestHeartbeat_ClientThatDoesNotReadIsDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newListener()
		s := serve(t, l, newVolatile(), server.Options{})
		p := openBeating(t, l, 2*time.Second)
		p.send(1, &amqp.ChannelOpen{}, &amqp.QueueDeclare{Queue: "q"}, &amqp.BasicConsume{Queue: "q"})
		synctest.Wait()
		p.mute(true)
		for i := range 100 {
			p.publish(1, &amqp.BasicPublish{RoutingKey: "q"}, nil, fmt.Append(nil, i))
		}
		time.Sleep(6*time.Second + time.Millisecond)
		synctest.Wait()
		require.Zero(t, s.server.Open())
	})
}

// A client that reads slowly is alive as long as it reads, also while one
// message takes longer than the heartbeat allows.
func TestHeartbeat_SlowReaderIsNotDropped(t *testing.T) {
	const size, messages = 2 * mebibyte, 4
	synctest.Test(t, func(t *testing.T) {
		l := newListener()
		serve(t, l, newVolatile(), server.Options{})
		p := openBeating(t, l, time.Second)
		p.send(1, &amqp.ChannelOpen{}, &amqp.QueueDeclare{Queue: "q"})
		for range messages {
			p.publish(1, &amqp.BasicPublish{RoutingKey: "q"}, nil, make([]byte, size))
		}
		synctest.Wait()
		require.Len(t, p.heard(), 2)
		p.slowDown(100 * time.Millisecond) // for 64 KiB
		for range messages {
			p.send(1, &amqp.BasicGet{Queue: "q", NoAck: true})
		}
		for range 15 * 2 {
			time.Sleep(time.Second / 2)
			p.queue(amqp.AppendHeartbeat(nil)) // which the server does not get to read
			p.flush()
		}
		synctest.Wait()
		require.False(t, p.ended())
		got := 0
		for _, u := range understood(t, p.frames()) {
			got += len(u.body)
		}
		require.Equal(t, messages*size, got)
	})
}

// clogged is a store that has too much to write, until it is told otherwise.
type clogged struct {
	*volatile
	free chan struct{}
}

func (s clogged) Throttle(queue.Flow) { <-s.free }

// While the broker itself does not read, the silence is not the client's.
func TestHeartbeat_ThrottledClientIsNotDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newListener()
		store := clogged{volatile: newVolatile(), free: make(chan struct{})}
		serve(t, l, store, server.Options{})
		free := sync.OnceFunc(func() { close(store.free) })
		t.Cleanup(free) // or the service could not stop
		p := connect(t, l)
		p.queue([]byte(amqp.ProtocolHeader))
		p.send(0, &amqp.ConnectionStartOk{Mechanism: "PLAIN", Response: "\x00guest\x00guest"},
			&amqp.ConnectionTuneOk{ChannelMax: 10, FrameMax: defaultFrameMax, Heartbeat: 2},
			&amqp.ConnectionOpen{VirtualHost: "/"})
		p.send(1, &amqp.ChannelOpen{}, &amqp.QueueDeclare{Queue: "q"})
		p.publish(1, &amqp.BasicPublish{RoutingKey: "q"}, nil, []byte("a"))
		time.Sleep(time.Hour)
		synctest.Wait()
		require.False(t, p.ended())
		free()
		time.Sleep(6*time.Second + time.Millisecond)
		synctest.Wait()
		require.True(t, p.ended(), "now it is the client that is silent")
	})
}
