package broker_test

import (
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/definitions"
	"github.com/leveretmq/leveret/persistence"
	"github.com/leveretmq/leveret/queue"
)

// What a crash has left of a queue may be more than the queue may have: it had been
// about to drop the rest.
func TestRecovery_MoreThanAllowed(t *testing.T) {
	f := start(t)
	f.queue("q", durableQueue)
	q := f.find("q")
	for i := range 60 {
		q.Publish([]queue.Publication{{Message: durableMessage(fmt.Sprint(i))}})
	}
	require.NoError(t, f.broker.Close())

	store, err := persistence.Open(persistence.Options{
		Dir: f.dir, Durability: persistence.OS, Logger: slog.New(slog.DiscardHandler),
	})
	require.NoError(t, err)
	limited := q.Spec()
	limited.Arguments = amqp.Table{{Key: "x-max-length", Value: int32(2)}}
	done := make(chan error, 1)
	store.Change(definitions.Change{Put: definitions.Set{Queues: []queue.Spec{limited}}}, func(err error) { done <- err })
	require.NoError(t, <-done)
	require.NoError(t, store.Close(nil))

	f = open(t, f.dir)
	// They have to be read first, to be dropped.
	require.Eventually(t, func() bool { return f.find("q").Counts().Ready == 2 }, 10*time.Second, time.Millisecond)
	for _, body := range []string{"58", "59"} {
		d, _, ok := f.find("q").Get(queue.AutoAck)
		require.True(t, ok)
		require.Equal(t, body, string(d.Entry.Message.Body))
	}
}
