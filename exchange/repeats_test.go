package exchange

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/message"
)

// repeated is a message with a deduplication header that arrives at a time, in
// milliseconds.
func repeated(id any, at int64, more ...amqp.Field) *message.Message {
	m := headersOf(append(more, amqp.Field{Key: message.DeduplicationHeader, Value: id})...)
	m.Arrived = at
	return m
}

// repeatsOf makes the memory of an exchange; zero is no time to live.
func repeatsOf(size int, ttl int64) *repeats {
	args := argument("x-cache-size", int64(size))
	if ttl > 0 {
		args = append(args, argument("x-cache-ttl", ttl)...)
	}
	return newRepeats(Spec{Arguments: args}).(*repeats)
}

func TestDeduplicationDropsRepeats(t *testing.T) {
	r := NewRouter[int](Spec{Type: "x-message-deduplication", Arguments: argument("x-cache-size", "2")})
	r.Add("", nil, 1)
	r.Add("other", nil, 2)
	match := func(m *message.Message) int { return len(r.Match(nil, []string{"k"}, m)) }
	require.Equal(t, 2, match(repeated("a", 1)))
	require.Zero(t, match(repeated("a", 1)))
	require.Zero(t, match(repeated("a", 1_000_000_000)))
	require.Equal(t, 2, match(repeated("b", 1)))
	require.Equal(t, 2, match(plainMessage()), "without the header")
	require.Equal(t, 2, match(plainMessage()))
	require.Equal(t, 2, match(repeated("c", 1)), "a is forgotten now")
	require.Zero(t, match(repeated("b", 1)))
	require.Equal(t, 2, match(repeated("a", 1)))
	require.Empty(t, r.Recent())
}

func TestDeduplicationForgetsInTime(t *testing.T) {
	ttl := func(value any) amqp.Field { return amqp.Field{Key: "x-cache-ttl", Value: value} }
	r := repeatsOf(100, 1000)
	require.True(t, r.admit(repeated("a", 0)))
	require.False(t, r.admit(repeated("a", 999)), "and is not remembered for longer by that")
	require.True(t, r.admit(repeated("a", 1000)))
	require.False(t, r.admit(repeated("a", 1001)))

	require.True(t, r.admit(repeated("short", 0, ttl(int32(10)))), "the message's own time wins")
	require.True(t, r.admit(repeated("short", 10)))
	require.True(t, r.admit(repeated("long", 0, ttl(int64(1<<62)))))
	require.False(t, r.admit(repeated("long", 1<<61)))
	require.True(t, r.admit(repeated("never", 5, ttl(int32(0)))))
	require.True(t, r.admit(repeated("never", 5, ttl(int32(-5)))))
	require.True(t, r.admit(repeated("text", 5, ttl("10"))))
	require.False(t, r.admit(repeated("text", 999)), "text is no time")
}

// slowRepeats is what the exchange has seen, in order.
type slowRepeats struct {
	size int
	seen []string
	end  map[string]int64
}

func (r *slowRepeats) admit(id string, now, ttl int64) bool {
	if end, ok := r.end[id]; ok && now < end {
		return false
	}
	forget := func(id string) {
		delete(r.end, id)
		r.seen = slices.DeleteFunc(r.seen, func(s string) bool { return s == id })
	}
	forget(id)
	for len(r.seen) > 0 && (len(r.seen) >= r.size || r.end[r.seen[0]] <= now) {
		forget(r.seen[0])
	}
	r.seen, r.end[id] = append(r.seen, id), now+ttl
	return true
}

func TestDeduplicationBehavesAsItsModel(t *testing.T) {
	for _, size := range []int{1, 2, 7, 50} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			random := rand.New(rand.NewPCG(5, uint64(size)))
			r, slow := repeatsOf(size, 0), slowRepeats{size: size, end: map[string]int64{}}
			now := int64(0)
			for range 20_000 {
				now += random.Int64N(3)
				id, ttl := strconv.Itoa(random.IntN(2*size)), 1+random.Int64N(40)
				m := repeated(id, now, amqp.Field{Key: "x-cache-ttl", Value: ttl})
				require.Equal(t, slow.admit(id, now, ttl), r.admit(m))
				require.Len(t, r.until, len(slow.seen))
				require.LessOrEqual(t, len(r.order), 4*size+8, "what is void goes")
			}
		})
	}
}

func TestDeduplicationIsBounded(t *testing.T) {
	r := repeatsOf(100, 0)
	for i := range 10_000 {
		require.True(t, r.admit(repeated(strconv.Itoa(i), int64(i))))
	}
	require.Len(t, r.until, 100)
	require.LessOrEqual(t, len(r.order), 300)
}

// Of many equal messages at the same time one passes.
func TestDeduplicationIsAtomic(t *testing.T) {
	r := repeatsOf(1000, 0)
	var passed atomic.Int64
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for i := range 1000 {
				if r.admit(repeated(int32(i), 1)) {
					passed.Add(1)
				}
			}
		})
	}
	group.Wait()
	require.EqualValues(t, 1000, passed.Load())
}

func BenchmarkDeduplication(b *testing.B) {
	r := repeatsOf(100_000, 0)
	messages := make([]*message.Message, 200_000)
	for i := range messages {
		messages[i] = repeated(fmt.Sprintf("order-%d", i), 1)
	}
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		r.admit(messages[i%len(messages)])
	}
}
