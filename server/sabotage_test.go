package server_test

import (
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/server"
)

// sabotaged is a socket of the server that misbehaves.
type sabotaged struct {
	net.Conn
	write func(sock net.Conn, octets []byte) (int, error) // nil for what is usual
	// interrupted is called when the deadline for reading is set to now.
	interrupted func()
}

func (s sabotaged) Write(octets []byte) (int, error) {
	if s.write == nil {
		return s.Conn.Write(octets)
	}
	return s.write(s.Conn, octets)
}

func (s sabotaged) SetReadDeadline(deadline time.Time) error {
	if s.interrupted != nil && !deadline.IsZero() && !deadline.After(time.Now()) {
		s.interrupted()
	}
	return s.Conn.SetReadDeadline(deadline)
}

// dialSabotaged is dial with a server's end that misbehaves.
func (l *listener) dialSabotaged(s sabotaged) net.Conn {
	client, server := net.Pipe()
	s.Conn = loopback{Conn: server}
	l.conns <- s
	return client
}

// The socket may fail while the handshake is still being worked off.
func TestSabotage_WriteFailsDuringTheHandshake(t *testing.T) {
	for range 20 {
		synctest.Test(t, func(t *testing.T) {
			l := newListener()
			serve(t, l, newVolatile(), server.Options{})
			sock := l.dialSabotaged(sabotaged{write: func(net.Conn, []byte) (int, error) { return 0, net.ErrClosed }})
			var octets []byte
			octets = append(octets, amqp.ProtocolHeader...)
			octets = amqp.AppendMethod(octets, 0, &amqp.ConnectionStartOk{Mechanism: "PLAIN", Response: "\x00guest\x00guest"})
			octets = amqp.AppendMethod(octets, 0, &amqp.ConnectionTuneOk{ChannelMax: 1, FrameMax: defaultFrameMax})
			octets = amqp.AppendMethod(octets, 0, &amqp.ConnectionOpen{VirtualHost: "/"})
			_, err := sock.Write(octets)
			require.NoError(t, err)
			synctest.Wait()
			_, err = sock.Read(make([]byte, 1))
			require.Error(t, err)
		})
	}
}
