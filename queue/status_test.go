package queue_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/message"
	"github.com/leveretmq/leveret/queue"
)

// named is the connection that an exclusive queue belongs to.
type named struct{ name string }

func (n named) ConnectionName() string { return n.name }

// located is a waker that knows where it is.
type located struct {
	waker
	ref queue.ChannelRef
}

func (l *located) Locate() queue.ChannelRef { return l.ref }

func TestStatus_Messages(t *testing.T) {
	q := newQueue(t, queue.Spec{Arguments: amqp.Table{{Key: "x-max-priority", Value: int32(3)}}})
	q.Publish([]queue.Publication{
		{Message: &message.Message{Body: []byte("low"), Properties: amqp.PropertyList{Timestamp: 7}.Encode()}},
		{Message: &message.Message{Body: []byte("highest"), Properties: amqp.PropertyList{Priority: 3, Timestamp: 1234}.Encode()}},
		{Message: &message.Message{Body: []byte("highest"), Properties: amqp.PropertyList{Priority: 3}.Encode()}},
	})
	s := q.Status()
	require.Equal(t, queue.Amount{Messages: 3, Octets: 17}, s.Ready)
	require.Equal(t, queue.Amount{Messages: 3, Octets: 17}, s.InMemory)
	require.Equal(t, []int{1, 0, 0, 2}, s.Priorities)
	require.EqualValues(t, 1234, *s.HeadTimestamp)
	require.Positive(t, s.Memory)
	require.Equal(t, queue.StateRunning, s.State)
	require.EqualValues(t, -1, s.DeliveryLimit)

	held, _, ok := q.Get(queue.ManualAck)
	require.True(t, ok)
	s = q.Status()
	require.Equal(t, queue.Amount{Messages: 1, Octets: 7}, s.Unacked)
	require.Equal(t, queue.Amount{Messages: 3, Octets: 17}, s.Messages())
	require.Nil(t, s.HeadTimestamp, "the next one has none")

	q.Requeue([]queue.Delivery{held}, queue.Nacked)
	require.Equal(t, 3, q.Purge(nil))
	s = q.Status()
	require.Zero(t, s.Messages())
	require.Zero(t, s.InMemory)
	require.Equal(t, message.Counters{Publish: 3, Get: 1}, s.Counters)
	q.Pause(true)
	require.Equal(t, queue.StatePaused, q.Status().State)
}

func TestStatus_Delayed(t *testing.T) {
	q := newQueue(t, queue.Spec{Arguments: amqp.Table{{Key: "x-delayed", Value: true}}})
	later := amqp.PropertyList{Headers: amqp.Table{{Key: "x-delay", Value: int32(1_000_000)}}}.Encode()
	q.Publish([]queue.Publication{{Message: &message.Message{Body: []byte("later"), Properties: later, Arrived: time.Now().UnixMilli()}}})
	require.Equal(t, queue.Amount{Messages: 1, Octets: 5}, q.Status().Delayed)
	q.Purge(nil)
	require.Zero(t, q.Status().Delayed)
}

// Quorum queues are listed without a change of what comes next.
func TestStatus_ChangesNothing(t *testing.T) {
	q := newQueue(t, queue.Spec{Durable: false, Arguments: amqp.Table{{Key: "x-max-priority", Value: int32(3)}}})
	publish(q, "a", "b")
	for range 3 {
		before := q.Status()
		require.Equal(t, before, q.Status())
	}
}

func TestStatus_Dropped(t *testing.T) {
	q := newQueue(t, queue.Spec{Arguments: amqp.Table{{Key: "x-max-length", Value: int32(1)}}})
	publish(q, "a", "b", "c")
	d, _, _ := q.Get(queue.ManualAck)
	q.Reject([]queue.Delivery{d})
	s := q.Status()
	require.Equal(t, queue.Dropped{MaxLength: 2, Rejected: 1}, s.Dropped[queue.DeadLetterDisabled])
	require.Equal(t, "disabled", queue.DeadLetterDisabled.String())
}

func TestStatus_ConsumersAndOwner(t *testing.T) {
	q, err := queue.New(queue.Spec{VHost: "/", Name: "q", Exclusive: true, Arguments: arg("x-single-active-consumer", true)},
		queue.Options{Owner: named{"the connection"}})
	require.NoError(t, err)
	at := &located{ref: queue.ChannelRef{Connection: "c", Number: 3}}
	for _, tag := range []string{"first", "second"} {
		c := queue.NewConsumer(q, at, queue.ConsumerOptions{Tag: tag, Prefetch: 2, Timeout: time.Minute})
		require.NoError(t, q.AddConsumer(c))
	}
	s := q.Status()
	require.Equal(t, []any{"the connection", 2, "first", ""}, []any{s.Owner, s.Consumers, s.ActiveTag, s.ExclusiveTag})
	second := queue.ConsumerStatus{
		VHost: "/", Queue: "q", Tag: "second", Channel: at.ref, AckRequired: true, Single: true, Prefetch: 2, Timeout: time.Minute,
	}
	require.Equal(t, second, q.Consumers()[1])
}

func TestStatus_ExclusiveConsumer(t *testing.T) {
	q := newQueue(t, queue.Spec{})
	addConsumer(t, q, queue.ConsumerOptions{Tag: "mine", Exclusive: true})
	require.Equal(t, "mine", q.Status().ExclusiveTag)
}

// The share of the time in which consumers could take what there was.
func TestStatus_Capacity(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(t, queue.Spec{})
		publish(q, "a")
		time.Sleep(time.Hour)
		require.Zero(t, q.Status().Capacity, "nobody consumes")
		c, _ := addConsumer(t, q, queue.ConsumerOptions{Prefetch: 1})
		require.InDelta(t, 1, q.Status().Capacity, 0.01)
		publish(q, "b")
		time.Sleep(5 * time.Second)
		require.InDelta(t, 0.5, q.Status().Capacity, 0.01, "the consumer has been busy for a while")
		time.Sleep(time.Hour)
		require.InDelta(t, 0, q.Status().Capacity, 0.01)
		entries, _ := q.Fetch(c, nil, plenty)
		q.Ack(deliveries(q, c, entries))
		time.Sleep(time.Hour)
		require.InDelta(t, 1, q.Status().Capacity, 0.01)
	})
}

func TestStatus_IdleSince(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var clock queue.CoarseClock
		q, err := queue.New(queue.Spec{}, queue.Options{Clock: &clock})
		require.NoError(t, err)
		require.Equal(t, time.Now().UnixMilli(), q.Status().IdleSince.UnixMilli())
		time.Sleep(time.Minute)
		used := time.Now().UnixMilli()
		clock.Advance(used)
		publish(q, "a")
		clock.Advance(used + 100)
		require.Equal(t, used, clock.Now(), "so little is not worth a write")
		clock.Advance(used + 60_000)
		require.Equal(t, used, q.Status().IdleSince.UnixMilli(), "to look is not to use")
	})
}
