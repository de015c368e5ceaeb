package queue

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/message"
)

func TestWaiting_Delay(t *testing.T) {
	for _, c := range []struct {
		value any
		want  int64
	}{
		{int32(5), 5}, {int64(5), 5}, {int8(5), 5}, {int64(maxDelay), maxDelay}, {int64(maxDelay + 1), 0},
		{int32(0), 0}, {int32(-5), 0}, {"5", 0}, {5.0, 0}, {nil, 0}, {true, 0},
	} {
		headers := amqp.Table{{Key: DelayHeader, Value: c.value}}
		m := &message.Message{Properties: amqp.PropertyList{Headers: headers}.Encode()}
		require.Equal(t, c.want, Delay(m), "%T %v", c.value, c.value)
	}
	require.Zero(t, Delay(&message.Message{}))
}

// delaying makes a durable queue that holds messages back, on a store in memory.
func delaying(t *testing.T, arguments ...amqp.Field) (*Queue, *witness, *disk) {
	t.Helper()
	store, w := newDisk(), &witness{start: time.Now()}
	p := NewPager(PagerOptions{Store: store, Budget: 1 << 30})
	t.Cleanup(p.Close)
	spec := Spec{Durable: true, Arguments: append(arguments, amqp.Field{Key: "x-delayed", Value: true})}
	q, err := New(spec, Options{Store: store, Pager: p, NextSeq: 1})
	require.NoError(t, err)
	t.Cleanup(q.End)
	return q, w, store
}

// stays publishes a persistent message that is held back.
func stays(q *Queue, body string, delay time.Duration) {
	q.Publish([]Publication{{Message: lasting(body, delay)}})
}

func lasting(body string, delay time.Duration) *message.Message {
	return &message.Message{
		Body: []byte(body), Properties: delayed(delay).Encode(), Arrived: time.Now().UnixMilli(), Persistent: true,
	}
}

// next is the body of the next message, or empty.
func next(q *Queue) string {
	d, _, ok := q.Get(AutoAck)
	if !ok {
		return ""
	}
	return string(d.Message.Body)
}

// What waits can leave memory, and comes at its time all the same.
func TestWaiting_LeavesMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, w, store := delaying(t)
		stays(q, "late", 200*time.Millisecond)
		stays(q, "early", 100*time.Millisecond)
		list, bound := q.scattered(0)
		require.Len(t, list, 2, "they are gathered on the disk")
		require.NoError(t, q.pageOut(bound, 0))
		require.Zero(t, q.core.memory)
		require.Equal(t, Counts{Delayed: 2}, q.Counts())
		for n, want := range []string{"early", "late"} {
			at := int64(n+1) * 100
			until(w, at-1)
			require.Empty(t, next(q))
			until(w, at)
			require.Equal(t, want, next(q))
		}
		require.Empty(t, store.stored)
	})
}

// A message that is held back does not count as ready: neither for limits nor for
// basic.get, and a consumer gets what comes later.
func TestWaiting_HoldsNobodyUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, w, _ := delaying(t, ms("x-max-length", 1))
		stays(q, "held back", 100*time.Millisecond)
		stays(q, "first", 0)
		stays(q, "second", 0)
		require.Equal(t, Counts{Ready: 1, Delayed: 1}, q.Counts())
		require.Equal(t, "second", next(q), "the first one was too much")
		stays(q, "third", 0)
		until(w, 100)
		require.Equal(t, Counts{Ready: 1}, q.Counts(), "there is one too much when it becomes ready")
		require.Equal(t, "third", next(q))
	})
}

func TestWaiting_Purge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, w, store := delaying(t)
		stays(q, "a", 100*time.Millisecond)
		stays(q, "b", 0)
		stays(q, "c", 200*time.Millisecond)
		require.Equal(t, 3, q.Purge(nil))
		require.Empty(t, store.stored)
		require.Zero(t, q.core.memory)
		until(w, 1000)
		require.Equal(t, Counts{}, q.Counts())
	})
}

// After a restart a message waits for the rest of its time, be it in memory or on
// the disk.
func TestWaiting_OverARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, w, store := delaying(t)
		for i, delay := range []time.Duration{300, 50, 200} {
			store.stored[uint64(i+1)] = lasting(string(rune('a'+i)), delay*time.Millisecond)
		}
		until(w, 100)
		q.Restore(0, Recovered{Span: Span{First: 1, Last: 2}, Count: 2, Redelivered: []Span{{First: 1, Last: 1}}})
		q.Restore(0, Recovered{Span: Span{First: 3, Last: 3}, Message: store.stored[3], Count: 1})
		q.Restored()
		require.Equal(t, "b", next(q), "its time came meanwhile")
		require.Equal(t, Counts{Delayed: 2}, q.Counts())
		until(w, 200)
		require.Equal(t, "c", next(q))
		until(w, 299)
		require.Empty(t, next(q))
		until(w, 300)
		d, _, ok := q.Get(ManualAck)
		require.True(t, ok)
		require.Equal(t, "a", string(d.Message.Body))
		require.True(t, d.Redelivered())
		stays(q, "d", 0)
		require.EqualValues(t, 4, q.core.nextSeq-1)
	})
}
