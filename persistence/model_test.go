package persistence

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/definitions"
	"github.com/leveretmq/leveret/message"
	"github.com/leveretmq/leveret/queue"
)

// model is what a store should hold, next to the store that should hold it.
type model struct {
	t      *testing.T
	random *rand.Rand
	store  *Store
	specs  []queue.Spec
	queues map[uint32]map[uint64]*message.Message // by the number of the stream
	next   map[uint32]uint64
	used   map[uint32]uint64 // the highest sequence number that was stored
	lastID uint32
	told   settled
	want   []uint64 // receipts in the order of their submission
	hold   func()   // releases the committer; nil if it runs
}

func TestStoreAgreesWithModel(t *testing.T) {
	for seed := uint64(1); seed <= 12; seed++ {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			m := &model{
				t: t, random: rand.New(rand.NewPCG(seed, 1)), store: openDir(t, t.TempDir()),
				queues: map[uint32]map[uint64]*message.Message{}, next: map[uint32]uint64{}, used: map[uint32]uint64{},
			}
			m.declare()
			for range 5 {
				m.work(60)
				m.reopen()
			}
			require.Zero(t, m.told.wrong)
		})
	}
}

// work does random things, some of them in one commit.
func (m *model) work(steps int) {
	for range steps {
		if m.hold != nil && m.random.IntN(8) == 0 {
			m.hold()
			m.hold = nil
		}
		m.step(m.random.IntN(100))
	}
	if m.hold != nil {
		m.hold()
		m.hold = nil
	}
	commit(m.t, m.store, queue.Unit{})
	require.Equal(m.t, m.want, m.told.list(), "receipts")
	m.checkIndex()
	m.checkLoads()
}

// checkLoads reads random parts of the queues back.
func (m *model) checkLoads() {
	for id, messages := range m.queues {
		all := slices.Sorted(maps.Keys(messages))
		var spans []queue.Span
		var want []uint64
		for i := 0; i < len(all); i++ {
			if m.random.IntN(3) == 0 {
				continue
			}
			from := i
			i = min(len(all)-1, i+m.random.IntN(30))
			spans = append(spans, queue.Span{First: all[from], Last: all[i]})
			want = append(want, all[from:i+1]...)
		}
		loaded := load(m.t, m.store, id, spans...)
		var got []uint64
		for _, l := range loaded {
			got = append(got, l.Seq)
			requireSame(m.t, messages[l.Seq], l.Message, "message %d of queue %d", l.Seq, id)
		}
		require.Equal(m.t, want, got, "queue %d", id)
	}
}

func (m *model) step(n int) {
	switch {
	case n < 60:
		m.enqueue()
	case n < 75:
		m.consume()
	case n < 77:
		m.purge(m.pick())
	case n < 80:
		m.gather(m.pick())
	case n < 82:
		m.replace(m.pick())
	case m.hold != nil: // the rest waits for a commit
	case n < 86:
		m.declare()
	case n < 88 && len(m.specs) > 2:
		gone := m.forget(m.pick())
		require.NoError(m.t, apply(m.store, definitions.Change{Delete: definitions.Set{Queues: []queue.Spec{gone}}}))
	default:
		m.hold = hold(m.store)
	}
}

func (m *model) declare() {
	for range 1 + m.random.IntN(4) {
		require.NoError(m.t, apply(m.store, definitions.Change{Put: definitions.Set{Queues: []queue.Spec{m.invent()}}}))
	}
}

// invent adds a queue to the model: a plain one, or one with many streams.
func (m *model) invent() queue.Spec {
	spec := queueSpec(m.lastID + 1)
	switch m.random.IntN(6) {
	case 0:
		spec.Arguments = quorumSpec(0).Arguments
	case 1, 2:
		spec.Arguments = amqp.Table{{Key: "x-max-priority", Value: int32(1 + m.random.IntN(4))}}
	}
	m.specs = append(m.specs, spec)
	for range spec.Streams() {
		m.lastID++
		m.queues[m.lastID] = map[uint64]*message.Message{}
		m.next[m.lastID] = m.store.NextSequence(m.lastID)
	}
	return spec
}

