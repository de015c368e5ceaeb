package broker_test

import (
	"fmt"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/broker"
	"github.com/leveretmq/leveret/message"
	"github.com/leveretmq/leveret/persistence"
	"github.com/leveretmq/leveret/queue"
)

// A queue that is new on a data directory with a past takes messages like any
// other: its first sequence number is one that the store accepts.
func TestQueueDeclaredAfterRestart(t *testing.T) {
	dir := t.TempDir()
	const lives = 3
	for life := range lives {
		store, err := persistence.Open(persistence.Options{
			Dir: dir, Durability: persistence.OS, Logger: slog.New(slog.DiscardHandler),
		})
		require.NoError(t, err)
		b, err := broker.New(broker.Options{Store: store})
		require.NoError(t, err)
		v, _ := b.VHost("/")
		for earlier := range life {
			q, err := v.Queue(fmt.Sprint("queue ", earlier), nil)
			require.NoError(t, err)
			require.Equal(t, 1, q.Counts().Ready)
		}
		q, err := v.DeclareQueue(queue.Spec{VHost: "/", Name: fmt.Sprint("queue ", life), Durable: true}, nil)
		require.NoError(t, err)
		q.Publish([]queue.Publication{{Message: durableMessage("body")}})
		require.NoError(t, v.Barrier())
		require.NoError(t, b.Close())
	}
}

func durableMessage(body string) *message.Message {
	return &message.Message{RoutingKey: "key", Properties: amqp.Properties{0, 0}, Body: []byte(body), Persistent: true}
}
