package queue

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/message"
)

// model is what a queue is, told as simply as possible: each message is ready,
// assigned, held by a client, or gone.
type model struct {
	core      core
	rng       *rand.Rand
	ready     []uint64        // ascending
	flagged   map[uint64]bool // has come back from a client
	held      []Delivery      // by clients, unacknowledged
	consumers []*Consumer
	gone      map[uint64]bool // stored messages that the store may forget
	published uint64
}

func newModel(seed uint64) *model {
	return &model{
		rng:     rand.New(rand.NewPCG(seed, 1)),
		flagged: make(map[uint64]bool),
		gone:    make(map[uint64]bool),
	}
}

// TestQueue_AgainstModel drives the core with random commands and compares it
// with the model after each.
func TestQueue_AgainstModel(t *testing.T) {
	for seed := range uint64(100) {
		m := newModel(seed)
		for step := range 200 {
			name := m.step(t)
			m.check(t, fmt.Sprintf("seed %d, step %d: %s", seed, step, name))
		}
	}
}

func (m *model) step(t *testing.T) string {
	steps := []struct {
		name string
		do   func(*testing.T)
	}{
		{"publish", m.publish},
		{"publish", m.publish},
		{"fetch", m.fetch},
		{"fetch", m.fetch},
		{"fetch", m.fetch},
		{"ack", m.ack},
		{"ack", m.ack},
		{"requeue", m.requeue},
		{"get", m.get},
		{"add consumer", m.addConsumer},
		{"remove consumer", m.removeConsumer},
		{"purge", m.purge},
	}
	// A purge makes the rest dull, so it is rare.
	chosen := steps[m.rng.IntN(len(steps)-1+m.rng.IntN(2))]
	chosen.do(t)
	return chosen.name
}

func (m *model) publish(*testing.T) {
	for range 1 + m.rng.IntN(20) {
		body := make([]byte, m.rng.IntN(3)*m.rng.IntN(100_000))
		seq := m.core.publish(&message.Message{Body: body}, true)
		m.ready = append(m.ready, seq)
		m.published++
	}
	m.core.dispatch()
}

func (m *model) addConsumer(*testing.T) {
	if len(m.consumers) >= 6 {
		return
	}
	c := NewConsumer(nil, nil, ConsumerOptions{
		Tag:      fmt.Sprint(m.rng.Uint64()),
		NoAck:    m.rng.IntN(3) == 0,
		Prefetch: m.rng.IntN(5),
		Priority: int64(m.rng.IntN(3)),
	})
	m.consumers = append(m.consumers, c)
	m.core.addConsumer(c)
}

func (m *model) removeConsumer(t *testing.T) {
	if len(m.consumers) == 0 {
		return
	}
	i := m.rng.IntN(len(m.consumers))
	require.True(t, m.core.removeConsumer(m.consumers[i]))
	require.False(t, m.core.removeConsumer(m.consumers[i]))
	m.consumers = slices.Delete(m.consumers, i, i+1)
}

func (m *model) fetch(t *testing.T) {
	if len(m.consumers) == 0 {
		return
	}
	c := m.consumers[m.rng.IntN(len(m.consumers))]
	entries, more := m.core.fetch(c, nil, m.rng.IntN(200_000))
	require.Equal(t, more, c.assigned.len() > 0)
	for _, e := range entries {
		m.leave(t, e)
		if !c.NoAck {
			m.held = append(m.held, Delivery{Entry: e, Consumer: c})
		}
	}
}

// leave takes a message that a client was given out of the ready ones.
func (m *model) leave(t *testing.T, e Entry) {
	i := slices.Index(m.ready, e.Seq)
	require.GreaterOrEqual(t, i, 0, "message %d was given out twice", e.Seq)
	m.ready = slices.Delete(m.ready, i, i+1)
	require.Equal(t, m.flagged[e.Seq], e.Redelivered, "redelivered flag of message %d", e.Seq)
}

func (m *model) get(t *testing.T) {
	e, ok := m.core.get()
	if ok {
		m.leave(t, e)
		m.held = append(m.held, Delivery{Entry: e})
	}
}

// someHeld takes a random part of what clients hold.
func (m *model) someHeld() (taken []Delivery) {
	m.held = slices.DeleteFunc(m.held, func(d Delivery) bool {
		if m.rng.IntN(2) == 0 {
			return false
		}
		taken = append(taken, d)
		return true
	})
	return taken
}

func (m *model) ack(*testing.T) {
	for _, d := range m.someHeld() {
		m.core.release(d.Consumer, d.Entry)
		if d.Consumer != nil {
			m.core.readmit(d.Consumer)
		}
	}
	m.core.dispatch()
}

func (m *model) requeue(*testing.T) {
	back := m.someHeld()
	m.rng.Shuffle(len(back), func(i, j int) { back[i], back[j] = back[j], back[i] })
	for _, d := range back {
		d.Redelivered = true
		m.flagged[d.Seq] = true
		m.core.giveBack(d.Consumer, d.Entry)
		m.ready = append(m.ready, d.Seq)
	}
	slices.Sort(m.ready)
	for _, d := range back {
		if d.Consumer != nil {
			m.core.readmit(d.Consumer)
		}
	}
	m.core.dispatch()
}

func (m *model) purge(*testing.T) {
	m.core.purge()
	// Purging takes what is ready for the queue, not what is assigned.
	assigned := m.assigned()
	m.ready = slices.DeleteFunc(m.ready, func(seq uint64) bool { return !slices.Contains(assigned, seq) })
}

// assigned lists what waits for consumers to fetch it.
func (m *model) assigned() (seqs []uint64) {
	for _, c := range m.consumers {
		for i := range c.assigned.len() {
			seqs = append(seqs, c.assigned.at(i).Seq)
		}
	}
	return seqs
}

func (m *model) check(t *testing.T, at string) {
	assigned := m.assigned()
	require.Len(t, m.ready, m.core.ready.len()+len(assigned), "%s: ready messages", at)
	require.Equal(t, len(m.held)+len(assigned), m.core.unacked, "%s: unacknowledged messages", at)
	for _, seq := range m.core.effects.gone {
		require.False(t, m.gone[seq], "%s: message %d left twice", at, seq)
		m.gone[seq] = true
	}
	m.core.effects.gone = nil
	require.Equal(t, int(m.published), len(m.gone)+len(m.held)+len(m.ready), "%s: no message is lost or doubled", at)
	if m.core.ready.len() == 0 {
		require.Zero(t, m.core.ready.bytes, "%s: octets of an empty queue", at)
		return
	}
	next := m.peek()
	for _, c := range m.consumers {
		require.False(t, c.hasRoom(), "%s: a consumer with room waits while message %d is ready", at, next)
		if c.Prefetch > 0 {
			require.LessOrEqual(t, c.unacked, c.Prefetch, "%s: prefetch", at)
		}
	}
	free := slices.DeleteFunc(slices.Clone(m.ready), func(seq uint64) bool { return slices.Contains(assigned, seq) })
	require.Equal(t, free[0], next, "%s: the lowest sequence number goes first", at)
}

func (m *model) peek() uint64 {
	if len(m.core.ready.returned) > 0 {
		return m.core.ready.returned[0].Seq
	}
	return m.core.ready.fifo.front().Seq
}
