package conformance

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// rawPatience bounds the wait for one frame: RabbitMQ pauses three seconds before it
// drops a connection.
const rawPatience = 8 * time.Second

// handshakeTimeout bounds the wait for the end of a connection that never got to run:
// ten seconds by default, and what a busy machine adds.
const handshakeTimeout = 15 * time.Second

// Frame types and the octet that ends each frame.
const (
	methodFrame    = 1
	headerFrame    = 2
	bodyFrame      = 3
	heartbeatFrame = 8
	frameEnd       = 0xCE
)

// protocolHeader opens every 0-9-1 connection.
const protocolHeader = "AMQP\x00\x00\x09\x01"

// rawClient speaks AMQP octet by octet, for what a client library refuses to send.
// It belongs to one test and one goroutine; what goes wrong ends the test.
type rawClient struct {
	t              *testing.T
	conn           net.Conn
	r              *bufio.Reader
	user, password string
	vhost          string
}

type rawFrame struct {
	kind    byte
	channel uint16
	payload []byte
}

func (f rawFrame) String() string {
	if class, method, ok := f.methodID(); ok {
		return fmt.Sprintf("method %d.%d on channel %d, arguments %q", class, method, f.channel, f.payload[4:])
	}
	return fmt.Sprintf("frame of type %d on channel %d, payload %q", f.kind, f.channel, f.payload)
}

func (f rawFrame) methodID() (class, method uint16, ok bool) {
	if f.kind != methodFrame || len(f.payload) < 4 {
		return 0, 0, false
	}
	return binary.BigEndian.Uint16(f.payload), binary.BigEndian.Uint16(f.payload[2:]), true
}

// rawDial opens the TCP connection and sends nothing yet.
func rawDial(t *testing.T) *rawClient {
	t.Helper()
	address, user, password, vhost := suite.credentials(t)
	conn, err := net.DialTimeout("tcp", address, patience)
	require.NoError(t, err, "dial")
	t.Cleanup(func() { conn.Close() })
	return &rawClient{t: t, conn: conn, r: bufio.NewReader(conn), user: user, password: password, vhost: vhost}
}

// rawOpen is a raw client after the whole handshake.
func rawOpen(t *testing.T) *rawClient {
	t.Helper()
	c := rawDial(t)
	c.handshake()
	return c
}

func (c *rawClient) send(octets []byte) {
	c.t.Helper()
	_, err := c.conn.Write(octets)
	require.NoError(c.t, err, "write")
}

// trySend is send where the broker may have hung up already.
func (c *rawClient) trySend(octets []byte) {
	c.t.Helper()
	if _, err := c.conn.Write(octets); err != nil && !isHangUp(err) {
		require.NoError(c.t, err, "write")
	}
}

// encodeFrame is a complete frame.
func encodeFrame(kind byte, channel uint16, payload []byte) []byte {
	b := append([]byte{kind}, u16(channel)...)
	b = append(b, u32(uint32(len(payload)))...)
	b = append(b, payload...)
	return append(b, frameEnd)
}

// encodeMethod is a complete method frame; args are encoded arguments.
func encodeMethod(channel, class, method uint16, args ...[]byte) []byte {
	return encodeFrame(methodFrame, channel, join(append([][]byte{u16(class), u16(method)}, args...)...))
}

// encodeHeader is a complete content header frame; properties are the flags and
// values, none by default.
func encodeHeader(channel, class uint16, bodySize uint64, properties ...[]byte) []byte {
	if len(properties) == 0 {
		properties = [][]byte{u16(0)}
	}
	return encodeFrame(headerFrame, channel,
		join(append([][]byte{u16(class), u16(0), u64(bodySize)}, properties...)...))
}

// withEndOctet is the frame with another last octet.
func withEndOctet(frame []byte, end byte) []byte {
	return append(frame[:len(frame)-1:len(frame)-1], end)
}

func (c *rawClient) sendMethod(channel, class, method uint16, args ...[]byte) {
	c.t.Helper()
	c.send(encodeMethod(channel, class, method, args...))
}

// readFrame reads the next frame whatever it is.
func (c *rawClient) readFrame() rawFrame {
	c.t.Helper()
	f, err := c.tryReadFrame(rawPatience)
	require.NoError(c.t, err, "read frame")
	return f
}

