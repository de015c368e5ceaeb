package queue

import (
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/message"
)

// witness notes when its queue does something by itself.
type witness struct {
	start time.Time

	mu      sync.Mutex
	buried  []int64 // milliseconds after the start; guarded by mu
	expired []int64 // guarded by mu
}

func (w *witness) Bury(_ *Queue, dead []Dead) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for range dead {
		w.buried = append(w.buried, time.Since(w.start).Milliseconds())
	}
}

func (w *witness) Expired(*Queue) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.expired = append(w.expired, time.Since(w.start).Milliseconds())
}

// burials is when messages were dropped, and expiries when the queue was.
func (w *witness) burials() []int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.buried)
}

func (w *witness) expiries() []int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.expired)
}

// watched makes a queue that is watched. It must be ended by End.
func watched(t *testing.T, arguments ...amqp.Field) (*Queue, *witness) {
	t.Helper()
	w := &witness{start: time.Now()}
	arguments = append(arguments, amqp.Field{Key: "x-dead-letter-exchange", Value: ""})
	q, err := New(Spec{VHost: "/", Name: "q", Arguments: arguments}, Options{Host: w})
	require.NoError(t, err)
	return q, w
}

// ms is an argument in milliseconds.
func ms(key string, value int32) amqp.Field { return amqp.Field{Key: key, Value: value} }

// arrives publishes a message with the given properties.
func arrives(q *Queue, p amqp.PropertyList) {
	m := &message.Message{Properties: p.Encode(), Arrived: time.Now().UnixMilli()}
	q.Publish([]Publication{{Message: m}})
}

func lives(d time.Duration) amqp.PropertyList {
	return amqp.PropertyList{Expiration: strconv.FormatInt(d.Milliseconds(), 10)}
}

func delayed(d time.Duration) amqp.PropertyList {
	return amqp.PropertyList{Headers: amqp.Table{{Key: DelayHeader, Value: d.Milliseconds()}}}
}

// until lets the time pass, and all that has to happen in it.
func until(w *witness, ms int64) {
	time.Sleep(time.Until(w.start.Add(time.Duration(ms) * time.Millisecond)))
	synctest.Wait()
}

// armedFor is when the timer of the queue fires, in milliseconds after the start;
// -1 is never.
func armedFor(q *Queue, w *witness) int64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.clock == nil || q.clock.armed == 0 {
		return -1
	}
	return q.clock.armed - w.start.UnixMilli()
}

// requireStopped fails if the timer of the queue can still fire.
func requireStopped(t *testing.T, q *Queue) {
	t.Helper()
	require.True(t, q.clock == nil || q.clock.timer == nil || !q.clock.timer.Stop(), "the timer has not been stopped")
}

func TestTimer_FiresWhenTheHeadExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, w := watched(t, ms("x-message-ttl", 100))
		arrives(q, amqp.PropertyList{})
		until(w, 30)
		arrives(q, lives(500*time.Millisecond))
		arrives(q, lives(20*time.Millisecond)) // stays behind the others
		until(w, 99)
		require.Equal(t, 3, q.Counts().Ready)
		until(w, 1000)
		require.Equal(t, []int64{100, 130, 130}, w.burials())
		require.Equal(t, Counts{}, q.Counts())
		require.EqualValues(t, -1, armedFor(q, w), "nothing is left to wait for")
		arrives(q, amqp.PropertyList{})
		until(w, 2000)
		require.Equal(t, []int64{100, 130, 130, 1100}, w.burials(), "the timer is armed once more")
		q.End()
		requireStopped(t, q)
	})
}

// The timer is not set anew with each message: it fires too early now and then,
// and never too late.
func TestTimer_IsArmedLazily(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, w := watched(t, ms("x-max-priority", 2))
		arrives(q, lives(100*time.Millisecond))
		require.EqualValues(t, 100, armedFor(q, w))
		until(w, 10)
		arrives(q, lives(200*time.Millisecond))
		require.EqualValues(t, 100, armedFor(q, w), "what comes behind does not count")
		urgent := lives(50 * time.Millisecond)
		urgent.Priority = 2
		arrives(q, urgent)
		require.EqualValues(t, 60, armedFor(q, w), "what goes before the others does")
		_, _, ok := q.Get(AutoAck)
		require.True(t, ok)
		require.EqualValues(t, 60, armedFor(q, w), "to stop it would cost more than to let it fire")
		until(w, 60)
		require.EqualValues(t, 100, armedFor(q, w))
		require.Empty(t, w.burials())
		until(w, 100)
		require.EqualValues(t, 210, armedFor(q, w))
		until(w, 1000)
		require.Equal(t, []int64{100, 210}, w.burials())
		q.End()
		requireStopped(t, q)
	})
}

func TestTimer_FiresWhenMessagesAreDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, w := watched(t, amqp.Field{Key: "x-delayed", Value: true})
		for _, delay := range []time.Duration{300, 100, 200, 0} {
			arrives(q, delayed(delay*time.Millisecond))
		}
		ready := func() int { return q.Counts().Ready }
		require.Equal(t, Counts{Ready: 1, Delayed: 3}, q.Counts())
		for n, at := range []int64{100, 200, 300} {
			until(w, at-1)
			require.Equal(t, n+1, ready())
			until(w, at)
			require.Equal(t, n+2, ready())
		}
		require.EqualValues(t, -1, armedFor(q, w))
		q.End()
		requireStopped(t, q)
	})
}

// More messages than become ready under one lock are ready at the same time, too.
func TestTimer_ManyAreDueAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, w := watched(t, amqp.Field{Key: "x-delayed", Value: true})
		const many = 3*ripeAtOnce + 1
		for range many {
			arrives(q, delayed(time.Second))
		}
		until(w, 999)
		require.Equal(t, Counts{Delayed: many}, q.Counts())
		until(w, 1000)
		require.Equal(t, Counts{Ready: many}, q.Counts())
		require.Equal(t, many, q.Purge(nil))
		q.End()
		requireStopped(t, q)
	})
}

func TestTimer_IsArmedByTransactions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, w := watched(t)
		m := &message.Message{Properties: lives(50 * time.Millisecond).Encode(), Arrived: time.Now().UnixMilli()}
		Commit(nil, []Part{{Queue: q, Publish: []Publication{{Message: m}}}}, func(error) {})
		until(w, 1000)
		require.Equal(t, []int64{50}, w.burials())
		q.End()
	})
}

// A queue that is deleted has no timer, and one that fires at that moment does nothing.
func TestTimer_EndsWithTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, w := watched(t, ms("x-message-ttl", 100), ms("x-expires", 500), amqp.Field{Key: "x-delayed", Value: true})
		arrives(q, amqp.PropertyList{})
		arrives(q, delayed(200*time.Millisecond))
		q.End()
		requireStopped(t, q)
		q.tick()
		arrives(q, lives(time.Millisecond))
		q.Touch()
		_, _, ok := q.Get(AutoAck)
		require.False(t, ok)
		requireStopped(t, q)
		until(w, 10_000)
		require.Empty(t, w.burials())
		require.Empty(t, w.expiries())
		require.False(t, q.Unused())
	})
}

// Most queues never look at the clock.
func TestTimer_NoneWithoutTimes(t *testing.T) {
	q, _ := watched(t, ms("x-max-length", 10), ms("x-max-priority", 5))
	arrives(q, amqp.PropertyList{})
	_, _, ok := q.Get(AutoAck)
	require.True(t, ok)
	require.Nil(t, q.clock)
	require.False(t, q.core.timed)
	arrives(q, lives(time.Hour))
	require.NotNil(t, q.clock)
	q.End()
	requireStopped(t, q)
}

// Consumers keep a queue; publishing to it does not. When the last one goes the time
// begins anew.
func TestTimer_UnusedQueueExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, w := watched(t, ms("x-expires", 100))
		until(w, 90)
		c := NewConsumer(q, silent{}, ConsumerOptions{})
		require.NoError(t, q.AddConsumer(c))
		until(w, 1000)
		other := NewConsumer(q, silent{}, ConsumerOptions{})
		require.NoError(t, q.AddConsumer(other))
		q.RemoveConsumer(c)
		until(w, 2000)
		require.Empty(t, w.expiries())
		require.False(t, q.Unused())
		q.RemoveConsumer(other)
		until(w, 2099)
		require.False(t, q.Unused())
		arrives(q, amqp.PropertyList{})
		until(w, 2150)
		require.Equal(t, []int64{2100}, w.expiries())
		require.True(t, q.Unused())
		require.Equal(t, 1, q.Counts().Ready, "the broker deletes it")
		q.End()
		require.False(t, q.Unused())
		requireStopped(t, q)
	})
}

// Messages expire in a queue that will expire later, and the other way round.
func TestTimer_ServesBothTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, w := watched(t, ms("x-expires", 100))
		arrives(q, lives(50*time.Millisecond))
		arrives(q, lives(500*time.Millisecond))
		until(w, 200)
		require.Equal(t, []int64{50}, w.burials())
		require.Equal(t, []int64{100}, w.expiries())
		q.End()
		until(w, 1000)
		require.Equal(t, []int64{50}, w.burials(), "what is left goes with the queue")
	})
}
