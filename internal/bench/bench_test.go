package bench

import (
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/internal/sink"
)

// server starts a sink and gives its URL.
func server(t testing.TB, kind sink.Kind) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	served := make(chan error, 1)
	go func() { served <- sink.Serve(l, kind) }()
	t.Cleanup(func() {
		require.NoError(t, l.Close())
		require.NoError(t, <-served)
	})
	return "amqp://" + l.Addr().String()
}

// small is the options of a test against a sink.
func small(url string) Options {
	o := Defaults()
	o.URLs, o.Queue, o.AutoAck = []string{url}, "bench", true
	return o
}

// BenchmarkDiscarded is what the generator can publish: messages of 16 B, to a
// server that throws them away. It has to be 2 M a second at least.
func BenchmarkDiscarded(b *testing.B) {
	o := small(server(b, sink.Discard))
	o.Size, o.Consumers, o.ProducerMessages = 16, 0, int64(b.N)
	measure(b, o)
}

// BenchmarkRelayed is what it can publish and consume at once, over a server
// that only passes messages on.
func BenchmarkRelayed(b *testing.B) {
	o := small(server(b, sink.Relay))
	o.Size, o.ConsumerMessages = 16, int64(b.N)
	measure(b, o)
}

func measure(b *testing.B, o Options) {
	b.ReportAllocs()
	began := time.Now()
	_, err := Run(b.Context(), o, &Report{})
	require.NoError(b, err)
	b.ReportMetric(float64(b.N)/time.Since(began).Seconds(), "messages/s")
}
