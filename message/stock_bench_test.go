package message

import (
	"fmt"
	"testing"

	"github.com/leveretmq/leveret/amqp"
)

// perMessage reports the time of each message of the batches.
func perMessage(b *testing.B, batch int) {
	b.Helper()
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(batch), "ns/msg")
}

// cycle makes a batch of messages for so many queues, and has each of these
// give up its reference.
func cycle(from, to *Stock, list []*Message, body []byte, queues int) {
	for i := range list {
		m := from.Make(amqp.Properties("\x10\x00\x01"), len(body))
		m.Body = append(m.Body, body...)
		m.Share(queues)
		list[i] = m
	}
	for range queues {
		for _, m := range list {
			to.Release(m)
		}
	}
}

// BenchmarkStock makes messages and releases them by another stock, as the
// connections of a publisher and of a consumer do. A batch is about what one
// read brings.
func BenchmarkStock(b *testing.B) {
	for _, c := range []struct{ size, queues, batch int }{{16, 1, 1000}, {16, 50, 1000}, {1 << 10, 1, 250}, {64 << 10, 1, 4}} {
		b.Run(fmt.Sprintf("size=%d/queues=%d/batch=%d", c.size, c.queues, c.batch), func(b *testing.B) {
			pool := NewPool()
			from, to := pool.NewStock(), pool.NewStock()
			list, body := make([]*Message, c.batch), make([]byte, c.size)
			cycle(from, to, list, body, c.queues)
			b.ReportAllocs()
			for b.Loop() {
				cycle(from, to, list, body, c.queues)
			}
			perMessage(b, c.batch)
		})
	}
}

// counter is a settler that only counts.
type counter struct{ settled int }

func (c *counter) Settle(uint64, bool) { c.settled++ }

// BenchmarkReceipt makes the receipt of a publish and has its queues report.
func BenchmarkReceipt(b *testing.B) {
	const batch = 1000
	for _, queues := range []int{1, 50} {
		b.Run(fmt.Sprintf("queues=%d/batch=%d", queues, batch), func(b *testing.B) {
			owner := new(counter)
			receipts := make([]*Receipt, batch)
			b.ReportAllocs()
			for b.Loop() {
				for i := range receipts {
					receipts[i] = NewReceipt(owner, uint64(i), queues)
				}
				for range queues {
					for _, r := range receipts {
						r.Done(true)
					}
				}
			}
			perMessage(b, batch)
			if owner.settled != b.N*batch {
				b.Errorf("%d of %d publishes were settled", owner.settled, b.N*batch)
			}
		})
	}
}