// forget takes the queue that a stream belongs to out of the model.
func (m *model) forget(id uint32) queue.Spec {
	i := slices.IndexFunc(m.specs, func(q queue.Spec) bool { return streamsOf(q).has(id) })
	gone := m.specs[i]
	m.specs = slices.Delete(m.specs, i, i+1)
	for id := gone.ID; streamsOf(gone).has(id); id++ {
		delete(m.queues, id)
	}
	return gone
}

// replace deletes a queue and defines another one in the same change, which may
// meet messages of the queue in one commit.
func (m *model) replace(id uint32) {
	m.store.Change(definitions.Change{
		Delete: definitions.Set{Queues: []queue.Spec{m.forget(id)}},
		Put:    definitions.Set{Queues: []queue.Spec{m.invent()}},
	}, nil)
}

// pick chooses a stream of any queue.
func (m *model) pick() uint32 { return m.streamOf(m.specs[m.random.IntN(len(m.specs))]) }

// streamOf chooses one of a queue's streams, mostly one of a few.
func (m *model) streamOf(q queue.Spec) uint32 {
	return q.ID + uint32(m.random.IntN(1+m.random.IntN(q.Streams())))
}

// enqueue publishes a few messages to one or many queues, and sometimes
// acknowledges others in the same unit.
func (m *model) enqueue() {
	targets := []uint32{m.pick()}
	if m.random.IntN(3) == 0 {
		targets = targets[:0]
		for _, q := range m.specs {
			targets = append(targets, m.streamOf(q))
		}
	}
	sizes := []int{0, 10, 100, 1000, 3000, 6000, 20_000, 300_000}
	var u queue.Unit
	for range 1 + m.random.IntN(12) {
		size := sizes[m.random.IntN(min(len(sizes), 1+m.random.IntN(len(sizes))))]
		msg := sized(size, m.random.IntN(1000))
		msg.RoutingKey = fmt.Sprint("key ", m.random.IntN(3))
		msg.Arrived = 1_700_000_000_000 + m.random.Int64N(3)
		for _, id := range targets {
			seq := m.next[id]
			m.next[id] += 1 + uint64(m.random.IntN(20)/19*m.random.IntN(5))
			m.queues[id][seq], m.used[id] = msg, seq
			e := enqueue(id, seq, msg)
			e.Receipt = m.told.receipt(uint64(len(m.want)))
			m.want = append(m.want, uint64(len(m.want)))
			u.Enqueue = append(u.Enqueue, e)
		}
	}
	if m.random.IntN(4) == 0 {
		u.Ack = m.choose(m.pick())
	}
	m.store.Submit(u)
}

// choose takes messages out of the model: from the head, or anywhere.
func (m *model) choose(id uint32) []queue.Ack {
	all := slices.Sorted(maps.Keys(m.queues[id]))
	n := min(len(all), m.random.IntN(40))
	if m.random.IntN(3) == 0 {
		m.random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	}
	var acks []queue.Ack
	for _, seq := range all[:n] {
		acks = append(acks, ack(id, seq))
		delete(m.queues[id], seq)
	}
	return acks
}

func (m *model) consume() {
	if acks := m.choose(m.pick()); len(acks) > 0 {
		m.store.Submit(queue.Unit{Ack: acks})
	}
}

// purge drops all of a queue, or a range of it.
func (m *model) purge(id uint32) {
	all := slices.Sorted(maps.Keys(m.queues[id]))
	if len(all) == 0 {
		return
	}
	from, to := 0, len(all)-1
	if m.random.IntN(2) == 0 {
		from = m.random.IntN(len(all))
		to = from + m.random.IntN(len(all)-from)
	}
	for _, seq := range all[from : to+1] {
		delete(m.queues[id], seq)
	}
	m.store.Submit(queue.Unit{Purge: []queue.Range{{Queue: id, Span: queue.Span{First: all[from], Last: all[to]}}}})
}

// gather has messages of some queues written again side by side, which may be
// acknowledged or purged in the same commit.
func (m *model) gather(ids ...uint32) {
	var u queue.Unit
	for _, id := range ids {
		all := slices.Sorted(maps.Keys(m.queues[id]))
		if len(all) == 0 {
			continue
		}
		from := m.random.IntN(len(all))
		part := all[from:min(len(all), from+1+m.random.IntN(200))]
		if m.random.IntN(2) == 0 { // some are ready, others wait for their time
			var ready, waiting []uint64
			for _, seq := range part {
				if m.random.IntN(40) == 0 {
					ready, waiting = waiting, ready
				}
				ready = append(ready, seq)
			}
			part = append(ready, waiting...)
		}
		for _, seq := range part {
			u.Gather = append(u.Gather, enqueue(id, seq, m.queues[id][seq]))
		}
	}
	m.store.Submit(u)
}

