package exchange

import (
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/message"
)

// plainMessage has no properties.
func plainMessage() *message.Message { return new(message.Message) }

func messageOf(p amqp.PropertyList) *message.Message {
	return &message.Message{Properties: p.Encode()}
}

func headersOf(fields ...amqp.Field) *message.Message {
	return messageOf(amqp.PropertyList{Headers: fields})
}

func TestRouterMatchesByType(t *testing.T) {
	for _, c := range []struct {
		name    string
		args    amqp.Table
		bound   string
		matches []string
		static  bool
	}{
		{"direct", nil, "a.*", []string{"a.*"}, true},
		{"fanout", nil, "a.*", []string{"a.*", "a.b", "c"}, true},
		{"topic", nil, "a.*", []string{"a.*", "a.b"}, true},
		{"headers", nil, "a.*", []string{"a.*", "a.b", "c"}, false},
		{"x-consistent-hash", nil, "5", []string{"a.*", "a.b", "c"}, true},
		{"x-consistent-hash", argument("hash-header", "h"), "5", []string{"a.*", "a.b", "c"}, false},
		{"x-consistent-hash", argument("hash-property", "message_id"), "5", []string{"a.*", "a.b", "c"}, false},
		{"x-modulus-hash", nil, "a.*", []string{"a.*", "a.b", "c"}, true},
		{"x-random", nil, "a.*", []string{"a.*", "a.b", "c"}, false},
		{"x-local-random", nil, "", []string{"a.*", "a.b", "c"}, false},
		{"x-recent-history", nil, "a.*", []string{"a.*", "a.b", "c"}, false},
		{"x-message-deduplication", argument("x-cache-size", int32(1)), "a.*", []string{"a.*", "a.b", "c"}, false},
		{"x-delayed-message", argument("x-delayed-type", "topic"), "a.*", []string{"a.*", "a.b"}, true},
		{"x-delayed-message", argument("x-delayed-type", "headers"), "a.*", []string{"a.*", "a.b", "c"}, false},
	} {
		s := Spec{Type: c.name, Arguments: c.args}
		requireError(t, "", s.Validate())
		requireError(t, "", s.CheckBinding(Binding{Key: c.bound, QueueType: "classic"}))
		r := NewRouter[int](s)
		require.Equal(t, c.static, r.Static(), "%v", s)
		r.Add(c.bound, nil, 1)
		var matches []string
		for _, key := range []string{"a.*", "a.b", "c"} {
			if len(r.Match(nil, []string{key}, plainMessage())) > 0 {
				matches = append(matches, key)
			}
		}
		require.Equal(t, c.matches, matches, "%v", s)
		r.Remove(c.bound, nil, 1)
		require.Empty(t, r.Match(nil, []string{"a.*"}, plainMessage()), "%v", s)
	}
	require.Nil(t, NewRouter[int](Spec{Type: "nope"}))
}

// A message with copies has one target where the exchange picks one.
func TestRouterPicksOnceForAllKeys(t *testing.T) {
	keys := []string{"a", "b", "c", "d", "e"}
	for name, args := range map[string]amqp.Table{
		"x-consistent-hash": nil, "x-modulus-hash": nil, "x-random": nil, "x-local-random": nil,
	} {
		r := NewRouter[int](Spec{Type: name, Arguments: args})
		for target := range 50 {
			r.Add("1", nil, target)
		}
		require.Len(t, r.Match(nil, keys, plainMessage()), 1, name)
	}
	direct := NewRouter[int](Spec{Type: "direct"})
	direct.Add("b", nil, 1)
	direct.Add("d", nil, 2)
	require.Equal(t, []int{1, 2}, direct.Match(nil, keys, plainMessage()))
}

// hashed says which of a hundred targets the messages go to, all with other
// routing keys.
func hashed(args amqp.Table, messages ...*message.Message) (targets []int) {
	r := NewRouter[int](Spec{Type: "x-consistent-hash", Arguments: args})
	for target := range 100 {
		r.Add("1", nil, target)
	}
	for i, m := range messages {
		targets = r.Match(targets, []string{strconv.Itoa(i)}, m)
	}
	return targets
}

func TestConsistentHashOfAHeader(t *testing.T) {
	var same, other []*message.Message
	for i := range 100 {
		same = append(same, headersOf(amqp.Field{Key: "id", Value: "7"}, amqp.Field{Key: "other", Value: strconv.Itoa(i)}))
		other = append(other, headersOf(amqp.Field{Key: "id", Value: int32(i)}))
	}
	args := argument("hash-header", "id")
	require.Len(t, slices.Compact(hashed(args, same...)), 1)
	require.Greater(t, len(slices.Compact(hashed(args, other...))), 50)
	absent := []*message.Message{plainMessage(), headersOf(), headersOf(amqp.Field{Key: "ID", Value: "1"})}
	require.Len(t, slices.Compact(hashed(args, absent...)), 1, "without the header")
	require.Greater(t, len(slices.Compact(hashed(nil, same...))), 50, "the routing key")
}

func TestConsistentHashOfAProperty(t *testing.T) {
	for property, with := range map[string]func(i int) amqp.PropertyList{
		"correlation_id": func(i int) amqp.PropertyList { return amqp.PropertyList{CorrelationID: strconv.Itoa(i)} },
		"message_id":     func(i int) amqp.PropertyList { return amqp.PropertyList{MessageID: strconv.Itoa(i)} },
		"timestamp":      func(i int) amqp.PropertyList { return amqp.PropertyList{Timestamp: uint64(1000 + i)} },
	} {
		var same, other []*message.Message
		for i := range 100 {
			same = append(same, messageOf(with(1)))
			other = append(other, messageOf(with(i)))
		}
		args := argument("hash-property", property)
		require.Len(t, slices.Compact(hashed(args, same...)), 1, property)
		require.Greater(t, len(slices.Compact(hashed(args, other...))), 50, property)
		require.Len(t, slices.Compact(hashed(args, plainMessage(), plainMessage())), 1, property)
	}
}
