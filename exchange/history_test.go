package exchange

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/message"
)

func bodies(messages []*message.Message) string {
	var all []byte
	for _, m := range messages {
		all = append(all, m.Body...)
	}
	return string(all)
}

func historyOf(length any) *Router[int] {
	return NewRouter[int](Spec{Type: "x-recent-history", Arguments: argument("x-recent-history-length", length)})
}

func TestHistoryKeepsTheLastMessages(t *testing.T) {
	r := historyOf(int32(3))
	r.Add("", nil, 1)
	require.Empty(t, r.Recent())
	for i, recent := range []string{"a", "ab", "abc", "bcd", "cde", "def", "efg", "fgh"} {
		m := &message.Message{Body: []byte{byte('a' + i)}}
		require.Equal(t, []int{1}, r.Match(nil, []string{"k"}, m))
		require.Equal(t, recent, bodies(r.Recent()))
	}
	usual := NewRouter[int](Spec{Type: "x-recent-history"})
	for range 30 {
		usual.Match(nil, []string{"k"}, plainMessage())
	}
	require.Len(t, usual.Recent(), 20)
}

func TestHistoryLeavesOutWhatAsksForIt(t *testing.T) {
	r := historyOf(int32(3))
	r.Add("", nil, 1)
	for _, value := range []any{true, false, "true", int32(1)} {
		m := headersOf(amqp.Field{Key: "x-recent-history-no-store", Value: value})
		require.Equal(t, []int{1}, r.Match(nil, []string{"k"}, m), "it is routed all the same")
	}
	require.Len(t, r.Recent(), 3, "all but the one")
}

func TestHistorySharesBodies(t *testing.T) {
	m := &message.Message{
		Exchange: "x", RoutingKey: "k", Body: []byte("body"), Persistent: true, Arrived: 5,
		Properties: amqp.PropertyList{MessageID: "1"}.Encode(),
	}
	r := historyOf(int32(3))
	r.Match(nil, []string{"k"}, m)
	first, second := r.Recent()[0], r.Recent()[0]
	require.NotSame(t, m, first)
	require.NotSame(t, first, second)
	require.Equal(t, m, first)
	require.Same(t, &m.Body[0], &second.Body[0])
}

func TestHistoryIsBoundedInOctets(t *testing.T) {
	r := historyOf(int64(1 << 40))
	body := make([]byte, historyOctets/4)
	for range 10 {
		r.Match(nil, []string{"k"}, &message.Message{Body: body})
	}
	require.Len(t, r.Recent(), 4)
	r.Match(nil, []string{"k"}, &message.Message{Body: make([]byte, historyOctets+1)})
	require.Len(t, r.Recent(), 1)
}
