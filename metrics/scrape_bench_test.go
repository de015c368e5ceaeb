package metrics_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/message"
	"github.com/leveretmq/leveret/queue"
)

// nowhere takes an answer and drops it.
type nowhere struct{ header http.Header }

func (n nowhere) Header() http.Header         { return n.header }
func (n nowhere) Write(b []byte) (int, error) { return io.Discard.Write(b) }
func (n nowhere) WriteHeader(int)             {}

// BenchmarkScrape reads pages of a broker with ten thousand queues.
func BenchmarkScrape(b *testing.B) {
	f := start(b)
	vhost, _ := f.broker.VHost("/")
	from := queue.NewSource("some.exchange")
	for i := range 10_000 {
		q, err := vhost.DeclareQueue(queue.Spec{VHost: "/", Name: fmt.Sprintf("queue.of.somebody.%05d", i)}, nil)
		require.NoError(b, err)
		q.PublishFrom(from, []queue.Publication{{Message: &message.Message{Body: make([]byte, 100)}}})
	}
	for _, path := range []string{
		"/metrics", "/metrics/detailed?family=queue_coarse_metrics&family=queue_consumer_count", "/metrics/per-object",
	} {
		b.Run(path, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				f.handler.ServeHTTP(nowhere{http.Header{}}, httptest.NewRequest(http.MethodGet, path, nil))
			}
		})
	}
}
