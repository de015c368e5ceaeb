package server_test

import (
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/server"
)

// connectionGoroutines are the stacks of all goroutines that work for a
// connection.
func connectionGoroutines() []string {
	buf := make([]byte, 1<<20)
	for {
		n := runtime.Stack(buf, true)
		if n < len(buf) {
			buf = buf[:n]
			break
		}
		buf = make([]byte, 2*len(buf))
	}
	var found []string
	for stack := range strings.SplitSeq(string(buf), "\n\n") {
		for _, of := range []string{"server.(*connection)", "server.(*channel)", "server.(*heart)"} {
			if strings.Contains(stack, of) {
				found = append(found, stack)
				break
			}
		}
	}
	return found
}

// requireNoGoroutines waits until nothing works for a connection any more.
func requireNoGoroutines(t testing.TB) {
	t.Helper()
	gone := func() bool { return len(connectionGoroutines()) == 0 }
	if !waitFor(gone) {
		t.Fatalf("goroutines outlive their connections:\n%s", strings.Join(connectionGoroutines(), "\n\n"))
	}
}

// waitFor waits for a condition that nobody signals.
func waitFor(condition func() bool) bool {
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	often := time.NewTicker(time.Millisecond)
	defer often.Stop()
	for !condition() {
		select {
		case <-often.C:
		case <-deadline.C:
			return condition()
		}
	}
	return true
}

// descriptors is how many files and sockets the process has open; zero where
// nobody can tell.
func descriptors(t testing.TB) int {
	t.Helper()
	if runtime.GOOS != "linux" {
		return 0
	}
	list, err := os.ReadDir("/proc/self/fd")
	require.NoError(t, err)
	return len(list)
}

// busy consumes and publishes with heartbeats, so that all that a connection
// may have is there.
func (s *socket) busy() {
	s.request(1, &amqp.QueueDeclare{Queue: "shared"}, amqp.IDQueueDeclareOk)
	s.request(1, &amqp.QueueDeclare{Exclusive: true}, amqp.IDQueueDeclareOk)
	s.request(1, &amqp.BasicConsume{}, amqp.IDBasicConsumeOk)
	s.request(1, &amqp.BasicConsume{Queue: "shared"}, amqp.IDBasicConsumeOk)
	s.request(1, &amqp.ConfirmSelect{}, amqp.IDConfirmSelectOk)
	s.write(amqp.AppendContent(nil, 1, &amqp.BasicPublish{RoutingKey: "shared"}, nil, []byte("x"), 0))
	s.expect(amqp.IDBasicDeliver)
}

