package server

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/queue"
)

// unackedModel is what an unackedList is, told as simply as possible.
type unackedModel struct {
	list   unackedList
	random *rand.Rand
	queue  *queue.Queue
	last   uint64
	held   map[uint64]queue.Delivery
	taken  []queue.Delivery // for a rollback
	late   map[uint64]bool  // tags that were taken back because of their age
}

// TestUnackedList_AgainstModel does random things to a list and compares it
// with the model after each.
func TestUnackedList_AgainstModel(t *testing.T) {
	q, err := queue.New(queue.Spec{Name: "q"}, queue.Options{})
	require.NoError(t, err)
	for seed := range uint64(20) {
		m := &unackedModel{random: rand.New(rand.NewPCG(seed, 0)), queue: q, held: make(map[uint64]queue.Delivery), late: make(map[uint64]bool)}
		for step := range 300 {
			name := m.step(t)
			m.check(t, fmt.Sprintf("seed %d, step %d: %s", seed, step, name))
		}
	}
}

func (m *unackedModel) step(t *testing.T) string {
	steps := []struct {
		name string
		do   func(*testing.T)
	}{
		{"push", m.push}, {"push", m.push}, {"push", m.push},
		{"take one", m.takeOne}, {"take one", m.takeOne}, {"take one", m.takeOne}, {"take one", m.takeOne},
		{"take many", m.takeMany}, {"restore", m.restore}, {"limit", m.limit},
		{"take late", m.takeLate}, {"take all", m.takeAll},
	}
	chosen := steps[m.random.IntN(len(steps)-m.random.IntN(2))] // all is rarer
	chosen.do(t)
	return chosen.name
}

func (m *unackedModel) push(*testing.T) {
	for range 1 + m.random.IntN(25) {
		m.last += uint64(1 + m.random.IntN(2)*m.random.IntN(3)) // no-ack deliveries use tags, too
		d := queue.Delivery{Queue: m.queue, Entry: queue.Entry{Seq: m.random.Uint64()}, Tag: m.last}
		m.list.push(d)
		m.held[m.last] = d
	}
}

// tag is any tag, mostly one that is outstanding.
func (m *unackedModel) tag() uint64 {
	if held := m.tags(); len(held) > 0 && m.random.IntN(5) > 0 {
		return held[m.random.IntN(len(held))]
	}
	return m.random.Uint64N(m.last + 2)
}

func (m *unackedModel) tags() []uint64 { return slices.Sorted(maps.Keys(m.held)) }

func (m *unackedModel) takeOne(t *testing.T)  { m.take(t, m.tag(), single) }
func (m *unackedModel) takeMany(t *testing.T) { m.take(t, m.tag(), !single) }
func (m *unackedModel) takeAll(t *testing.T)  { m.take(t, 0, !single) }

func (m *unackedModel) take(t *testing.T, tag uint64, multiple bool) {
	var want []queue.Delivery
	for _, held := range m.tags() {
		if held == tag || multiple && (held < tag || tag == 0) {
			want = append(want, m.held[held])
		}
	}
	got, err := m.list.takeTagged(tag, multiple, nil)
	forgiven := m.late[tag]
	delete(m.late, tag)
	if !multiple && forgiven {
		require.NoError(t, err)
		require.Empty(t, got)
		return
	}
	if _, ok := m.held[tag]; !ok && !forgiven && !(multiple && tag == 0) {
		var protocol *amqp.Error
		require.ErrorAs(t, err, &protocol)
		require.Equal(t, fmt.Sprintf("PRECONDITION_FAILED - unknown delivery tag %d", tag), protocol.ReplyText())
		return
	}
	require.NoError(t, err)
	require.Len(t, got, len(want))
	for i := range want {
		if want[i].Tag != got[i].Tag || want[i].Seq != got[i].Seq {
			t.Fatalf("tag %d is %d", want[i].Tag, got[i].Tag)
		}
		delete(m.held, got[i].Tag)
	}
	m.taken = append(m.taken, got...)
}

// takeLate takes back what has an even number.
func (m *unackedModel) takeLate(t *testing.T) {
	even := func(d *queue.Delivery) bool { return d.Seq%2 == 0 }
	upTo, oldest := m.tag(), uint64(0)
	var want []uint64
	for _, tag := range m.tags() {
		switch d := m.held[tag]; {
		case !even(&d):
		case tag <= upTo:
			want = append(want, tag)
		case oldest == 0:
			oldest = tag
		}
	}
	got, next := m.list.takeLate(upTo, even)
	require.Equal(t, oldest, next)
	require.Len(t, got, len(want))
	for i, d := range got {
		require.Equal(t, want[i], d.Tag)
		delete(m.held, d.Tag)
		m.late[d.Tag] = true
	}
}

// restore brings back some of what was taken, as a rollback does.
func (m *unackedModel) restore(*testing.T) {
	var back []queue.Delivery
	m.taken = slices.DeleteFunc(m.taken, func(u queue.Delivery) bool {
		if m.random.IntN(3) == 0 {
			return false
		}
		back = append(back, u)
		return true
	})
	m.random.Shuffle(len(back), func(i, j int) { back[i], back[j] = back[j], back[i] })
	m.list.restore(back)
	for _, u := range back {
		m.held[u.Tag] = u
	}
}

func (m *unackedModel) limit(t *testing.T) {
	unlimited := int64(0)
	for _, u := range m.list.items[m.list.head:] {
		if u.Queue != nil && !u.Limited {
			unlimited++
		}
	}
	require.Equal(t, unlimited, m.list.limitAll())
	require.Zero(t, m.list.limitAll())
}

func (m *unackedModel) check(t *testing.T, at string) {
	l := &m.list
	require.Equal(t, len(m.held), l.live, at)
	var got []uint64
	for i, u := range l.items {
		if u.Queue == nil {
			continue
		}
		got = append(got, u.Tag)
		if i < l.head || u.Seq != m.held[u.Tag].Seq {
			t.Fatalf("%s: tag %d at %d is not what was pushed", at, u.Tag, i)
		}
	}
	require.True(t, slices.Equal(m.tags(), got), at)
	require.LessOrEqual(t, len(l.items)-l.head, max(compactAbove, 2*l.live+1), "%s: holes", at)
	for _, u := range l.items[:cap(l.items)][len(l.items):] {
		if u.Queue != nil {
			t.Fatalf("%s: a delivery beyond the end keeps its message alive", at)
		}
	}
}

// Room that was only needed once is not kept.
func TestUnackedList_ReturnsMemory(t *testing.T) {
	q, err := queue.New(queue.Spec{Name: "q"}, queue.Options{})
	require.NoError(t, err)
	var l unackedList
	for tag := range uint64(100_000) {
		l.push(queue.Delivery{Queue: q, Tag: tag + 1})
	}
	l.takeUpTo(maxTag, nil)
	require.Zero(t, cap(l.items))
}
