package queue

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/message"
)

func TestLaw_Deadline(t *testing.T) {
	expiration := func(text string) amqp.Properties { return amqp.PropertyList{Expiration: text}.Encode() }
	for _, c := range []struct {
		ttl        int64 // of the queue
		properties amqp.Properties
		want       int64 // after the arrival, unless it is never
	}{
		{unlimited, nil, never},
		{0, nil, 0},
		{100, nil, 100},
		{unlimited, expiration("70"), 70},
		{unlimited, expiration("0"), 0},
		{100, expiration("70"), 70},
		{100, expiration("170"), 100},
		{0, expiration("170"), 0},
		{unlimited, expiration("soon"), never}, // which publishing refuses
	} {
		var k core
		k.law.Rules = &Rules{TTL: c.ttl}
		want := c.want
		if want != never {
			want += 5000
		}
		m := &message.Message{Arrived: 5000, Properties: c.properties}
		require.Equal(t, want, k.deadline(m), "%+v", c)
		require.Equal(t, want <= 5070, k.expired(Entry{Message: m}, 5070), "%+v", c)
		if c.ttl == unlimited {
			k.law.Rules = nil
			require.Equal(t, want, k.deadline(m), "without rules: %+v", c)
		}
	}
}

func TestLaw_RetryDelay(t *testing.T) {
	failed, returned := Retry{Failed: true, Min: 10, Max: 25}, Retry{Returned: true, Min: 10}
	for _, c := range []struct {
		retry   Retry
		returns uint16
		how     Return
		want    int64
	}{
		{Retry{}, 1, Rejected, 0},
		{failed, 1, Rejected, 10},
		{failed, 2, Abandoned, 20},
		{failed, 3, Rejected, 25},
		{failed, 1, Nacked, 0},
		{returned, 1, Nacked, 10},
		{returned, 65535, Nacked, 655350},
		{returned, 1, Rejected, 0},
		{Retry{Returned: true, Max: 10}, 5, Nacked, 0},
	} {
		l := law{Rules: &Rules{Retry: c.retry}}
		require.Equal(t, c.want, l.retryDelay(c.returns, c.how), "%+v", c)
	}
	var none law
	require.Zero(t, none.retryDelay(1, Rejected))
	require.False(t, none.retries())
	require.False(t, none.limited(65535))
}

func TestLaw_DeliveryLimit(t *testing.T) {
	for limit, dropped := range map[int64]uint16{0: 1, 1: 2, 20: 21} {
		l := law{Rules: &Rules{DeliveryLimit: limit}}
		require.False(t, l.limited(dropped-1))
		require.True(t, l.limited(dropped))
	}
	l := law{Rules: &Rules{DeliveryLimit: unlimited}}
	require.False(t, l.limited(65535))
}

// remaining publishes messages of the given sizes and returns those that remain.
func remaining(t *testing.T, arguments amqp.Table, sizes ...int) (left []int) {
	t.Helper()
	q, err := New(Spec{Arguments: arguments}, Options{})
	require.NoError(t, err)
	for _, size := range sizes {
		q.Publish([]Publication{{Message: &message.Message{Body: make([]byte, size)}}})
	}
	for {
		d, _, ok := q.Get(AutoAck)
		if !ok {
			return left
		}
		left = append(left, d.Message.Size())
	}
}

func TestLaw_Limits(t *testing.T) {
	length := func(n int32) amqp.Field { return amqp.Field{Key: "x-max-length", Value: n} }
	octets := func(n int32) amqp.Field { return amqp.Field{Key: "x-max-length-bytes", Value: n} }
	reject := amqp.Field{Key: "x-overflow", Value: "reject-publish"}
	for _, c := range []struct {
		arguments amqp.Table
		sizes     []int
		want      []int
	}{
		{amqp.Table{length(2)}, []int{1, 2, 3, 4}, []int{3, 4}},
		{amqp.Table{length(2), reject}, []int{1, 2, 3, 4}, []int{1, 2}},
		{amqp.Table{length(0)}, []int{1}, nil},
		{amqp.Table{length(0), reject}, []int{1}, nil},
		{amqp.Table{octets(5)}, []int{2, 2, 2}, []int{2, 2}},
		{amqp.Table{octets(5)}, []int{2, 3}, []int{2, 3}},
		{amqp.Table{octets(5)}, []int{1, 6}, nil}, // the second one is too much by itself
		{amqp.Table{octets(5), reject}, []int{1, 6, 4, 1}, []int{1, 4}},
		{amqp.Table{octets(0)}, []int{0, 0, 1}, nil},
		{amqp.Table{octets(0), reject}, []int{0, 0, 1}, []int{0, 0}},
		{amqp.Table{length(3), octets(5)}, []int{1, 1, 1, 1, 4}, []int{1, 4}},
	} {
		require.Equal(t, c.want, remaining(t, c.arguments, c.sizes...), "%v", c.arguments)
	}
}

// What a consumer takes at once does not fill a queue.
func TestLaw_ConsumersGoBeforeLimits(t *testing.T) {
	for _, overflow := range []Overflow{DropHead, RejectPublish} {
		q, err := New(Spec{Arguments: amqp.Table{
			{Key: "x-max-length", Value: int32(1)}, {Key: "x-overflow", Value: string(overflow)},
		}}, Options{})
		require.NoError(t, err)
		require.NoError(t, q.AddConsumer(NewConsumer(q, silent{}, ConsumerOptions{Prefetch: 3})))
		var batch []Publication
		for range 6 {
			batch = append(batch, Publication{Message: &message.Message{}})
		}
		q.Publish(batch)
		require.Equal(t, Counts{Ready: 1, Unacked: 3, Consumers: 1}, q.Counts(), overflow)
		d, _, ok := q.Get(ManualAck)
		require.True(t, ok)
		want := map[Overflow]uint64{DropHead: 5, RejectPublish: 3}
		require.Equal(t, want[overflow], d.Seq)
	}
}

// silent is a waker for consumers of which nothing is fetched.
type silent struct{}

func (silent) Wake(*Consumer) {}
