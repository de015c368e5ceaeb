package persistence

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/definitions"
	"github.com/leveretmq/leveret/queue"
)

func TestDefinedStreamsAgreeWithModel(t *testing.T) {
	for seed := range uint64(30) {
		random := rand.New(rand.NewPCG(seed, 4))
		var d definedStreams
		owner := map[uint32]uint32{} // of each number
		var firsts []uint32
		next := uint32(1)
		for range 300 {
			if len(firsts) == 0 || random.IntN(5) > 1 {
				s := streams{first: next, count: 1 + random.Uint32N(40)}
				next += s.count + random.Uint32N(2)
				firsts = append(firsts, s.first)
				for range 1 + random.IntN(2) { // it may be defined again, as it is changed
					d.add(s)
				}
				for id := s.first; s.has(id); id++ {
					owner[id] = s.first
				}
			} else {
				i := random.IntN(len(firsts))
				s, found := d.remove(firsts[i])
				require.True(t, found)
				for id := s.first; s.has(id); id++ {
					require.Equal(t, s.first, owner[id])
					delete(owner, id)
				}
				_, found = d.remove(firsts[i])
				require.False(t, found)
				firsts = append(firsts[:i], firsts[i+1:]...)
			}
			for id := range next + 2 {
				_, defined := owner[id]
				require.Equal(t, defined, d.has(id), "seed %d number %d", seed, id)
			}
		}
		require.LessOrEqual(t, len(d.list), 2*len(firsts)+1)
	}
}

// A quorum queue has 32 streams, and most of them never have a message.
func TestStreamsAreMadeWhenTheyAreNeeded(t *testing.T) {
	s := openDir(t, t.TempDir())
	var c definitions.Change
	const queues, streams = 100, 32
	for i := range uint32(queues) {
		c.Put.Queues = append(c.Put.Queues, quorumSpec(1+i*streams))
	}
	require.NoError(t, apply(s, c))
	require.Empty(t, s.index.queues)
	require.EqualValues(t, queues*streams, s.LastQueueID())
	last := uint32(queues * streams)
	commit(t, s, queue.Unit{Enqueue: []queue.Enqueue{enqueue(last, 7, text("the last")), enqueue(last+1, 1, text("of none"))}})
	require.Len(t, s.index.queues, 1)

	s = openDir(t, snapshot(t, s))
	require.EqualValues(t, queues*streams, s.LastQueueID())
	require.Len(t, s.index.queues, 1)
	require.Greater(t, s.NextSequence(last), uint64(7))
	require.Empty(t, recovered(t, s, last-1))
	require.Equal(t, []string{"the last"}, bodies(recovered(t, s, last)))
}

// With a queue go all of its streams, and what is on its way to them.
func TestAllStreamsOfAQueueGo(t *testing.T) {
	s := openDir(t, t.TempDir())
	spec, other := quorumSpec(5), queueSpec(4)
	require.NoError(t, apply(s, definitions.Change{Put: definitions.Set{Queues: []queue.Spec{spec, other}}}))
	fill := func() (u queue.Unit) {
		first := s.NextSequence(5) + uint64(len(s.index.queues))*100
		for id := spec.ID - 1; id < spec.ID+uint32(spec.Streams()); id += 3 {
			u.Enqueue = append(u.Enqueue, enqueue(id, first, text(fmt.Sprint("in ", id))), enqueue(id, first+1, sized(20_000, 1)))
		}
		return u
	}
	commit(t, s, fill())
	release := hold(s)
	s.Submit(fill())
	s.Change(definitions.Change{Delete: definitions.Set{Queues: []queue.Spec{spec}}}, nil)
	release()
	commit(t, s, queue.Unit{})
	require.Len(t, s.index.queues, 1)
	require.Equal(t, 1, len(s.index.defined.list)-s.index.defined.gone)

	for _, dir := range []string{snapshot(t, s), s.options.Dir} {
		closeStore(t, s)
		s = openDir(t, dir)
		require.Len(t, s.index.queues, 1)
		require.Len(t, recovered(t, s, other.ID), 4)
		require.Empty(t, recovered(t, s, 7))
		require.EqualValues(t, 36, s.LastQueueID(), "numbers never come back")
	}
}

func TestQueuesWithTheSameNumbersAreRefused(t *testing.T) {
	s := openDir(t, t.TempDir())
	require.NoError(t, apply(s, definitions.Change{Put: definitions.Set{Queues: []queue.Spec{quorumSpec(1), queueSpec(32)}}}))
	closeStore(t, s)
	_, err := Open(quietOptions(s.options.Dir))
	require.ErrorIs(t, err, errDamaged)
}

func quorumSpec(id uint32) queue.Spec {
	spec := queueSpec(id)
	spec.Arguments = amqp.Table{{Key: "x-queue-type", Value: "quorum"}}
	return spec
}
