package persistence

import (
	"slices"
	"testing"

	"github.com/dgraph-io/badger/v4"
	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/queue"
)

// scatter fills two queues by small commits that both are part of, so that each
// message lies in a mixed block of its own commit, then one queue by commits of
// its own.
func scatter(t *testing.T, s *Store) (list []queue.Enqueue) {
	declare(t, s, 1, 2)
	for i := range uint64(20) {
		e := enqueue(1, 1+i, sized(3000, int(i)))
		list = append(list, e)
		commit(t, s, queue.Unit{Enqueue: []queue.Enqueue{e, enqueue(2, 1+i, sized(10, int(i)))}})
	}
	for i := range uint64(20) {
		e := enqueue(1, 21+i, sized(6000, int(i)))
		list = append(list, e)
		commit(t, s, queue.Unit{Enqueue: []queue.Enqueue{e}})
	}
	return list
}

func numbers(from, to uint64) (list []uint64) {
	for n := from; n <= to; n++ {
		list = append(list, n)
	}
	return list
}

func runsOf(s *Store, id uint32) (n int) {
	s.indexMu.Lock()
	defer s.indexMu.Unlock()
	return len(s.index.queues[id].runs)
}

func TestGather_ScatteredMessagesMeetInOneBlock(t *testing.T) {
	s := openDir(t, t.TempDir())
	list := scatter(t, s)
	require.Equal(t, 40, runsOf(s, 1))
	commit(t, s, queue.Unit{Ack: []queue.Ack{ack(1, 2), ack(1, 40)}})
	commit(t, s, queue.Unit{Gather: list})
	require.Equal(t, 1, runsOf(s, 1))
	require.Equal(t, 20, runsOf(s, 2), "the other queue stays where it was")

	want := append([]uint64{1}, numbers(3, 39)...)
	crashed := openDir(t, snapshot(t, s))
	require.Equal(t, want, seqs(recovered(t, crashed, 1)))
	require.Equal(t, numbers(1, 20), seqs(recovered(t, crashed, 2)))
	for _, l := range load(t, s, 1, allNumbers()) {
		require.Equal(t, list[l.Seq-1].Message, l.Message)
	}
}

// A queue lists what is ready, and then what waits for its time, which may have
// come before.
func TestGather_InAnyOrder(t *testing.T) {
	s := openDir(t, t.TempDir())
	list := scatter(t, s)
	var mixed []queue.Enqueue
	for from := len(list) - 8; from >= 0; from -= 8 {
		mixed = append(mixed, list[from:from+8]...)
	}
	commit(t, s, queue.Unit{Gather: mixed})
	require.Equal(t, numbers(1, 40), seqs(recovered(t, openDir(t, snapshot(t, s)), 1)))
	for _, l := range load(t, s, 1, allNumbers()) {
		require.Equal(t, list[l.Seq-1].Message, l.Message)
	}
	require.Equal(t, 1, runsOf(s, 1))
}

func TestGather_InAnyOrderWithinABlock(t *testing.T) {
	s := openDir(t, t.TempDir())
	declare(t, s, 1, 2)
	var list []queue.Enqueue
	for first := uint64(1); first < 30; first += 3 {
		u := queue.Unit{Enqueue: []queue.Enqueue{enqueue(2, first, sized(10, 1))}}
		for seq := first; seq < first+3; seq++ {
			u.Enqueue = append(u.Enqueue, enqueue(1, seq, sized(2000, int(seq))))
		}
		commit(t, s, u)
		list = append(list, u.Enqueue[1:]...)
	}
	mixed := append(slices.Delete(slices.Clone(list), 27, 28), list[27])
	commit(t, s, queue.Unit{Gather: mixed})
	require.Equal(t, numbers(1, 30), seqs(recovered(t, openDir(t, snapshot(t, s)), 1)))
}

// What is acknowledged along with the gathering does not come back by it.
func TestGather_AcknowledgedInTheSameCommit(t *testing.T) {
	s := openDir(t, t.TempDir())
	list := scatter(t, s)
	release := hold(s)
	s.Submit(queue.Unit{Gather: list})
	s.Submit(queue.Unit{Ack: []queue.Ack{ack(1, 1), ack(1, 25)}})
	s.Submit(queue.Unit{Purge: []queue.Range{{Queue: 1, Span: queue.Span{First: 30, Last: 40}}}})
	release()
	commit(t, s, queue.Unit{})
	want := append(numbers(2, 24), numbers(26, 29)...)
	require.Equal(t, want, seqs(recovered(t, openDir(t, snapshot(t, s)), 1)))
}

// Little is left where it is: it would make no larger blocks.
func TestGather_LittleStays(t *testing.T) {
	s := openDir(t, t.TempDir())
	declare(t, s, 1)
	e := enqueue(1, 1, sized(100, 1))
	commit(t, s, queue.Unit{Enqueue: []queue.Enqueue{e}})
	before, _ := keys(t, s, prefixBlock)
	commit(t, s, queue.Unit{Gather: []queue.Enqueue{e}})
	after, _ := keys(t, s, prefixBlock)
	require.Equal(t, before, after)
}

// Badger may bring the old blocks back. The gathered one counts.
func TestGather_OldBlocksThatComeBackAreDead(t *testing.T) {
	s := openDir(t, t.TempDir())
	list := scatter(t, s)
	type entry struct {
		key, value []byte
		flags      byte
	}
	var old []entry
	require.NoError(t, s.scan([]byte{prefixBlock}, func(item *badger.Item) error {
		value, err := item.ValueCopy(nil)
		old = append(old, entry{item.KeyCopy(nil), value, item.UserMeta()})
		return err
	}))
	require.Len(t, old, 20)
	commit(t, s, queue.Unit{Gather: list})
	commit(t, s, queue.Unit{Ack: []queue.Ack{ack(1, 22)}})
	for _, e := range old {
		require.NoError(t, s.apply([]write{{key: e.key, value: e.value, flags: e.flags}}))
	}
	want := append(numbers(1, 21), numbers(23, 40)...)
	back := openDir(t, snapshot(t, s))
	require.Equal(t, want, seqs(recovered(t, back, 1)))
	require.Equal(t, 1, runsOf(back, 1))
}
