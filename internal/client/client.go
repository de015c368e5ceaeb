package client

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/leveretmq/leveret/amqp"
)

// Client is a connection with open channels, numbered from 1.
type Client struct {
	sock       net.Conn
	buf        []byte
	start, end int
	frameMax   uint32
	server     string
}

// Options are what a connection is opened with. The zero value asks for one
// channel, no heartbeats and the frames that every broker grants.
type Options struct {
	Channels   uint16        // to open; 0 means 1
	ChannelMax uint16        // the highest number of a channel, for those that the caller opens later
	FrameMax   uint32        // octets; 0 means DefaultFrameMax
	Heartbeat  time.Duration // in whole seconds; 0 means none. The caller sends them
}

const (
	// DefaultFrameMax is the largest frame in octets that is asked for:
	// RabbitMQ's default.
	DefaultFrameMax = 131072

	// firstBuffer is the size in octets of the buffer of a new connection.
	// Thousands of idle ones have to be cheap.
	firstBuffer = 4 << 10
	// readBuffer is the size in octets up to which the buffer grows while
	// reads fill it, unless a frame needs more.
	readBuffer = 256 << 10
	// dialLimit is how long a broker may take to accept and to shake hands.
	dialLimit = 30 * time.Second
)

// Dial connects to an amqp URL and opens the channels.
func Dial(address string, o Options) (*Client, error) {
	a, err := parseAddress(address)
	if err != nil {
		return nil, err
	}
	sock, err := net.DialTimeout("tcp", a.host, dialLimit)
	if err != nil {
		return nil, err
	}
	c := &Client{sock: sock, buf: make([]byte, firstBuffer)}
	if err := c.open(a, o); err != nil {
		return nil, errors.Join(fmt.Errorf("handshake with %s: %w", a.host, err), sock.Close())
	}
	return c, nil
}

func (c *Client) open(a address, o Options) error {
	if err := c.sock.SetDeadline(time.Now().Add(dialLimit)); err != nil {
		return err
	}
	o.Channels = max(1, o.Channels)
	if o.FrameMax == 0 {
		o.FrameMax = DefaultFrameMax
	}
	if err := c.handshake(a, o); err != nil {
		return err
	}
	for n := range o.Channels {
		if err := c.Request(n+1, &amqp.ChannelOpen{}, amqp.IDChannelOpenOk); err != nil {
			return err
		}
	}
	return c.sock.SetDeadline(time.Time{})
}

func (c *Client) handshake(a address, o Options) error {
	if err := c.Write([]byte(amqp.ProtocolHeader)); err != nil {
		return err
	}
	var start amqp.ConnectionStart
	if err := c.answer(&start); err != nil {
		return err
	}
	c.server = describe(start.ServerProperties)
	startOk := &amqp.ConnectionStartOk{Mechanism: "PLAIN", Response: "\x00" + a.user + "\x00" + a.password, Locale: "en_US"}
	if err := c.Write(amqp.AppendMethod(nil, 0, startOk)); err != nil {
		return err
	}
	var tune amqp.ConnectionTune
	if err := c.answer(&tune); err != nil {
		return err
	}
	c.frameMax = o.FrameMax
	if tune.FrameMax != 0 {
		c.frameMax = min(c.frameMax, tune.FrameMax)
	}
	most := max(o.Channels, o.ChannelMax)
	if tune.ChannelMax != 0 && tune.ChannelMax < most {
		return fmt.Errorf("the broker allows %d channels a connection, not %d", tune.ChannelMax, most)
	}
	tuneOk := &amqp.ConnectionTuneOk{ChannelMax: most, FrameMax: c.frameMax, Heartbeat: uint16(o.Heartbeat / time.Second)}
	if err := c.Write(amqp.AppendMethod(nil, 0, tuneOk)); err != nil {
		return err
	}
	return c.Request(0, &amqp.ConnectionOpen{VirtualHost: a.virtualHost}, amqp.IDConnectionOpenOk)
}

// FrameMax is the negotiated size in octets of a frame.
func (c *Client) FrameMax() uint32 { return c.frameMax }

// Server is the broker's name and version, as it introduces itself.
func (c *Client) Server() string { return c.server }

// describe is the product and the version among the properties of a broker.
func describe(properties amqp.Table) string {
	var product, version string
	for _, field := range properties {
		switch text, _ := field.Value.(string); field.Key {
		case "product":
			product = text
		case "version":
			version = text
		}
	}
	return strings.TrimSpace(product + " " + version)
}

