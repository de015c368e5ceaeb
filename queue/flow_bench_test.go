package queue_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/message"
	"github.com/leveretmq/leveret/queue"
)

// flowBatch is how many messages one iteration takes through a queue, about as
// many as one read of a connection brings.
const flowBatch = 1000

// flow takes batches of messages through a queue, and leaves it empty.
type flow struct {
	queue     *queue.Queue
	consumers []*queue.Consumer
	batch     []queue.Publication
	entries   []queue.Entry
	delivered []queue.Delivery
}

// newFlow makes a queue with a consumer for each of the options. The messages
// come from no stock, so that nothing but the queue is measured.
func newFlow(t testing.TB, size int, consumers ...queue.ConsumerOptions) *flow {
	t.Helper()
	f := &flow{queue: newQueue(t, queue.Spec{})}
	for range flowBatch {
		m := &message.Message{RoutingKey: "q", Body: make([]byte, size)}
		f.batch = append(f.batch, queue.Publication{Message: m})
	}
	for _, o := range consumers {
		c := queue.NewConsumer(f.queue, deaf{}, o)
		require.NoError(t, f.queue.AddConsumer(c))
		f.consumers = append(f.consumers, c)
	}
	return f
}

// once publishes a batch and has the consumers fetch all of it. What they have
// to settle is handed over after each round, as for all frames of a read.
func (f *flow) once(settle func([]queue.Delivery)) {
	f.queue.Publish(f.batch)
	for left := len(f.batch); left > 0; {
		f.delivered = f.delivered[:0]
		for _, c := range f.consumers {
			f.entries, _ = f.queue.Fetch(c, f.entries[:0], plenty)
			left -= len(f.entries)
			if settle == nil {
				continue
			}
			for _, e := range f.entries {
				f.delivered = append(f.delivered, queue.Delivery{Entry: e, Queue: f.queue, Consumer: c})
			}
		}
		if settle != nil {
			settle(f.delivered)
		}
	}
}

// measure runs it, warmed up, and reports the time of each message.
func (f *flow) measure(b *testing.B, settle func([]queue.Delivery)) {
	b.Helper()
	f.once(settle)
	b.ReportAllocs()
	for b.Loop() {
		f.once(settle)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/flowBatch, "ns/msg")
	require.Zero(b, f.queue.Counts().Ready+f.queue.Counts().Unacked)
}

// several are the options of so many equal consumers.
func several(n int, o queue.ConsumerOptions) []queue.ConsumerOptions {
	list := make([]queue.ConsumerOptions, n)
	for i := range list {
		list[i] = o
	}
	return list
}

// BenchmarkFlow takes messages through a queue to one consumer or several.
func BenchmarkFlow(b *testing.B) {
	for _, consumers := range []int{1, 4, 16} {
		name := fmt.Sprintf("/consumers=%d/batch=%d", consumers, flowBatch)
		b.Run("auto"+name, func(b *testing.B) {
			newFlow(b, 16, several(consumers, queue.ConsumerOptions{NoAck: true})...).measure(b, nil)
		})
		b.Run("acked"+name, func(b *testing.B) {
			f := newFlow(b, 16, several(consumers, queue.ConsumerOptions{Prefetch: 300})...)
			f.measure(b, f.queue.Ack)
		})
	}
	b.Run(fmt.Sprintf("limited/consumers=4/batch=%d", flowBatch), func(b *testing.B) {
		limiter := new(queue.Limiter)
		limiter.SetLimit(1000)
		f := newFlow(b, 16, several(4, queue.ConsumerOptions{Limiter: limiter})...)
		f.measure(b, func(batch []queue.Delivery) {
			resume := limiter.Release(int64(len(batch)))
			f.queue.Ack(batch)
			if resume {
				for _, c := range f.consumers {
					f.queue.Resume(c)
				}
			}
		})
	})
}

// BenchmarkPriorities has the first consumers of two priorities take all that
// they may, so that the others get the rest.
func BenchmarkPriorities(b *testing.B) {
	b.Run(fmt.Sprintf("consumers=4/batch=%d", flowBatch), func(b *testing.B) {
		high := several(2, queue.ConsumerOptions{Priority: 10, Prefetch: 100})
		f := newFlow(b, 16, append(high, several(2, queue.ConsumerOptions{Prefetch: 300})...)...)
		f.measure(b, f.queue.Ack)
	})
}

// BenchmarkRequeue gives a batch back before it is acknowledged.
func BenchmarkRequeue(b *testing.B) {
	b.Run(fmt.Sprintf("batch=%d", flowBatch), func(b *testing.B) {
		f := newFlow(b, 16, queue.ConsumerOptions{})
		f.measure(b, func(batch []queue.Delivery) {
			f.queue.Requeue(batch, queue.Nacked)
			f.entries, _ = f.queue.Fetch(f.consumers[0], f.entries[:0], plenty)
			for i, e := range f.entries {
				batch[i].Entry = e
			}
			f.queue.Ack(batch)
		})
	})
}

// BenchmarkBacklog publishes into a queue that nobody consumes, and fetches from
// it by basic.get.
func BenchmarkBacklog(b *testing.B) {
	b.Run(fmt.Sprintf("batch=%d", flowBatch), func(b *testing.B) {
		f := newFlow(b, 16)
		b.ReportAllocs()
		for b.Loop() {
			f.queue.Publish(f.batch)
			for range f.batch {
				if _, _, ok := f.queue.Get(queue.AutoAck); !ok {
					b.Fatal("a message is missing")
				}
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/flowBatch, "ns/msg")
	})
}

// BenchmarkSingly publishes and fetches one message at a time, as at a low rate.
func BenchmarkSingly(b *testing.B) {
	f := newFlow(b, 16, queue.ConsumerOptions{NoAck: true})
	f.batch = f.batch[:1]
	b.ReportAllocs()
	for b.Loop() {
		f.once(nil)
	}
}
