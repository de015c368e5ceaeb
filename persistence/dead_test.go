package persistence

import (
	"testing"
	"time"

	"github.com/dgraph-io/badger/v4"
	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/queue"
)

// stored returns all blocks and bodies as they are on disk.
func stored(t *testing.T, s *Store) []write {
	t.Helper()
	var all []write
	for _, prefix := range []byte{prefixBlock, prefixMixed, prefixBody} {
		require.NoError(t, s.scan([]byte{prefix}, func(item *badger.Item) error {
			value, err := item.ValueCopy(nil)
			all = append(all, write{key: item.KeyCopy(nil), value: value, flags: item.UserMeta()})
			return err
		}))
	}
	return all
}

// fillBlocks makes three big own blocks of queue 1, three mixed blocks with
// queues 2 and 3, and a shared body, all in commits of their own.
func fillBlocks(t *testing.T, s *Store) {
	declare(t, s, 1, 2, 3)
	for i := range uint64(3) {
		commit(t, s, queue.Unit{Enqueue: []queue.Enqueue{enqueue(1, 10*i+1, sized(9000, 1)), enqueue(1, 10*i+2, sized(9000, 2))}})
		commit(t, s, queue.Unit{Enqueue: []queue.Enqueue{enqueue(2, i+1, sized(5000, 3)), enqueue(3, i+1, sized(5000, 4))}})
	}
	shared := sized(30_000, 5)
	commit(t, s, queue.Unit{Enqueue: []queue.Enqueue{enqueue(2, 4, shared), enqueue(3, 4, shared)}})
}

// Badger's garbage collection brings deleted keys back to life. Whatever comes
// back, dead messages stay dead.
func TestKeysThatComeBack(t *testing.T) {
	for name, kill := range map[string]func(*Store){
		"at the head": func(s *Store) {
			commit(t, s, queue.Unit{Ack: []queue.Ack{ack(1, 1), ack(1, 2), ack(2, 1), ack(3, 1)}})
		},
		"in the middle": func(s *Store) {
			commit(t, s, queue.Unit{Ack: []queue.Ack{ack(1, 11), ack(1, 12), ack(2, 2), ack(3, 2)}})
		},
		"all, in two steps": func(s *Store) {
			commit(t, s, queue.Unit{Ack: []queue.Ack{ack(1, 11), ack(1, 12), ack(2, 2), ack(3, 2), ack(2, 4), ack(3, 4)}})
			commit(t, s, queue.Unit{Ack: []queue.Ack{
				ack(1, 21), ack(1, 22), ack(1, 1), ack(1, 2), ack(2, 1), ack(3, 1), ack(2, 3), ack(3, 3),
			}})
		},
		"a deleted queue": func(s *Store) { undeclare(t, s, 1) },
	} {
		t.Run(name, func(t *testing.T) {
			s := openDir(t, t.TempDir())
			fillBlocks(t, s)
			before := stored(t, s)
			kill(s)
			want := openDir(t, snapshot(t, s))
			alive := map[uint32][]uint64{}
			for id := uint32(1); id <= 3; id++ {
				alive[id] = seqs(recovered(t, want, id))
			}

			release := hold(s)
			// Own and mixed blocks whose marker is gone, too.
			require.NoError(t, s.apply(before))
			release()
			back := openDir(t, snapshot(t, s))
			for id := uint32(1); id <= 3; id++ {
				require.Equal(t, alive[id], seqs(recovered(t, back, id)), "queue %d", id)
			}
			// A restart and the sweep overwrite them again.
			for _, s := range []*Store{back, s} {
				s.sweep()
				require.Eventually(t, func() bool {
					dead, err := s.deadKeys()
					require.NoError(t, err)
					return len(dead) == 0
				}, 10*time.Second, time.Millisecond)
			}
		})
	}
}

// Purging a long queue leaves most of its keys to later commits, and is
// complete all the same.
func TestPurgeOfManyBlocks(t *testing.T) {
	s := openDir(t, t.TempDir())
	declare(t, s, 1)
	var purge queue.Unit
	const blocks = deferredMarkers + cleanupKeys + 100
	for i := range uint64(blocks) {
		commit(t, s, queue.Unit{Enqueue: []queue.Enqueue{enqueue(1, i+1, sized(ownBlockOctets, int(i)))}})
		purge.Ack = append(purge.Ack, ack(1, i+1))
	}
	release := hold(s)
	s.Submit(purge)
	crashed := make(chan string, 1)
	s.Submit(queue.Unit{Done: func(error) {
		// Right after the commit of the purge, before the rest is tidied up.
		to := t.TempDir()
		if copyDir(to, s.options.Dir) == nil {
			crashed <- to
		}
		close(crashed)
	}})
	release()
	if dir, copied := <-crashed; copied {
		back := openDir(t, dir)
		require.Empty(t, recovered(t, back, 1))
	}
	require.Eventually(t, func() bool {
		list, _ := keys(t, s, prefixBlock)
		return len(list) == 0
	}, 10*time.Second, time.Millisecond)
}

// Overwritten keys are deleted after enough flushes, also those that a restart
// finds.
func TestMarkersAreDeletedAtLast(t *testing.T) {
	s := openDir(t, t.TempDir())
	fillBlocks(t, s)
	commit(t, s, queue.Unit{Ack: []queue.Ack{ack(1, 1), ack(1, 2), ack(2, 1), ack(3, 1), ack(2, 4), ack(3, 4)}})
	count := func(s *Store) (n int) {
		for _, prefix := range []byte{prefixBlock, prefixMixed, prefixBody} {
			require.NoError(t, s.scan([]byte{prefix}, func(item *badger.Item) error {
				if isMarker(item.ValueSize()) {
					n++
				}
				return nil
			}))
		}
		return n
	}
	require.Equal(t, 3, count(s)) // a small mixed block is inline and goes at once
	restarted := openDir(t, snapshot(t, s))
	for _, s := range []*Store{s, restarted} {
		s.reclaim.flushes.Add(flushesBeforeDelete - 1)
		commit(t, s, queue.Unit{})
		require.Equal(t, 3, count(s))
		s.reclaim.flushes.Add(1)
		commit(t, s, queue.Unit{})
		require.Zero(t, count(s))
	}
}
