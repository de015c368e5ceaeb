package main

import (
	"errors"
	"fmt"
	"net"
	"net/url"

	"github.com/leveretmq/leveret/amqp"
)

// client is a connection with one open channel that speaks raw AMQP: what a
// client library does for each message would be measured otherwise.
type client struct {
	sock       net.Conn
	buf        []byte
	start, end int
}

// The client asks for no more than every broker grants.
const (
	clientChannels = 1
	clientFrameMax = 131072
	readBuffer     = 256 << 10
)

func dial(address string) (*client, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	sock, err := net.Dial("tcp", u.Host)
	if err != nil {
		return nil, err
	}
	c := &client{sock: sock, buf: make([]byte, readBuffer)}
	if err := c.handshake(u); err != nil {
		return nil, errors.Join(fmt.Errorf("handshake with %s: %w", u.Host, err), sock.Close())
	}
	return c, nil
}

func (c *client) handshake(u *url.URL) error {
	if _, err := c.sock.Write([]byte(amqp.ProtocolHeader)); err != nil {
		return err
	}
	if err := c.expect(amqp.IDConnectionStart); err != nil {
		return err
	}
	password, _ := u.User.Password()
	startOk := &amqp.ConnectionStartOk{Mechanism: "PLAIN", Response: "\x00" + u.User.Username() + "\x00" + password, Locale: "en_US"}
	if err := c.request(0, startOk, amqp.IDConnectionTune); err != nil {
		return err
	}
	tuneOk := &amqp.ConnectionTuneOk{ChannelMax: clientChannels, FrameMax: clientFrameMax}
	if _, err := c.sock.Write(amqp.AppendMethod(nil, 0, tuneOk)); err != nil {
		return err
	}
	if err := c.request(0, &amqp.ConnectionOpen{VirtualHost: "/"}, amqp.IDConnectionOpenOk); err != nil {
		return err
	}
	return c.request(1, &amqp.ChannelOpen{}, amqp.IDChannelOpenOk)
}

// request sends a method and waits for its answer.
func (c *client) request(channel uint16, m amqp.Method, answer amqp.MethodID) error {
	if _, err := c.sock.Write(amqp.AppendMethod(nil, channel, m)); err != nil {
		return err
	}
	return c.expect(answer)
}

// expect reads a method and refuses any other than the wanted one.
func (c *client) expect(want amqp.MethodID) error {
	f, err := c.frame()
	if err != nil {
		return err
	}
	m, err := amqp.DecodeMethod(f.Payload)
	if err != nil {
		return err
	}
	if m.ID() != want {
		return fmt.Errorf("the broker sent %s %+v instead of %s", m.ID(), m, want)
	}
	return nil
}

// frame returns the next frame; it is valid until the next call.
func (c *client) frame() (amqp.Frame, error) {
	for {
		f, n, err := amqp.ParseFrame(c.buf[c.start:c.end], 0)
		if err != nil {
			return f, err
		}
		if n > 0 {
			c.start += n
			return f, nil
		}
		c.end = copy(c.buf, c.buf[c.start:c.end])
		c.start = 0
		got, err := c.sock.Read(c.buf[c.end:])
		if err != nil {
			return f, err
		}
		c.end += got
	}
}

// declare makes a durable queue.
func (c *client) declare(queue string) error {
	return c.request(1, &amqp.QueueDeclare{Queue: queue, Durable: durableQueue}, amqp.IDQueueDeclareOk)
}

const durableQueue = true

// depth is how many messages of a queue are ready.
func (c *client) depth(queue string) (uint32, error) {
	if _, err := c.sock.Write(amqp.AppendMethod(nil, 1, &amqp.QueueDeclare{Queue: queue, Passive: true})); err != nil {
		return 0, err
	}
	f, err := c.frame()
	if err != nil {
		return 0, err
	}
	id, args := amqp.SplitMethod(f.Payload)
	if id != amqp.IDQueueDeclareOk {
		return 0, fmt.Errorf("the broker sent %s instead of the depth of %s", id, queue)
	}
	var ok amqp.QueueDeclareOk
	if err := ok.DecodeArguments(args); err != nil {
		return 0, err
	}
	return ok.MessageCount, nil
}

// drained says that everything that was read is used up.
func (c *client) drained() bool { return c.start == c.end }
