//go:build !windows

package main_test

import (
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

func TestSignalStopsCleanly(t *testing.T) {
	for _, signal := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		p := start(t, nil, "--amqp-listen", anyPort)
		connection, err := amqp091.Dial(connectURL(t, p.ready()))
		require.NoError(t, err)
		closed := connection.NotifyClose(make(chan *amqp091.Error, 1))

		require.NoError(t, p.command.Process.Signal(signal))
		reason := <-closed
		require.NotNil(t, reason)
		require.Equal(t, amqp091.ConnectionForced, reason.Code)
		status, _, stderr := p.wait()
		require.Zero(t, status, stderr)
	}
}

// muteConn is a socket that can stop to write, without anybody noticing.
type muteConn struct {
	net.Conn
	mute atomic.Bool
}

func (c *muteConn) Write(octets []byte) (int, error) {
	if c.mute.Load() {
		return len(octets), nil
	}
	return c.Conn.Write(octets)
}

func (c *muteConn) Close() error {
	if c.mute.Load() {
		return nil
	}
	return c.Conn.Close()
}

// The first signal is on its way for as long as a client does not answer the
// broker's connection.close.
func TestSecondSignalEndsAtOnce(t *testing.T) {
	p := start(t, nil, "--amqp-listen", anyPort)
	var sock *muteConn
	connection, err := amqp091.DialConfig(connectURL(t, p.ready()), amqp091.Config{
		Dial: func(network, address string) (net.Conn, error) {
			conn, err := net.Dial(network, address)
			sock = &muteConn{Conn: conn}
			return sock, err
		},
	})
	require.NoError(t, err)
	t.Cleanup(func() { sock.Conn.Close() })
	closed := connection.NotifyClose(make(chan *amqp091.Error, 1))
	sock.mute.Store(true)

	require.NoError(t, p.command.Process.Signal(syscall.SIGTERM))
	require.NotNil(t, <-closed)
	begun := time.Now()
	require.NoError(t, p.command.Process.Signal(syscall.SIGTERM))
	p.wait()
	require.Less(t, time.Since(begun), 5*time.Second, "it must not wait for the client")
	status, signaled := p.command.ProcessState.Sys().(syscall.WaitStatus)
	require.True(t, signaled)
	require.Equal(t, syscall.SIGTERM, status.Signal())
}
