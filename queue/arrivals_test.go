package queue_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/message"
	"github.com/leveretmq/leveret/queue"
)

func batchOf(n int) []queue.Publication {
	batch := make([]queue.Publication, n)
	for i := range batch {
		batch[i].Message = &message.Message{}
	}
	return batch
}

func TestArrivals_TellSourcesApart(t *testing.T) {
	q := newQueue(t, queue.Spec{})
	require.Empty(t, q.Arrivals())
	a, b := queue.NewSource("a"), queue.NewSource("b")
	for range 3 {
		q.PublishFrom(b, batchOf(2))
		q.PublishFrom(a, batchOf(1))
		q.PublishFrom(b, batchOf(3))
	}
	q.Publish(batchOf(5)) // of no exchange
	q.Deposit(batchOf(7)) // of no client
	require.Equal(t, []queue.Arrival{{Exchange: "a", Messages: 3}, {Exchange: "b", Messages: 15}}, q.Arrivals())
	require.EqualValues(t, 23, q.Status().Counters.Publish)
	require.EqualValues(t, 3, q.ArrivedFrom(a))
	require.EqualValues(t, 15, q.ArrivedFrom(b))
	require.Zero(t, q.ArrivedFrom(queue.NewSource("a")))
}

func TestArrivals_OfTransactions(t *testing.T) {
	q, a := newQueue(t, queue.Spec{}), queue.NewSource("a")
	part := queue.Part{Queue: q, Publish: batchOf(2), Sources: []*queue.Source{a, nil}}
	require.True(t, queue.Commit(nil, []queue.Part{part}, func(err error) { require.NoError(t, err) }))
	require.Equal(t, []queue.Arrival{{Exchange: "a", Messages: 1}}, q.Arrivals())
}

// A deleted exchange is told no more, and an exchange with the same name begins anew.
func TestArrivals_GoWithTheExchange(t *testing.T) {
	q := newQueue(t, queue.Spec{})
	old, other := queue.NewSource("x"), queue.NewSource("y")
	q.PublishFrom(old, batchOf(4))
	q.PublishFrom(other, batchOf(1))
	old.Retire()
	require.Equal(t, []queue.Arrival{{Exchange: "y", Messages: 1}}, q.Arrivals())
	q.PublishFrom(queue.NewSource("x"), batchOf(1))
	require.Equal(t, []queue.Arrival{{Exchange: "x", Messages: 1}, {Exchange: "y", Messages: 1}}, q.Arrivals())
}

func TestArrivals_AreReadWhileTheyAreCounted(t *testing.T) {
	q := newQueue(t, queue.Spec{})
	sources := []*queue.Source{queue.NewSource("a"), queue.NewSource("b"), queue.NewSource("c")}
	var wg sync.WaitGroup
	for _, s := range sources {
		wg.Go(func() {
			for range 100 {
				q.PublishFrom(s, batchOf(1))
			}
		})
	}
	for range 50 {
		q.Arrivals()
	}
	sources[2].Retire()
	wg.Wait()
	require.Equal(t, []queue.Arrival{{Exchange: "a", Messages: 100}, {Exchange: "b", Messages: 100}}, q.Arrivals())
}

// BenchmarkArrivals publishes nothing, of one source and of two in turn.
func BenchmarkArrivals(b *testing.B) {
	for _, n := range []int{0, 1, 2, 8} {
		b.Run(fmt.Sprintf("sources=%d", n), func(b *testing.B) {
			q := newQueue(b, queue.Spec{})
			sources := make([]*queue.Source, max(n, 1))
			for i := range n {
				sources[i] = queue.NewSource(fmt.Sprint(i))
			}
			batch := batchOf(0)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				q.PublishFrom(sources[i%len(sources)], batch)
			}
		})
	}
}
