package persistence

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/queue"
)

func TestRemoveAt(t *testing.T) {
	for i := range 5 {
		list := []int{0, 1, 2, 3, 4}
		var want []int
		for v := range 5 {
			if v != i {
				want = append(want, v)
			}
		}
		require.Equal(t, want, removeAt(list, i))
	}
}

// One message at the head that nobody acknowledges must not make every other
// acknowledgement cost as much as the backlog is long: blocks die near an end of
// the lists, so an end is what moves.
func BenchmarkAcknowledgeBehindUnacknowledged(b *testing.B) {
	const backlog = 100_000
	s := openDir(b, b.TempDir())
	declare(b, s, 1, 2, 3, 4)
	for seq := uint64(1); seq <= backlog; seq++ {
		commit(b, s, queue.Unit{Enqueue: []queue.Enqueue{enqueue(1, seq, text("own"))}})
		commit(b, s, queue.Unit{Enqueue: []queue.Enqueue{enqueue(2, seq, text("mixed")), enqueue(3, seq, text("mixed"))}})
	}
	seq := uint64(1)
	for b.Loop() {
		seq++
		if seq > backlog {
			b.Fatal("the backlog is too short for the time of this benchmark")
		}
		commit(b, s, queue.Unit{Ack: []queue.Ack{ack(1, seq), ack(2, seq), ack(3, seq)}})
	}
}
