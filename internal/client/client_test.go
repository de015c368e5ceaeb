package client

import (
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
)

func TestAddresses(t *testing.T) {
	for text, want := range map[string]address{
		"amqp://":                          {"localhost:5672", "guest", "guest", "/"},
		"amqp://broker":                    {"broker:5672", "guest", "guest", "/"},
		"amqp://a:b@broker:1234/":          {"broker:1234", "a", "b", "/"},
		"amqp://a:b%40c@[::1]:1/%2F":       {"[::1]:1", "a", "b@c", "/"},
		"amqp://a@127.0.0.1/orders%2Fhere": {"127.0.0.1:5672", "a", "", "orders/here"},
	} {
		a, err := parseAddress(text)
		require.NoError(t, err, text)
		require.Equal(t, want, a, text)
	}
	for _, text := range []string{"localhost:5672", "http://localhost", "amqp://a b", ""} {
		_, err := parseAddress(text)
		require.Error(t, err, text)
	}
}

// pipe is a client on one end of a pipe.
func pipe(t *testing.T) (c *Client, peer net.Conn) {
	t.Helper()
	sock, peer := net.Pipe()
	t.Cleanup(func() { require.NoError(t, sock.Close()) })
	return &Client{sock: sock, buf: make([]byte, firstBuffer)}, peer
}

func TestFramesOfAllSizes(t *testing.T) {
	c, peer := pipe(t)
	sizes := []int{0, 16, firstBuffer, 100_000, 3, readBuffer + 1, 1}
	sent := make(chan error, 1)
	go func() {
		var out []byte
		for _, size := range sizes {
			out = amqp.AppendFrame(out, amqp.Frame{Type: amqp.FrameBody, Channel: 1, Payload: make([]byte, size)})
			out = amqp.AppendHeartbeat(out)
		}
		_, err := peer.Write(out)
		sent <- err
	}()
	for _, size := range sizes {
		f, err := c.Frame()
		require.NoError(t, err)
		require.Len(t, f.Payload, size)
	}
	require.NoError(t, <-sent)
	require.LessOrEqual(t, len(c.buf), 4*readBuffer)
}

func TestAnotherAnswerIsAnError(t *testing.T) {
	c, peer := pipe(t)
	go func() {
		_, _ = peer.Read(make([]byte, 1024)) // the test fails below if this does
		_, _ = peer.Write(amqp.AppendMethod(nil, 1, &amqp.ChannelClose{ReplyCode: 404, ReplyText: "NOT_FOUND - gone"}))
	}()
	require.ErrorContains(t, c.Declare("q"), "404 NOT_FOUND - gone")
}

func TestWritesStopAndGoOn(t *testing.T) {
	c, peer := pipe(t)
	require.NoError(t, c.StopWriting())
	require.Error(t, c.Write([]byte("x")))
	require.NoError(t, c.ResumeWriting(time.Minute))
	go func() { _, _ = peer.Read(make([]byte, 1)) }()
	require.NoError(t, c.Write([]byte("x")))
}

func TestServerIntroducesItself(t *testing.T) {
	require.Empty(t, describe(nil))
	require.Equal(t, "RabbitMQ 3.10.8", describe(amqp.Table{
		{Key: "version", Value: "3.10.8"}, {Key: "capabilities", Value: amqp.Table{}}, {Key: "product", Value: "RabbitMQ"},
	}))
}

func TestManyRequests(t *testing.T) {
	const n = 2*pipelined + 3
	c, peer := pipe(t)
	answered := make(chan error, 1)
	go func() {
		requests := &Client{sock: peer, buf: make([]byte, firstBuffer)}
		unanswered := 0
		for i := range n {
			err := requests.expect(amqp.IDQueueBind)
			unanswered++
			if (i+1)%pipelined != 0 && i+1 != n {
				continue // a pipe has no buffer: the answers come after all of the batch
			}
			for ; err == nil && unanswered > 0; unanswered-- {
				err = requests.Write(amqp.AppendMethod(nil, 1, &amqp.QueueBindOk{}))
			}
			if err != nil {
				answered <- err
				return
			}
		}
		answered <- nil
	}()
	asked := 0
	require.NoError(t, c.RequestMany(n, func(number int) (uint16, amqp.Method) {
		require.Equal(t, asked, number)
		asked++
		return 1, &amqp.QueueBind{Queue: "q", Exchange: "e"}
	}, amqp.IDQueueBindOk))
	require.Equal(t, n, asked)
	require.NoError(t, <-answered)
}
