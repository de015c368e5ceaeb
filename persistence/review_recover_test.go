package persistence

import (
	"runtime"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/message"
	"github.com/leveretmq/leveret/queue"
)

// Queues that share a message may be recovered at once, while the message that
// the first one got is being read already.
func TestRecoverOfQueuesThatShareMessages(t *testing.T) {
	const queues, messages = 4, 30
	s := openDir(t, t.TempDir())
	declareRange(t, s, queues)
	var unit queue.Unit
	var want []*message.Message
	for seq := uint64(1); seq <= messages; seq++ {
		m := sized(6000, int(seq))
		want = append(want, m)
		for id := uint32(1); id <= queues; id++ {
			unit.Enqueue = append(unit.Enqueue, enqueue(id, seq, m))
		}
	}
	// Less than a queue needs for a block of its own, and more: both kinds.
	commit(t, s, unit)
	s = openDir(t, snapshot(t, s))
	var all sync.WaitGroup
	for id := uint32(1); id <= queues; id++ {
		all.Go(func() {
			for i, r := range recovered(t, s, id) {
				require.Equal(t, want[i], r.Message)
			}
		})
	}
	all.Wait()
	runtime.GC()
	for _, b := range s.index.bodies {
		require.Nil(t, b.loaded.Value(), "the body is kept in memory")
	}
}