// Write sends octets, which are complete frames.
func (c *Client) Write(octets []byte) error {
	_, err := c.sock.Write(octets)
	return err
}

// Close closes the socket. Reads and writes that wait return net.ErrClosed.
func (c *Client) Close() error { return c.sock.Close() }

// StopWriting makes a write that waits for the broker return at once, with
// os.ErrDeadlineExceeded, as do all later ones until ResumeWriting.
func (c *Client) StopWriting() error { return c.sock.SetWriteDeadline(time.Unix(1, 0)) }

// ResumeWriting ends StopWriting: from then on a write may take the limit.
func (c *Client) ResumeWriting(limit time.Duration) error {
	return c.sock.SetWriteDeadline(time.Now().Add(limit))
}

// Request sends a method and waits for its answer. Any other method is an
// error, which names what a close says.
func (c *Client) Request(channel uint16, m amqp.Method, answer amqp.MethodID) error {
	if err := c.Write(amqp.AppendMethod(nil, channel, m)); err != nil {
		return err
	}
	return c.expect(answer)
}

// Ask sends a method and decodes its answer into the struct of that method.
func (c *Client) Ask(channel uint16, m, answer amqp.Method) error {
	if err := c.Write(amqp.AppendMethod(nil, channel, m)); err != nil {
		return err
	}
	return c.answer(answer)
}

func (c *Client) answer(m amqp.Method) error {
	f, err := c.Frame()
	if err != nil {
		return err
	}
	id, args := amqp.SplitMethod(f.Payload)
	if f.Type != amqp.FrameMethod || id != m.ID() {
		return Unexpected(f, m.ID())
	}
	return m.DecodeArguments(args)
}

// expect reads a method and refuses any other than the wanted one.
func (c *Client) expect(want amqp.MethodID) error {
	f, err := c.Frame()
	if err != nil {
		return err
	}
	if id, _ := amqp.SplitMethod(f.Payload); f.Type != amqp.FrameMethod || id != want {
		return Unexpected(f, want)
	}
	return nil
}

// Unexpected is the error for a frame that came instead of a method.
func Unexpected(f amqp.Frame, want amqp.MethodID) error {
	if f.Type != amqp.FrameMethod {
		return fmt.Errorf("the broker sent a frame of type %d instead of %s", f.Type, want)
	}
	m, err := amqp.DecodeMethod(f.Payload)
	if err != nil {
		return err
	}
	switch m := m.(type) {
	case *amqp.ConnectionClose:
		return fmt.Errorf("the broker closed the connection instead of %s: %d %s", want, m.ReplyCode, m.ReplyText)
	case *amqp.ChannelClose:
		return fmt.Errorf("the broker closed the channel instead of %s: %d %s", want, m.ReplyCode, m.ReplyText)
	}
	return fmt.Errorf("the broker sent %s %+v instead of %s", m.ID(), m, want)
}

// Frame returns the next frame; it is valid until the next call. Heartbeats are
// passed over.
func (c *Client) Frame() (amqp.Frame, error) {
	for {
		f, ok, err := c.Next()
		if err != nil || ok && f.Type != amqp.FrameHeartbeat {
			return f, err
		}
		if ok {
			continue
		}
		if err := c.Fill(); err != nil {
			return f, err
		}
	}
}

// Next returns the next frame of what has been read, heartbeats included, or
// false if there is no complete one. The frame is valid until the next Fill.
func (c *Client) Next() (amqp.Frame, bool, error) {
	f, n, err := amqp.ParseFrame(c.buf[c.start:c.end], 0)
	c.start += n
	return f, n > 0, err
}

// Fill waits for octets and reads them.
func (c *Client) Fill() error {
	unread := c.end - c.start
	if c.end == len(c.buf) && unread > len(c.buf)/2 || c.end == len(c.buf) && len(c.buf) < readBuffer {
		grown := make([]byte, 2*len(c.buf))
		copy(grown, c.buf[c.start:c.end])
		c.buf = grown
	} else {
		copy(c.buf, c.buf[c.start:c.end])
	}
	c.start, c.end = 0, unread
	got, err := c.sock.Read(c.buf[c.end:])
	c.end += got
	return err
}

// Drained says that everything that was read is used up.
func (c *Client) Drained() bool { return c.start == c.end }
