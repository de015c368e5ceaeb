package server_test

import (
	"fmt"
	"net"
	"testing"

	amqp091 "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/server"
)

// BenchmarkInventory lists a thousand connections, each with a channel and a consumer,
// and adds them up.
func BenchmarkInventory(b *testing.B) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(b, err)
	s := serve(b, l, newVolatile(), server.Options{})
	const connections = 1000
	for i := range connections {
		c, err := amqp091.Dial("amqp://guest:guest@" + l.Addr().String())
		require.NoError(b, err)
		b.Cleanup(func() { _ = c.Close() })
		ch, err := c.Channel()
		require.NoError(b, err)
		q, err := ch.QueueDeclare(fmt.Sprint("q", i), false, false, true, false, nil)
		require.NoError(b, err)
		_, err = ch.Consume(q.Name, "", true, false, false, false, nil)
		require.NoError(b, err)
	}
	b.Run("connections", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			require.Len(b, s.server.Connections(), connections)
		}
	})
	b.Run("sums", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			require.Equal(b, connections, s.server.Sums().Consumers)
		}
	})
}
