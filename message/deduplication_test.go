package message

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
)

func TestDeduplicationIDTellsMessagesApart(t *testing.T) {
	seen := make(map[string]any)
	for _, value := range []any{"", "5", "a", []byte("a"), int32(5), int64(5), 5.0, true, nil, amqp.Array{"5"}, amqp.Table{}} {
		m := Message{Properties: amqp.PropertyList{Headers: amqp.Table{{Key: DeduplicationHeader, Value: value}}}.Encode()}
		id, ok := m.DeduplicationID()
		require.True(t, ok)
		require.NotContains(t, seen, id)
		seen[id] = value
	}
	_, ok := new(Message).DeduplicationID()
	require.False(t, ok)
	other := Message{Properties: amqp.PropertyList{Headers: amqp.Table{{Key: "other", Value: "5"}}}.Encode()}
	_, ok = other.DeduplicationID()
	require.False(t, ok)
}
