package persistence

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/queue"
)

// fanOut submits one message to many queues, one unit for each as queues do.
func fanOut(s *Store, size int, from, to uint32) *queue.Unit {
	m := sized(size, 7)
	for id := from; id <= to; id++ {
		s.Submit(queue.Unit{Enqueue: []queue.Enqueue{enqueue(id, 1, m)}})
	}
	return &queue.Unit{Enqueue: []queue.Enqueue{{Message: m}}}
}

func declareRange(t testing.TB, s *Store, n uint32) {
	ids := make([]uint32, n)
	for i := range ids {
		ids[i] = uint32(i) + 1
	}
	declare(t, s, ids...)
}

func TestFanOutIsStoredOnce(t *testing.T) {
	for name, c := range map[string]struct{ size, bodies, octets int }{
		"small bodies once per mixed block": {size: 1000, bodies: 0, octets: 30_000},
		"bigger ones once":                  {size: 50_000, bodies: 1, octets: 50_000 + 30_000},
		"big ones once":                     {size: 500_000, bodies: 1, octets: 500_000 + 30_000},
	} {
		t.Run(name, func(t *testing.T) {
			s := openDir(t, t.TempDir())
			const n = 1000
			declareRange(t, s, n)
			release := hold(s)
			fanOut(s, c.size, 1, n)
			release()
			commit(t, s, queue.Unit{})
			pieces, inBodies := keys(t, s, prefixBody)
			own, inOwn := keys(t, s, prefixBlock)
			_, inMixed := keys(t, s, prefixMixed)
			require.Len(t, pieces, c.bodies)
			require.Empty(t, own)
			require.Less(t, inBodies+inOwn+inMixed, c.octets)

			dir := snapshot(t, s)
			s = openDir(t, dir)
			first := recovered(t, s, 1)[0].Message
			for id := uint32(2); id <= n; id++ {
				all := recovered(t, s, id)
				require.Len(t, all, 1)
				require.Equal(t, first, all[0].Message)
				if c.bodies > 0 {
					require.Same(t, &first.Body[0], &all[0].Message.Body[0], "shared in memory, too")
				}
			}
			require.Equal(t, sized(c.size, 7), first)
			// The store does not keep what the queues let go.
			runtime.GC()
			for _, b := range s.index.bodies {
				require.Nil(t, b.loaded.Value())
			}
		})
	}
}

// The queues of a fan-out need not meet in one commit.
func TestFanOutOverSeveralCommits(t *testing.T) {
	s := openDir(t, t.TempDir())
	declareRange(t, s, 30)
	release := hold(s)
	u := fanOut(s, 500_000, 1, 10)
	m := u.Enqueue[0].Message
	release()
	for id := uint32(11); id <= 30; id++ {
		commit(t, s, queue.Unit{Enqueue: []queue.Enqueue{enqueue(id, 1, m)}})
	}
	pieces, _ := keys(t, s, prefixBody)
	require.Len(t, pieces, 1)
	runtime.KeepAlive(m)
}

func TestBodyLivesAsLongAsItsLastReference(t *testing.T) {
	s := openDir(t, t.TempDir())
	declareRange(t, s, 3)
	release := hold(s)
	fanOut(s, 50_000, 1, 3)
	release()
	commit(t, s, queue.Unit{Ack: []queue.Ack{ack(1, 1)}})
	commit(t, s, queue.Unit{Ack: []queue.Ack{ack(2, 1)}})
	s = openDir(t, snapshot(t, s))
	require.Empty(t, recovered(t, s, 1))
	require.Empty(t, recovered(t, s, 2))
	require.Equal(t, sized(50_000, 7), recovered(t, s, 3)[0].Message)
	commit(t, s, queue.Unit{Ack: []queue.Ack{ack(3, 1)}})
	pieces, _ := keys(t, s, prefixBody)
	require.Empty(t, pieces)
	require.Empty(t, s.index.bodies)
}

// A message that moves to another queue in one unit, as dead-lettering does,
// must not refer to the body that dies in the same commit.
func TestBodyOfAMovedMessage(t *testing.T) {
	s := openDir(t, t.TempDir())
	declare(t, s, 1, 2)
	m := sized(500_000, 1)
	commit(t, s, queue.Unit{Enqueue: []queue.Enqueue{enqueue(1, 1, m)}})
	commit(t, s, queue.Unit{Ack: []queue.Ack{ack(1, 1)}, Enqueue: []queue.Enqueue{enqueue(2, 1, m)}})
	s = openDir(t, snapshot(t, s))
	require.Empty(t, recovered(t, s, 1))
	require.Equal(t, m, recovered(t, s, 2)[0].Message)
}

func TestBigBodies(t *testing.T) {
	s := openDir(t, t.TempDir())
	declare(t, s, 1)
	big := sized(20<<20+12345, 3)
	commit(t, s, queue.Unit{Enqueue: []queue.Enqueue{
		enqueue(1, 1, text("before")), enqueue(1, 2, big), enqueue(1, 3, text("after")),
	}})
	pieces, _ := keys(t, s, prefixBody)
	require.Len(t, pieces, 3)
	s = openDir(t, snapshot(t, s))
	all := recovered(t, s, 1)
	require.Equal(t, []string{"before", string(big.Body), "after"}, bodies(all))
	commit(t, s, queue.Unit{Ack: []queue.Ack{ack(1, 2)}})
	pieces, _ = keys(t, s, prefixBody)
	require.Empty(t, pieces)
}

// A unit beyond what one transaction may add to the value log.
func TestWriteSetIsCutToTransactions(t *testing.T) {
	var w writeSet
	chunk := make([]byte, bodyChunkOctets)
	for i := range 32 {
		w.put(appendBodyKey(nil, 1, i), chunk, 0)
	}
	for i := range 2 * transactionEntries {
		w.delete(appendBodyKey(nil, 2, i))
	}
	for i := range 2 * transactionInlineOctets / inlineOctets {
		w.put(appendBodyKey(nil, 3, i), chunk[:inlineOctets-1], 0)
	}
	require.False(t, w.fits())
	var all []write
	require.NoError(t, w.slices(func(part []write) error {
		var one writeSet
		for _, entry := range part {
			one.put(entry.key, entry.value, entry.flags)
		}
		require.True(t, one.fits())
		all = append(all, part...)
		return nil
	}))
	require.Len(t, all, len(w.writes))
	for i := range all {
		require.Equal(t, w.writes[i].key, all[i].key)
	}
}
