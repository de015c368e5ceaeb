package broker_test

import (
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/broker"
	"github.com/leveretmq/leveret/message"
	"github.com/leveretmq/leveret/persistence"
	"github.com/leveretmq/leveret/queue"
)

func TestProgressOfTheRecovery(t *testing.T) {
	f := start(t)
	for _, name := range []string{"a", "b", "c"} {
		q := f.queue(name, durableQueue)
		q.Publish([]queue.Publication{{Message: &message.Message{Body: []byte("12345"), Persistent: true}}})
	}
	require.NoError(t, f.broker.Close())

	store, err := persistence.Open(persistence.Options{
		Dir: f.dir, Durability: persistence.OS, Logger: slog.New(slog.DiscardHandler),
		Limits: persistence.Limits{ValueLogFile: 16 << 20},
	})
	require.NoError(t, err)
	var told []broker.Progress
	b, err := broker.New(broker.Options{Store: store, Progress: func(p broker.Progress) { told = append(told, p) }})
	require.NoError(t, err)
	require.NoError(t, b.Close())
	require.Equal(t, []broker.Progress{
		{Of: 3},
		{Queues: 1, Of: 3, Messages: 1, Octets: 5},
		{Queues: 2, Of: 3, Messages: 2, Octets: 10},
		{Queues: 3, Of: 3, Messages: 3, Octets: 15},
	}, told)
}
