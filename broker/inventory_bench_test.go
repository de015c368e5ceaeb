package broker_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/message"
	"github.com/leveretmq/leveret/queue"
)

// BenchmarkInventory lists ten thousand queues of ten messages, and adds them up.
func BenchmarkInventory(b *testing.B) {
	f := start(b)
	const queues = 10_000
	for i := range queues {
		f.queue(fmt.Sprintf("queue.%05d", i))
		q, err := f.vhost.Queue(fmt.Sprintf("queue.%05d", i), nil)
		require.NoError(b, err)
		batch := make([]queue.Publication, 10)
		for i := range batch {
			batch[i].Message = &message.Message{Body: make([]byte, 100)}
		}
		q.Publish(batch)
	}
	b.Run("queues", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			require.Len(b, f.broker.Queues("/"), queues)
		}
	})
	b.Run("totals", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			totals := f.broker.Totals()
			require.Equal(b, 10*queues, totals.Ready)
		}
	})
}
