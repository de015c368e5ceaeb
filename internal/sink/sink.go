package sink

import (
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"

	"github.com/leveretmq/leveret/amqp"
)

// Kind is what becomes of published messages.
type Kind int

// The kinds of servers.
const (
	Discard Kind = iota + 1
	Relay
)

const (
	// readBuffer is the size in octets of what one read may bring, and what a
	// frame may have.
	readBuffer = 256 << 10
	frameMax   = 131072
	channelMax = 2047
)

// server is what the connections of one listener share.
type server struct {
	kind     Kind
	consumer atomic.Pointer[net.Conn] // that began to consume last
}

// Serve accepts connections until the listener is closed, and then closes those
// that are left and returns. The error is that of the listener, nil if it was
// closed.
func Serve(listener net.Listener, kind Kind) error {
	s := &server{kind: kind}
	var mu sync.Mutex
	open := map[net.Conn]bool{} // guarded by mu
	var all sync.WaitGroup
	for {
		sock, err := listener.Accept()
		if err != nil {
			mu.Lock()
			for sock := range open {
				_ = sock.Close() // it may be closed already
			}
			mu.Unlock()
			all.Wait()
			if errors.Is(err, net.ErrClosed) {
				return nil
			}
			return err
		}
		mu.Lock()
		open[sock] = true
		mu.Unlock()
		all.Go(func() {
			c := &connection{server: s, sock: sock}
			// Whatever a connection ends by, the others go on.
			_ = c.serve()
			_ = sock.Close()
			mu.Lock()
			delete(open, sock)
			mu.Unlock()
		})
	}
}

// connection is one client.
type connection struct {
	server   *server
	sock     net.Conn
	out      []byte
	declared int

	confirming bool
	published  uint64 // with confirms
	confirmed  uint64
}

func (c *connection) serve() error {
	if _, err := io.ReadFull(c.sock, make([]byte, len(amqp.ProtocolHeader))); err != nil {
		return err
	}
	start := &amqp.ConnectionStart{VersionMinor: 9, Mechanisms: "PLAIN", Locales: "en_US"}
	if _, err := c.sock.Write(amqp.AppendMethod(nil, 0, start)); err != nil {
		return err
	}
	buf := make([]byte, readBuffer)
	end := 0
	for {
		n, err := c.sock.Read(buf[end:])
		if err != nil {
			return err
		}
		end += n
		used, err := c.take(buf[:end])
		if err != nil {
			return err
		}
		end = copy(buf, buf[used:end])
	}
}

// take handles all whole frames and returns how many octets they have.
func (c *connection) take(octets []byte) (used int, err error) {
	content := -1 // where the frames of messages begin that are not relayed yet
	for {
		f, n, err := amqp.ParseFrame(octets[used:], 0)
		if err != nil {
			return used, err
		}
		if n == 0 {
			break
		}
		if c.ofMessage(f) {
			if content < 0 {
				content = used
			}
		} else {
			if err := c.relay(octets, content, used); err != nil {
				return used, err
			}
			content = -1
			if err := c.answer(f); err != nil {
				return used, err
			}
		}
		used += n
	}
	if err := c.relay(octets, content, used); err != nil {
		return used, err
	}
	return used, c.flush()
}

// ofMessage says whether the frame is a part of a published message.
func (c *connection) ofMessage(f amqp.Frame) bool {
	if f.Type != amqp.FrameMethod {
		return f.Type != amqp.FrameHeartbeat
	}
	id, _ := amqp.SplitMethod(f.Payload)
	if id != amqp.IDBasicPublish {
		return false
	}
	c.published++
	return true
}

// relay sends on the frames of messages.
func (c *connection) relay(octets []byte, from, to int) error {
	consumer := c.server.consumer.Load()
	if c.server.kind == Discard || from < 0 || consumer == nil {
		return nil
	}
	_, err := (*consumer).Write(octets[from:to])
	return err
}

// flush sends answers, and confirms what has come.
func (c *connection) flush() error {
	if c.confirming && c.published > c.confirmed {
		c.confirmed = c.published
		c.out = amqp.AppendAck(c.out, 1, amqp.BasicAck{DeliveryTag: c.confirmed, Multiple: true})
	}
	if len(c.out) == 0 {
		return nil
	}
	_, err := c.sock.Write(c.out)
	c.out = c.out[:0]
	return err
}
