package server_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/server"
)

const shutdownClose = `0 connection.close{reply-code: 320, ` +
	`reply-text: "CONNECTION_FORCED - broker forced connection closure with reason 'shutdown'"}`

// shutDown begins to shut the server down, with so much time, and returns where
// the result will be.
func shutDown(t testing.TB, s *service, patience time.Duration) <-chan error {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	result := make(chan error, 1)
	go func() {
		defer cancel()
		result <- s.server.Shutdown(ctx)
	}()
	synctest.Wait()
	return result
}

func TestShutdown_TellsWhoeverIsConnected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newListener()
		s := serve(t, l, newVolatile(), server.Options{})
		open, tuning, refused, closing := connect(t, l), connect(t, l), connect(t, l), connect(t, l)
		open.handshake(opened)
		tuning.handshake(tuned)
		refused.handshake(greeted)
		refused.send(0, &amqp.ConnectionStartOk{Mechanism: "PLAIN", Response: "\x00guest\x00wrong"})
		closing.handshake(opened)
		closing.send(1, &amqp.ChannelOpen{}) // which is an error
		synctest.Wait()
		closing.heard()

		result := shutDown(t, s, time.Minute)
		require.Equal(t, []string{shutdownClose}, open.heard())
		require.Equal(t, []string{shutdownClose}, tuning.heard())
		require.Empty(t, refused.heard())
		require.True(t, refused.ended())
		require.Empty(t, closing.heard(), "it was told already")
		for _, p := range []*peer{open, tuning, closing} {
			require.Empty(t, result)
			require.False(t, p.ended(), "the answer is waited for")
			p.send(0, &amqp.ConnectionCloseOk{})
			synctest.Wait()
			require.True(t, p.ended())
		}
		require.NoError(t, <-result)
		require.Zero(t, s.server.Open())
		require.ErrorIs(t, s.server.Serve(newListener()), server.ErrServerClosed)
		_, err := l.dial()
		require.Error(t, err)
	})
}

func TestShutdown_EndsWithItsContext(t *testing.T) {
	for name, keep := range map[string]func(*peer){
		"a client that does not answer": func(*peer) {},
		"a client that does not read":   func(p *peer) { p.mute(true) },
		"a client that asks and does not read": func(p *peer) {
			p.mute(true)
			p.send(1, &amqp.QueueDeclare{Queue: "q"})
			for range 3 {
				p.publish(1, &amqp.BasicPublish{RoutingKey: "q"}, nil, make([]byte, mebibyte))
				p.send(1, &amqp.BasicGet{Queue: "q"}, &amqp.BasicGet{Queue: "q"})
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newListener()
				s := serve(t, l, newVolatile(), server.Options{})
				p := connect(t, l)
				p.handshake(opened)
				keep(p)
				synctest.Wait()
				start := time.Now()
				require.ErrorIs(t, <-shutDown(t, s, 5*time.Second), context.DeadlineExceeded)
				require.Equal(t, 5*time.Second, time.Since(start))
				require.Zero(t, s.server.Open())
			})
		})
	}
}

// The server interrupts a connection's read after it has told it to stop. The
// read that is interrupted may be one that the connection has begun since.
func TestShutdown_InterruptionComesLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newListener()
		s := serve(t, l, newVolatile(), server.Options{})
		noticed := make(chan struct{})
		p := newPeer(t, l.dialSabotaged(sabotaged{interrupted: func() { <-noticed }}))
		p.handshake(opened)
		result := shutDown(t, s, time.Minute)
		p.queue(amqp.AppendHeartbeat(nil)) // wakes the reader, which sees that it has to stop
		p.flush()
		synctest.Wait()
		require.Equal(t, []string{shutdownClose}, p.heard())
		close(noticed)
		synctest.Wait()
		require.False(t, p.ended(), "the answer is waited for")
		p.send(0, &amqp.ConnectionCloseOk{})
		require.NoError(t, <-result)
	})
}

// What a client has not acknowledged is back when Shutdown returns, so that the
// store can note that it was delivered.
func TestShutdown_GivesMessagesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newListener()
		s := serve(t, l, newVolatile(), server.Options{})
		p := connect(t, l)
		p.handshake(opened)
		p.send(1, &amqp.QueueDeclare{Queue: "q"}, &amqp.BasicConsume{Queue: "q"})
		p.publish(1, &amqp.BasicPublish{RoutingKey: "q"}, nil, []byte("a"))
		synctest.Wait()
		err := <-shutDown(t, s, time.Second)
		require.True(t, errors.Is(err, context.DeadlineExceeded))
		vhost, _ := s.broker.VHost("/")
		q, err := vhost.Queue("q", nil)
		require.NoError(t, err)
		require.Equal(t, 1, q.Counts().Ready)
		require.Zero(t, q.Counts().Unacked)
		require.Zero(t, q.Counts().Consumers)
	})
}
