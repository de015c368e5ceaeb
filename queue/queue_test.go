package queue_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/message"
	"github.com/leveretmq/leveret/queue"
)

// waker counts how often it was told.
type waker struct {
	mu    sync.Mutex
	woken int
}

func (w *waker) Wake(*queue.Consumer) {
	w.mu.Lock()
	w.woken++
	w.mu.Unlock()
}

func (w *waker) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.woken
}

func newQueue(t testing.TB, spec queue.Spec) *queue.Queue {
	t.Helper()
	spec.VHost, spec.Name = "/", "q"
	q, err := queue.New(spec, queue.Options{})
	require.NoError(t, err)
	return q
}

func publish(q *queue.Queue, bodies ...string) {
	var batch []queue.Publication
	for _, body := range bodies {
		batch = append(batch, queue.Publication{Message: &message.Message{Body: []byte(body)}})
	}
	q.Publish(batch)
}

func bodies(entries []queue.Entry) []string {
	var list []string
	for _, e := range entries {
		list = append(list, string(e.Message.Body))
	}
	return list
}

func addConsumer(t testing.TB, q *queue.Queue, o queue.ConsumerOptions) (*queue.Consumer, *waker) {
	t.Helper()
	w := new(waker)
	c := queue.NewConsumer(q, w, o)
	require.NoError(t, q.AddConsumer(c))
	return c, w
}

const plenty = 1 << 20

func fetch(q *queue.Queue, c *queue.Consumer) []string {
	entries, _ := q.Fetch(c, nil, plenty)
	return bodies(entries)
}

func deliveries(q *queue.Queue, c *queue.Consumer, entries []queue.Entry) []queue.Delivery {
	var list []queue.Delivery
	for _, e := range entries {
		list = append(list, queue.Delivery{Entry: e, Queue: q, Consumer: c})
	}
	return list
}

func TestQueue_EqualConsumersTakeTurns(t *testing.T) {
	q := newQueue(t, queue.Spec{})
	a, _ := addConsumer(t, q, queue.ConsumerOptions{Tag: "a"})
	b, _ := addConsumer(t, q, queue.ConsumerOptions{Tag: "b"})
	c, _ := addConsumer(t, q, queue.ConsumerOptions{Tag: "c"})
	publish(q, "1", "2", "3", "4")
	publish(q, "5", "6", "7", "8")
	require.Equal(t, []string{"1", "4", "7"}, fetch(q, a))
	require.Equal(t, []string{"2", "5", "8"}, fetch(q, b))
	require.Equal(t, []string{"3", "6"}, fetch(q, c))
}

func TestQueue_HigherPriorityGoesFirstUntilItIsFull(t *testing.T) {
	q := newQueue(t, queue.Spec{})
	low, _ := addConsumer(t, q, queue.ConsumerOptions{Tag: "low"})
	high, _ := addConsumer(t, q, queue.ConsumerOptions{Tag: "high", Priority: 10, Prefetch: 2})
	publish(q, "1", "2", "3")
	require.Equal(t, []string{"1", "2"}, fetch(q, high))
	require.Equal(t, []string{"3"}, fetch(q, low))
}

func TestQueue_PrefetchIsFreedByAck(t *testing.T) {
	q := newQueue(t, queue.Spec{})
	c, w := addConsumer(t, q, queue.ConsumerOptions{Prefetch: 1})
	publish(q, "1", "2")
	entries, fetched := q.Fetch(c, nil, plenty)
	require.Equal(t, []string{"1"}, bodies(entries))
	require.Equal(t, queue.Drained, fetched)
	require.Equal(t, 1, w.count())
	q.Ack(deliveries(q, c, entries))
	require.Equal(t, 2, w.count(), "the ack makes room and the consumer is told")
	require.Equal(t, []string{"2"}, fetch(q, c))
}

func TestQueue_ConsumerIsToldOnceUntilItFetches(t *testing.T) {
	q := newQueue(t, queue.Spec{})
	c, w := addConsumer(t, q, queue.ConsumerOptions{NoAck: true})
	for i := range 10 {
		publish(q, fmt.Sprint(i))
	}
	require.Equal(t, 1, w.count())
	require.Len(t, fetch(q, c), 10)
	publish(q, "more")
	require.Equal(t, 2, w.count())
}

func TestQueue_FetchIsBoundedByOctets(t *testing.T) {
	q := newQueue(t, queue.Spec{})
	c, w := addConsumer(t, q, queue.ConsumerOptions{NoAck: true})
	big := string(make([]byte, 1000))
	publish(q, big, big, big)
	entries, fetched := q.Fetch(c, nil, 1500)
	require.Len(t, entries, 2, "the message that crosses the bound is the last")
	require.Equal(t, queue.More, fetched)
	entries, fetched = q.Fetch(c, nil, 1500)
	require.Len(t, entries, 1)
	require.Equal(t, queue.Drained, fetched)
	require.Equal(t, 1, w.count(), "nobody is told who has to come back anyway")
}

func TestQueue_ConnectionThatDoesNotFetchHoldsLittle(t *testing.T) {
	q := newQueue(t, queue.Spec{})
	stuck, _ := addConsumer(t, q, queue.ConsumerOptions{NoAck: true})
	var batch []string
	for i := range 1000 {
		batch = append(batch, fmt.Sprint(i))
	}
	publish(q, batch...)
	require.Equal(t, 800, q.Counts().Ready)
	require.False(t, q.RemoveConsumer(stuck))
	other, _ := addConsumer(t, q, queue.ConsumerOptions{NoAck: true})
	require.Equal(t, batch, fetch(q, other), "what was assigned is back in its place, not redelivered")
}

