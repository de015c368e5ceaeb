package management

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/queue"
)

// manyQueues is how many a list is measured with.
const manyQueues = 10_000

// crowd makes many queues, each with a message and a policy's worth of arguments.
func (g *rig) crowd(b testing.TB) {
	b.Helper()
	v, ok := g.broker.VHost("/")
	require.True(b, ok)
	for i := range manyQueues {
		_, err := v.DeclareQueue(queue.Spec{
			VHost: "/", Name: fmt.Sprintf("queue-%05d", i),
			Arguments: amqp.Table{{Key: "x-max-length", Value: int64(i)}},
		}, nil)
		require.NoError(b, err)
	}
}

// BenchmarkQueues is a list of 10,000 queues as tools ask for it, without the network.
func BenchmarkQueues(b *testing.B) {
	g := newRig(b)
	g.crowd(b)
	g.api.samples.sample(1000, g.api.nodeNumbers)
	for _, bench := range []struct{ name, query string }{
		{"all", ""},
		{"page", "?page=3&page_size=100"},
		{"sorted page", "?page=3&page_size=100&sort=message_stats.publish_details.rate&sort_reverse=true"},
		{"filtered page", "?page=1&page_size=100&name=99&use_regex=true"},
		{"page with samples", "?page=3&page_size=100&msg_rates_age=600&msg_rates_incr=5&lengths_age=600&lengths_incr=5"},
		{"all that asks for samples", "?msg_rates_age=600&msg_rates_incr=5"},
		{"columns", "?columns=name,messages,message_stats.publish_details.rate"},
		{"without statistics", "?disable_stats=true&enable_queue_totals=true"},
	} {
		b.Run(bench.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				w := discard{header: make(http.Header)}
				r := httptest.NewRequestWithContext(b.Context(), get, "/api/queues"+bench.query, nil)
				g.api.Local().ServeHTTP(&w, r)
				require.Equal(b, 200, w.status)
				b.SetBytes(w.octets)
			}
		})
	}
}

// BenchmarkSample is a look at the counters of 10,000 queues.
func BenchmarkSample(b *testing.B) {
	g := newRig(b)
	g.crowd(b)
	round := int64(1000)
	for b.Loop() {
		g.api.samples.sample(round, g.api.nodeNumbers)
		round++
	}
}

// discard is a client that counts.
type discard struct {
	header http.Header
	status int
	octets int64
}

func (d *discard) Header() http.Header { return d.header }

func (d *discard) WriteHeader(status int) { d.status = status }

func (d *discard) Write(p []byte) (int, error) {
	d.octets += int64(len(p))
	return io.Discard.Write(p)
}
