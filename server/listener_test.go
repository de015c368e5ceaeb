package server_test

import (
	"net"
	"sync"
)

// listener hands out connections in memory, so that a test needs no network
// and can run in virtual time.
type listener struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func newListener() *listener {
	return &listener{conns: make(chan net.Conn), done: make(chan struct{})}
}

func (l *listener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.conns:
		return conn, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *listener) Close() error {
	l.once.Do(func() { close(l.done) })
	return nil
}

func (l *listener) Addr() net.Addr { return localAddr(5672) }

// dial is the client's end of a new connection. Nothing is buffered between
// the ends.
func (l *listener) dial() (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case l.conns <- loopback{Conn: server}:
		return client, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

// loopback says of a connection in memory that it comes from this machine.
type loopback struct{ net.Conn }

func (loopback) RemoteAddr() net.Addr { return localAddr(40000) }
func (loopback) LocalAddr() net.Addr  { return localAddr(5672) }

func localAddr(port int) net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port} }
