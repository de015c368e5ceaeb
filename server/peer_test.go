package server_test

import (
	"fmt"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
)

// defaultFrameMax is what clients of tests agree to, in octets.
const defaultFrameMax = 131072

// peer is the client's end of a connection in memory, within a bubble of
// virtual time. It sends octets and collects what comes back; neither ever
// waits for the server.
type peer struct {
	t    testing.TB
	sock net.Conn
	out  chan []byte
	next []byte // to be sent
	quit func()
	gone chan struct{} // closed by quit

	mu    sync.Mutex
	in    []byte        // guarded by mu
	eof   bool          // guarded by mu
	muted bool          // guarded by mu
	pause time.Duration // guarded by mu; between reads
	speak sync.Cond
}

func connect(t testing.TB, l *listener) *peer {
	sock, err := l.dial()
	require.NoError(t, err)
	return newPeer(t, sock)
}

func newPeer(t testing.TB, sock net.Conn) *peer {
	p := &peer{t: t, sock: sock, out: make(chan []byte, 1024), gone: make(chan struct{})}
	p.speak.L = &p.mu
	p.quit = sync.OnceFunc(func() {
		close(p.out)
		close(p.gone)
		p.sock.Close()
		p.mute(false)
	})
	go p.sending()
	go p.receiving()
	t.Cleanup(p.hangUp)
	return p
}

func (p *peer) sending() {
	for octets := range p.out {
		if _, err := p.sock.Write(octets); err != nil {
			continue // the server has closed the socket, which receiving shows
		}
	}
}

func (p *peer) receiving() {
	buf := make([]byte, 64<<10)
	for {
		p.mu.Lock()
		for p.muted {
			p.speak.Wait()
		}
		p.mu.Unlock()
		n, err := p.sock.Read(buf)
		p.mu.Lock()
		pause := p.pause
		p.in = append(p.in, buf[:n]...)
		p.eof = err != nil
		p.mu.Unlock()
		if err != nil {
			return
		}
		if pause > 0 {
			select {
			case <-time.After(pause):
			case <-p.gone:
			}
		}
	}
}

// slowDown makes a pause after each read of up to 64 KiB.
func (p *peer) slowDown(pause time.Duration) {
	p.mu.Lock()
	p.pause = pause
	p.mu.Unlock()
}

// mute stops to read the server, apart from one read that may be under way, or
// reads again.
func (p *peer) mute(muted bool) {
	p.mu.Lock()
	p.muted = muted
	p.speak.Broadcast()
	p.mu.Unlock()
}

// queue adds to what flush sends in one go.
func (p *peer) queue(octets []byte) { p.next = append(p.next, octets...) }

func (p *peer) flush() {
	if len(p.next) > 0 {
		p.out <- p.next
		p.next = nil
	}
}

// send sends a method.
func (p *peer) send(channel uint16, methods ...amqp.Method) {
	for _, m := range methods {
		p.queue(amqp.AppendMethod(nil, channel, m))
	}
	p.flush()
}

// publish sends a message.
func (p *peer) publish(channel uint16, m *amqp.BasicPublish, properties amqp.Properties, body []byte) {
	p.queue(amqp.AppendContent(nil, channel, m, properties, body, defaultFrameMax))
	p.flush()
}

// hangUp closes the socket. It can be called twice.
func (p *peer) hangUp() { p.quit() }

// ended says that the server has closed the socket.
func (p *peer) ended() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.eof
}

// frames takes the frames that have come in, and leaves the start of one that
// is not complete.
func (p *peer) frames() []amqp.Frame {
	p.mu.Lock()
	defer p.mu.Unlock()
	var list []amqp.Frame
	for {
		f, n, err := amqp.ParseFrame(p.in, 0)
		require.NoError(p.t, err)
		if n == 0 {
			return list
		}
		list = append(list, f)
		p.in = p.in[n:]
	}
}

// heard takes what has come in, as sentences behind their channel.
func (p *peer) heard() []string {
	var list []string
	if header := p.protocolHeader(); header != "" {
		list = append(list, fmt.Sprintf("octets %q", header))
	}
	sentences := understood(p.t, p.frames())
	for i, s := range sentences {
		if i+1 < len(sentences) && sentences[i+1].joins(s) {
			continue
		}
		list = append(list, fmt.Sprintf("%d %s", s.channel, s))
	}
	return list
}

func (p *peer) protocolHeader() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.in) < len(amqp.ProtocolHeader) || p.in[0] != 'A' {
		return ""
	}
	header := string(p.in[:len(amqp.ProtocolHeader)])
	p.in = p.in[len(header):]
	return header
}

// handshakeStep is a place to stop in a handshake.
type handshakeStep int

const (
	greeted  handshakeStep = iota // connection.start has come
	loggedIn                      // connection.tune has come
	tuned                         // connection.tune-ok was sent
	opened                        // the connection is open, and channel 1 too
)

// handshake goes as far as the given step, and takes the answers.
func (p *peer) handshake(last handshakeStep) {
	expected := 1
	p.queue([]byte(amqp.ProtocolHeader))
	if last >= loggedIn {
		expected++
		p.send(0, &amqp.ConnectionStartOk{
			ClientProperties: clientProperties(), Mechanism: "PLAIN", Response: "\x00guest\x00guest", Locale: "en_US",
		})
	}
	if last >= tuned {
		p.send(0, &amqp.ConnectionTuneOk{ChannelMax: 2047, FrameMax: defaultFrameMax})
	}
	if last >= opened {
		expected += 2
		p.send(0, &amqp.ConnectionOpen{VirtualHost: "/"})
		p.send(1, &amqp.ChannelOpen{})
	}
	p.flush()
	synctest.Wait()
	require.Len(p.t, p.frames(), expected)
}

// clientProperties are those of a client that can do everything.
func clientProperties() amqp.Table {
	return amqp.Table{{Key: "capabilities", Value: amqp.Table{
		{Key: "authentication_failure_close", Value: true},
		{Key: "connection.blocked", Value: true},
		{Key: "consumer_cancel_notify", Value: true},
	}}}
}
