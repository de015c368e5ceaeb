package server_test

import (
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/server"
)

// patience is how long a test over sockets waits for what has to come.
const patience = 20 * time.Second

// network is a service on a port of this machine.
type network struct {
	*service
	address string
}

func listenTCP(t testing.TB, o server.Options) *network {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	return &network{service: serve(t, l, durable(t), o), address: l.Addr().String()}
}

// socket is a client over a socket that waits for its answers. It fails the
// test by Errorf alone, so that any goroutine may use it.
type socket struct {
	t    testing.TB
	conn *net.TCPConn
	in   []byte
	room [16 << 10]byte
}

// connect is a socket without a handshake. The test has to hang up, or to wait
// for the end.
func (n *network) connect(t testing.TB) *socket {
	conn, err := net.DialTimeout("tcp", n.address, patience)
	require.NoError(t, err)
	return &socket{t: t, conn: conn.(*net.TCPConn)}
}

// dial is a socket with an open connection and channel 1.
func (n *network) dial(t testing.TB) *socket {
	s := n.connect(t)
	s.write([]byte(amqp.ProtocolHeader))
	s.expect(amqp.IDConnectionStart)
	s.request(0, &amqp.ConnectionStartOk{
		ClientProperties: clientProperties(), Mechanism: "PLAIN", Response: "\x00guest\x00guest",
	}, amqp.IDConnectionTune)
	s.send(0, &amqp.ConnectionTuneOk{ChannelMax: 2047, FrameMax: defaultFrameMax})
	s.request(0, &amqp.ConnectionOpen{VirtualHost: "/"}, amqp.IDConnectionOpenOk)
	s.request(1, &amqp.ChannelOpen{}, amqp.IDChannelOpenOk)
	return s
}

func (s *socket) write(octets []byte) {
	_ = s.conn.SetWriteDeadline(time.Now().Add(patience)) // fails only if the write does
	if _, err := s.conn.Write(octets); err != nil {
		s.t.Errorf("writing to the server: %v", err)
	}
}

func (s *socket) send(channel uint16, m amqp.Method) { s.write(amqp.AppendMethod(nil, channel, m)) }

// request sends a method and waits for its answer.
func (s *socket) request(channel uint16, m amqp.Method, answer amqp.MethodID) {
	s.send(channel, m)
	s.expect(answer)
}

// expect reads up to a method with the id.
func (s *socket) expect(id amqp.MethodID) {
	for {
		f, ok := s.next()
		if !ok {
			s.t.Errorf("the connection ended, but %s had to come", id)
			return
		}
		if got, _ := amqp.SplitMethod(f.Payload); f.Type == amqp.FrameMethod && got == id {
			return
		}
	}
}

// hangUp closes the socket. It can be called twice.
func (s *socket) hangUp() { _ = s.conn.Close() }

// reset ends the connection without the TCP way of saying so.
func (s *socket) reset() {
	_ = s.conn.SetLinger(0)
	s.hangUp()
}

// expectEnd reads until the server closes the socket.
func (s *socket) expectEnd() {
	defer s.hangUp()
	for {
		if _, ok := s.next(); !ok {
			return
		}
	}
}

// next is the next frame, valid until the call after; false means that the
// socket has ended.
func (s *socket) next() (amqp.Frame, bool) {
	for {
		f, n, err := amqp.ParseFrame(s.in, 0)
		if err != nil {
			s.t.Errorf("the server has sent what is no frame: %v", err)
			return amqp.Frame{}, false
		}
		if n > 0 {
			s.in = s.in[n:]
			return f, true
		}
		_ = s.conn.SetReadDeadline(time.Now().Add(patience)) // fails only if the read does
		read, err := s.conn.Read(s.room[:])
		if err != nil {
			return amqp.Frame{}, false
		}
		s.in = append(append([]byte(nil), s.in...), s.room[:read]...)
	}
}
