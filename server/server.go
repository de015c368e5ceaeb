package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/leveretmq/leveret/message"
)

// Server accepts connections for a broker. Its methods are safe for concurrent
// use.
type Server struct {
	Options
	messages *message.Pool // of those that have been delivered
	measures measures

	numbers atomic.Uint64 // of connections
	// passagesUntil is when channels no longer tell passages apart, in milliseconds
	// since 1970.
	passagesUntil atomic.Int64
	stopping      chan struct{} // closed when Shutdown begins
	running       sync.WaitGroup

	mu          sync.Mutex
	stopped     bool                      // guarded by mu
	suspended   bool                      // guarded by mu; nobody is let in
	listeners   map[net.Listener]struct{} // guarded by mu
	connections map[*connection]struct{}  // guarded by mu
	open        registry                  // guarded by mu
	bygone      bygone                    // guarded by mu
}

// New makes a server; Serve starts it.
func New(o Options) *Server {
	return &Server{
		Options:     o.withDefaults(),
		messages:    message.NewPool(),
		measures:    newMeasures(),
		stopping:    make(chan struct{}),
		listeners:   make(map[net.Listener]struct{}),
		connections: make(map[*connection]struct{}),
		open:        newRegistry(),
	}
}

// ErrServerClosed is what Serve returns after Shutdown.
var ErrServerClosed = errors.New("the server is shut down")

// The pauses between tries to accept while the system has no resources left,
// such as file descriptors.
const (
	acceptPauseMin = 5 * time.Millisecond
	acceptPauseMax = time.Second
)

// Serve accepts connections until Shutdown, then returns ErrServerClosed. It
// takes over the listener. Each connection gets its own goroutines.
func (s *Server) Serve(l net.Listener) error {
	if !s.track(l) {
		return errors.Join(ErrServerClosed, l.Close())
	}
	pause := acceptPauseMin
	for {
		sock, err := l.Accept()
		if err == nil {
			pause = acceptPauseMin
			s.start(sock)
			continue
		}
		if s.isStopping() {
			return ErrServerClosed
		}
		if errors.Is(err, net.ErrClosed) {
			return fmt.Errorf("accepting on %s: %w", l.Addr(), err)
		}
		s.Logger.Error("cannot accept a connection", "listener", l.Addr().String(), "error", err)
		select {
		case <-time.After(pause):
			pause = min(2*pause, acceptPauseMax)
		case <-s.stopping:
			return ErrServerClosed
		}
	}
}

func (s *Server) track(l net.Listener) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return false
	}
	s.listeners[l] = struct{}{}
	return true
}

// Suspend has new connections closed before a word is said, until it is taken back by
// false. Those that there are stay.
func (s *Server) Suspend(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.suspended = on
}

// Suspended says whether nobody is let in.
func (s *Server) Suspended() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.suspended
}

// start gives a socket its connection. One that comes too late is closed.
func (s *Server) start(sock net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped || s.suspended {
		s.close(sock)
		return
	}
	c := newConnection(s, sock)
	s.connections[c] = struct{}{}
	s.running.Add(1)
	go c.serve()
}

// close closes a socket or a listener. That it cannot be closed better is
// nothing that anybody could act on.
func (s *Server) close(what io.Closer) {
	if err := what.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		s.Logger.Debug("closing a socket", "error", err)
	}
}

func (s *Server) forget(c *connection) {
	s.Broker.ConnectionClosed() // even if it never was open (RabbitMQ behaviour)
	c.tellClosed()
	s.mu.Lock()
	delete(s.connections, c)
	s.bygone.retire(c)
	s.dismiss(c)
	s.mu.Unlock()
	s.running.Done()
}

// Open is the number of connections, those that are not logged in yet included.
func (s *Server) Open() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.connections)
}

func (s *Server) isStopping() bool {
	select {
	case <-s.stopping:
		return true
	default:
		return false
	}
}

// shutdownReason is what clients are told when the broker stops (RabbitMQ's words).
const shutdownReason = "broker forced connection closure with reason 'shutdown'"

// Shutdown closes the listeners, tells each client that the broker stops (320
// CONNECTION_FORCED), and returns when all connections have ended. When the
// context ends first, the rest is cut off, and the context's error returned.
func (s *Server) Shutdown(ctx context.Context) error {
	for _, c := range s.beginShutdown() {
		c.interrupt(shutdownReason)
	}
	done := make(chan struct{})
	go func() {
		s.running.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
	}
	s.mu.Lock()
	for c := range s.connections {
		s.close(c.sock)
	}
	s.mu.Unlock()
	<-done
	return ctx.Err()
}

func (s *Server) beginShutdown() []*connection {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.stopped {
		s.stopped = true
		close(s.stopping)
	}
	for l := range s.listeners {
		s.close(l)
	}
	open := make([]*connection, 0, len(s.connections))
	for c := range s.connections {
		open = append(open, c)
	}
	return open
}