// endings are all ways in which a connection may end.
func endings() map[string]func(t *testing.T, n *network) {
	publish := amqp.AppendContent(nil, 1, &amqp.BasicPublish{RoutingKey: "shared"}, nil, make([]byte, 100), 0)
	wrongLogin := &amqp.ConnectionStartOk{
		ClientProperties: clientProperties(), Mechanism: "PLAIN", Response: "\x00guest\x00wrong",
	}
	return map[string]func(t *testing.T, n *network){
		"never said a word": func(t *testing.T, n *network) { n.connect(t).hangUp() },
		"half a header":     func(t *testing.T, n *network) { s := n.connect(t); s.write([]byte("AMQP")); s.hangUp() },
		"another header": func(t *testing.T, n *network) {
			s := n.connect(t)
			s.write([]byte("GET / HTTP/1.1\r\n\r\n"))
			s.expectEnd()
		},
		"reset in handshake": func(t *testing.T, n *network) { s := n.connect(t); s.write([]byte(amqp.ProtocolHeader)); s.reset() },
		"wrong password": func(t *testing.T, n *network) {
			s := n.connect(t)
			s.write([]byte(amqp.ProtocolHeader))
			s.expect(amqp.IDConnectionStart)
			s.request(0, wrongLogin, amqp.IDConnectionClose)
			s.expectEnd()
		},
		"wrong password, hung up": func(t *testing.T, n *network) {
			s := n.connect(t)
			s.write([]byte(amqp.ProtocolHeader))
			s.expect(amqp.IDConnectionStart)
			s.request(0, wrongLogin, amqp.IDConnectionClose)
			s.hangUp()
		},
		"clean close": func(t *testing.T, n *network) {
			s := n.dial(t)
			s.busy()
			s.request(0, &amqp.ConnectionClose{}, amqp.IDConnectionCloseOk)
			s.expectEnd()
		},
		"hung up": func(t *testing.T, n *network) { s := n.dial(t); s.busy(); s.hangUp() },
		"hung up in a frame": func(t *testing.T, n *network) {
			s := n.dial(t)
			s.busy()
			s.write(publish[:len(publish)-3])
			s.hangUp()
		},
		"reset":            func(t *testing.T, n *network) { s := n.dial(t); s.busy(); s.reset() },
		"reset in a frame": func(t *testing.T, n *network) { s := n.dial(t); s.busy(); s.write(publish[:9]); s.reset() },
		"channel error": func(t *testing.T, n *network) {
			s := n.dial(t)
			s.busy()
			s.request(1, &amqp.BasicAck{DeliveryTag: 99}, amqp.IDChannelClose)
			s.hangUp()
		},
		"protocol error": func(t *testing.T, n *network) {
			s := n.dial(t)
			s.busy()
			s.request(1, &amqp.ChannelOpen{}, amqp.IDConnectionClose)
			s.expectEnd() // the answer that never comes is not waited for long
		},
		"frame error": func(t *testing.T, n *network) {
			s := n.dial(t)
			s.busy()
			s.write([]byte("this is no frame"))
			s.expect(amqp.IDConnectionClose)
			s.expectEnd()
		},
		"hung up without reading": func(t *testing.T, n *network) { s := n.dial(t); s.busy(); s.ignore(n); s.hangUp() },
		"reset without reading":   func(t *testing.T, n *network) { s := n.dial(t); s.busy(); s.ignore(n); s.reset() },
	}
}

// TestLeak_Goroutines ends connections in every way, and nothing is left of
// them.
func TestLeak_Goroutines(t *testing.T) {
	n := listenTCP(t, server.Options{RefusalDelay: 20 * time.Millisecond, CloseTimeout: 20 * time.Millisecond})
	for name, end := range endings() {
		t.Run(name, func(t *testing.T) {
			end(t, n)
			endings()["clean close"](t, n) // the one before has been accepted then, too
			requireNoGoroutines(t)
			require.True(t, waitFor(func() bool { return n.server.Open() == 0 }))
		})
	}
}

// ignore lets messages come until the server's writer waits, and reads none.
func (s *socket) ignore(n *network) {
	q := n.find(s.t, "shared")
	s.write(amqp.AppendMethod(nil, 1, &amqp.BasicAck{Multiple: true}))
	for q.Counts().Ready < 32 {
		s.write(amqp.AppendContent(nil, 1, &amqp.BasicPublish{RoutingKey: "shared"}, nil, make([]byte, 128<<10), 0))
	}
}

// TestLeak_ThousandConnections opens and closes connections, and everything is
// where it was.
func TestLeak_ThousandConnections(t *testing.T) {
	const connections, atOnce = 1000, 50
	n := listenTCP(t, server.Options{})
	round := func(count int) {
		var clients sync.WaitGroup
		for i := range atOnce {
			clients.Go(func() {
				for j := range count / atOnce {
					s := n.dial(t)
					s.busy()
					switch (i + j) % 3 {
					case 0:
						s.request(0, &amqp.ConnectionClose{}, amqp.IDConnectionCloseOk)
					case 1:
						s.reset()
					}
					s.hangUp()
				}
			})
		}
		clients.Wait()
		requireNoGoroutines(t)
		n.find(t, "shared").Purge(nil)
	}
	round(2 * atOnce) // whatever grows once has grown
	files, memory, goroutines := descriptors(t), heap(), runtime.NumGoroutine()
	round(connections)
	require.True(t, waitFor(func() bool { return descriptors(t) <= files }),
		"descriptors: %d, were %d", descriptors(t), files)
	require.True(t, waitFor(func() bool { return runtime.NumGoroutine() <= goroutines }),
		"goroutines: %d, were %d", runtime.NumGoroutine(), goroutines)
	requireHeap(t, memory, mebibyte)
}
