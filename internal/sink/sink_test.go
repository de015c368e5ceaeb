package sink

import (
	"net"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/internal/client"
)

// serve starts a server and gives its URL; it has to end with the test.
func serve(t *testing.T, kind Kind) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	served := make(chan error, 1)
	go func() { served <- Serve(l, kind) }()
	t.Cleanup(func() {
		require.NoError(t, l.Close())
		require.NoError(t, <-served)
	})
	return "amqp://" + l.Addr().String()
}

func dial(t *testing.T, url string) *client.Client {
	t.Helper()
	c, err := client.Dial(url, client.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c
}

func TestDiscardConfirms(t *testing.T) {
	c := dial(t, serve(t, Discard))
	require.NoError(t, c.Declare("q"))
	require.NoError(t, c.Request(1, &amqp.ConfirmSelect{}, amqp.IDConfirmSelectOk))
	message := amqp.AppendContent(nil, 1, &amqp.BasicPublish{RoutingKey: "q"}, nil, make([]byte, 10_000), 4096)
	require.NoError(t, c.Write(append(message, message...)))
	for last := uint64(0); last < 2; {
		f, err := c.Frame()
		require.NoError(t, err)
		id, args := amqp.SplitMethod(f.Payload)
		require.Equal(t, amqp.IDBasicAck, id)
		var ack amqp.BasicAck
		require.NoError(t, ack.DecodeArguments(args))
		require.True(t, ack.Multiple)
		last = ack.DeliveryTag
	}
}

func TestRelayPassesOnWhatItGets(t *testing.T) {
	url := serve(t, Relay)
	consumer, publisher := dial(t, url), dial(t, url)
	require.NoError(t, consumer.Request(1, &amqp.BasicConsume{Queue: "q"}, amqp.IDBasicConsumeOk))
	publish := &amqp.BasicPublish{RoutingKey: "q"}
	require.NoError(t, publisher.Write(amqp.AppendContent(nil, 1, publish, nil, []byte("body"), 4096)))
	var types []uint8
	for range 3 {
		f, err := consumer.Frame()
		require.NoError(t, err)
		types = append(types, f.Type)
	}
	require.Equal(t, []uint8{amqp.FrameMethod, amqp.FrameHeader, amqp.FrameBody}, types)
}