func TestQueue_RequeueRestoresOrderAndFlags(t *testing.T) {
	q := newQueue(t, queue.Spec{})
	c, _ := addConsumer(t, q, queue.ConsumerOptions{Prefetch: 3})
	publish(q, "1", "2", "3", "4")
	entries, _ := q.Fetch(c, nil, plenty)
	require.False(t, q.RemoveConsumer(c))
	all := deliveries(q, c, entries)
	q.Requeue([]queue.Delivery{all[2], all[0], all[1]}, queue.Nacked)
	for _, want := range []struct {
		body        string
		redelivered bool
	}{{"1", true}, {"2", true}, {"3", true}, {"4", false}} {
		d, _, ok := q.Get(queue.AutoAck)
		require.True(t, ok)
		require.Equal(t, want.body, string(d.Message.Body))
		require.Equal(t, want.redelivered, d.Redelivered())
	}
	require.Equal(t, queue.Counts{}, q.Counts())
}

func TestQueue_SharedLimitCountsOverQueues(t *testing.T) {
	limiter := new(queue.Limiter)
	limiter.SetLimit(2)
	one, two := newQueue(t, queue.Spec{}), newQueue(t, queue.Spec{})
	a, _ := addConsumer(t, one, queue.ConsumerOptions{Tag: "a", Limiter: limiter})
	b, _ := addConsumer(t, two, queue.ConsumerOptions{Tag: "b", Limiter: limiter})
	publish(one, "1", "2", "3")
	publish(two, "4")
	entries, _ := one.Fetch(a, nil, plenty)
	require.Equal(t, []string{"1", "2"}, bodies(entries))
	require.Empty(t, fetch(two, b))
	one.Ack(deliveries(one, a, entries))
	require.True(t, limiter.Release(2), "a consumer was refused and has to try again")
	one.Resume(a)
	two.Resume(b)
	require.Equal(t, []string{"3"}, fetch(one, a))
	require.Equal(t, []string{"4"}, fetch(two, b))
}

func TestQueue_ExclusiveConsumerStaysAlone(t *testing.T) {
	q := newQueue(t, queue.Spec{})
	only, _ := addConsumer(t, q, queue.ConsumerOptions{Tag: "only", Exclusive: true})
	refused := "ACCESS_REFUSED - queue 'q' in vhost '/' in exclusive use"
	err := q.AddConsumer(queue.NewConsumer(q, new(waker), queue.ConsumerOptions{}))
	require.ErrorContains(t, err, refused)
	q.RemoveConsumer(only)
	addConsumer(t, q, queue.ConsumerOptions{Tag: "first"})
	err = q.AddConsumer(queue.NewConsumer(q, new(waker), queue.ConsumerOptions{Exclusive: true}))
	require.ErrorContains(t, err, refused)
}

func TestQueue_AutoDeleteEndsWithTheLastConsumer(t *testing.T) {
	q := newQueue(t, queue.Spec{AutoDelete: true})
	a, _ := addConsumer(t, q, queue.ConsumerOptions{Tag: "a"})
	b, _ := addConsumer(t, q, queue.ConsumerOptions{Tag: "b"})
	require.False(t, q.RemoveConsumer(a))
	require.False(t, q.RemoveConsumer(a), "it is gone already")
	require.True(t, q.RemoveConsumer(b))
}

func TestQueue_DeleteTellsConsumersAndForgets(t *testing.T) {
	q := newQueue(t, queue.Spec{})
	c, w := addConsumer(t, q, queue.ConsumerOptions{Prefetch: 1})
	publish(q, "1", "2")
	entries, _ := q.Fetch(c, nil, plenty)
	told := w.count()
	n, err := q.Delete(queue.Condition{})
	require.NoError(t, err)
	require.Equal(t, 1, n, "unacknowledged messages do not count")
	require.Equal(t, told+1, w.count())
	_, fetched := q.Fetch(c, nil, plenty)
	require.Equal(t, queue.Gone, fetched)
	q.Ack(deliveries(q, c, entries))
	q.Requeue(deliveries(q, c, entries), queue.Nacked)
	publish(q, "late")
	require.Equal(t, queue.Counts{}, q.Counts())
}

func TestQueue_DeleteConditions(t *testing.T) {
	q := newQueue(t, queue.Spec{})
	publish(q, "1")
	_, err := q.Delete(queue.Condition{IfEmpty: true, IfUnused: true})
	require.ErrorContains(t, err, "PRECONDITION_FAILED - queue 'q' in vhost '/' not empty")
	c, _ := addConsumer(t, q, queue.ConsumerOptions{})
	_, err = q.Delete(queue.Condition{IfUnused: true})
	require.ErrorContains(t, err, "PRECONDITION_FAILED - queue 'q' in vhost '/' in use")
	require.Equal(t, []string{"1"}, fetch(q, c), "a refused deletion changes nothing")
}

func TestQueue_GetTellsWhatIsLeft(t *testing.T) {
	q := newQueue(t, queue.Spec{})
	publish(q, "1", "2")
	d, remaining, ok := q.Get(queue.ManualAck)
	require.True(t, ok)
	require.Equal(t, 1, remaining)
	require.Equal(t, queue.Counts{Ready: 1, Unacked: 1}, q.Counts())
	q.Ack([]queue.Delivery{d})
	_, _, ok = q.Get(queue.AutoAck)
	require.True(t, ok)
	_, _, ok = q.Get(queue.AutoAck)
	require.False(t, ok)
	require.Equal(t, queue.Counts{}, q.Counts())
}