// tryReadFrame reads the next frame within a time; io.EOF and resets tell that the
// broker hung up, os.ErrDeadlineExceeded that it stayed silent.
func (c *rawClient) tryReadFrame(within time.Duration) (rawFrame, error) {
	c.t.Helper()
	require.NoError(c.t, c.conn.SetReadDeadline(time.Now().Add(within)))
	var head [7]byte
	if _, err := io.ReadFull(c.r, head[:]); err != nil {
		return rawFrame{}, err
	}
	size := binary.BigEndian.Uint32(head[3:])
	const limit = 1 << 20
	require.LessOrEqual(c.t, size, uint32(limit), "not a frame: %q", head)
	payload := make([]byte, size+1)
	if _, err := io.ReadFull(c.r, payload); err != nil {
		return rawFrame{}, err
	}
	require.EqualValues(c.t, frameEnd, payload[size], "end octet of the broker's frame")
	return rawFrame{kind: head[0], channel: binary.BigEndian.Uint16(head[1:]), payload: payload[:size]}, nil
}

// readOctets reads what is no frame.
func (c *rawClient) readOctets(n int) string {
	c.t.Helper()
	require.NoError(c.t, c.conn.SetReadDeadline(time.Now().Add(rawPatience)))
	b := make([]byte, n)
	_, err := io.ReadFull(c.r, b)
	require.NoError(c.t, err, "read octets")
	return string(b)
}

// rawMethod is a received method: where it came from, and a cursor over the arguments.
type rawMethod struct {
	arguments
	channel uint16
}

// expectMethod reads the next frame, heartbeats aside, and requires that method.
func (c *rawClient) expectMethod(class, method uint16) rawMethod {
	c.t.Helper()
	f := c.readFrame()
	for f.kind == heartbeatFrame {
		f = c.readFrame()
	}
	gotClass, gotMethod, ok := f.methodID()
	require.True(c.t, ok && gotClass == class && gotMethod == method,
		"expected method %d.%d, got %v", class, method, f)
	return rawMethod{arguments: arguments{t: c.t, rest: f.payload[4:]}, channel: f.channel}
}

// expectConnectionClose requires connection.close with the code and the whole reply
// text, answers it, and returns the offending method that it names.
func (c *rawClient) expectConnectionClose(code uint16, text string) (class, method uint16) {
	c.t.Helper()
	m := c.expectMethod(10, 50)
	require.Zero(c.t, m.channel, "channel of connection.close")
	class, method = m.requireReply(code, text)
	c.trySend(encodeMethod(0, 10, 51))
	return class, method
}

// expectChannelClose is expectConnectionClose for channel.close.
func (c *rawClient) expectChannelClose(channel, code uint16, text string) (class, method uint16) {
	c.t.Helper()
	m := c.expectMethod(20, 40)
	require.Equal(c.t, channel, m.channel, "channel of channel.close")
	class, method = m.requireReply(code, text)
	c.sendMethod(channel, 20, 41)
	return class, method
}

// requireReply checks the arguments that both close methods share.
func (m *rawMethod) requireReply(code uint16, text string) (class, method uint16) {
	m.t.Helper()
	gotCode, gotText := m.u16(), unbroken(m.shortStr())
	require.Equal(m.t, text, gotText, "reply text")
	require.Equal(m.t, code, gotCode, "reply code")
	return m.u16(), m.u16()
}

// unbroken takes back the line breaks that RabbitMQ puts into long Erlang terms.
func unbroken(text string) string {
	lines := strings.Split(text, "\n")
	for i := range lines[1:] {
		lines[i+1] = strings.TrimLeft(lines[i+1], " ")
	}
	return strings.Join(lines, "")
}

// expectClosed requires that the broker hangs up within a time and sends nothing
// but heartbeats before.
func (c *rawClient) expectClosed(within time.Duration) {
	c.t.Helper()
	deadline := time.Now().Add(within)
	for {
		f, err := c.tryReadFrame(time.Until(deadline))
		if err != nil {
			require.True(c.t, isHangUp(err), "the broker did not hang up within %v: %v", within, err)
			return
		}
		require.EqualValues(c.t, heartbeatFrame, f.kind, "expected the end of the connection, got %v", f)
	}
}

// isHangUp tells the end of the TCP connection, orderly or by reset.
func isHangUp(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}