// reopen goes on with what a crash or a clean stop leaves.
func (m *model) reopen() {
	seen, returns := map[queue.Ack]bool{}, map[queue.Ack]uint16{}
	dir, clean := m.store.options.Dir, m.random.IntN(2) == 0
	if clean {
		var list []queue.Range
		for id, messages := range m.queues {
			for seq := range messages {
				if m.random.IntN(3) == 0 {
					r := single(id, seq)
					r.Returns = uint16(m.random.IntN(4) / 2 * m.random.IntN(400))
					list = append(list, r)
					seen[ack(id, seq)], returns[ack(id, seq)] = true, r.Returns
				}
			}
		}
		closeStore(m.t, m.store, list...)
	} else {
		dir = snapshot(m.t, m.store)
		closeStore(m.t, m.store)
	}
	m.store = openDir(m.t, dir)
	require.Equal(m.t, m.lastID, m.store.LastQueueID())
	for id, want := range m.queues {
		require.Greater(m.t, m.store.NextSequence(id), m.used[id])
		m.next[id] = m.store.NextSequence(id)
		all := recovered(m.t, m.store, id)
		require.Equal(m.t, slices.Sorted(maps.Keys(want)), seqs(all), "queue %d", id)
		for _, r := range all {
			requireSame(m.t, want[r.Seq], r.Message, "message %d of queue %d", r.Seq, id)
			require.Equal(m.t, !clean || seen[ack(id, r.Seq)], r.Redelivered)
			require.Equal(m.t, returns[ack(id, r.Seq)], r.Returns)
		}
	}
	m.checkIndex()
}

func requireSame(t *testing.T, want, got *message.Message, format string, args ...any) {
	require.True(t, bytes.Equal(want.Body, got.Body) && want.RoutingKey == got.RoutingKey && want.Arrived == got.Arrived,
		append([]any{format}, args...)...)
}

// checkIndex compares what the store knows with the model, and with itself.
func (m *model) checkIndex() {
	s := m.store
	release := hold(s)
	defer release()
	s.indexMu.Lock()
	defer s.indexMu.Unlock()
	m.checkStreams()
	refs := map[*body]uint32{}
	live := map[*block]uint32{}
	for id, q := range s.index.queues {
		total := 0
		for i, r := range q.runs {
			require.True(m.t, i == 0 || q.runs[i-1].last() < r.first, "runs of queue %d overlap", id)
			require.False(m.t, q.live.covers(r.first) && !r.block.mixed, "a living block counts as dead")
			require.NotZero(m.t, r.live)
			total += int(r.live)
			live[r.block] += r.live
			for _, ref := range r.block.refs {
				mine := ref.position >= r.base && ref.position < r.base+r.count
				if mine && !r.block.dead.has(ref.position) {
					refs[ref.body]++
				}
			}
		}
		require.Equal(m.t, len(m.queues[id]), total, "queue %d", id)
	}
	m.checkBlocks(live)
	require.Len(m.t, s.index.bodies, len(refs))
	for b, n := range refs {
		require.Equal(m.t, b.refs, n, "references to body %d", b.number)
	}
}

// checkBlocks compares the living records of blocks with those of their runs.
func (m *model) checkBlocks(live map[*block]uint32) {
	for b, n := range live {
		require.Equal(m.t, b.live, n, b.name())
		require.True(m.t, m.store.index.has(b))
	}
}

// checkStreams compares the numbers that are defined with those of the model.
func (m *model) checkStreams() {
	x := &m.store.index
	total := 0
	for _, d := range x.defined.list {
		total += int(d.count)
	}
	require.Equal(m.t, len(m.queues), total)
	for id, messages := range m.queues {
		require.True(m.t, x.defined.has(id))
		require.True(m.t, len(messages) == 0 || x.queues[id] != nil, "queue %d", id)
	}
	for id := range x.queues {
		require.Contains(m.t, m.queues, id, "a queue that is gone")
	}
}
