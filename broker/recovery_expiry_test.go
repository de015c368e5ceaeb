package broker_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/message"
	"github.com/leveretmq/leveret/queue"
)

// A message that has expired while the broker was gone is not given out by a queue
// that has not even read it, and one that expires is dead-lettered although nobody
// asks.
func TestRecovery_ExpirationOutOfMemory(t *testing.T) {
	f := start(t)
	f.queue("dead", durableQueue)
	f.queue("q", durableQueue, func(s *queue.Spec) {
		s.Arguments = amqp.Table{
			{Key: "x-dead-letter-exchange", Value: ""}, {Key: "x-dead-letter-routing-key", Value: "dead"},
		}
	})
	long := time.Now().UnixMilli()
	var batch []queue.Publication
	for _, expiration := range []string{"3600000", "1", "", "1"} {
		m := &message.Message{
			Persistent: true, Body: []byte(strings.Repeat("b", 10_000)), Arrived: long,
			Properties: amqp.PropertyList{DeliveryMode: 2, Expiration: expiration}.Encode(),
		}
		batch = append(batch, queue.Publication{Message: m})
	}
	f.find("q").Publish(batch)
	require.NoError(t, f.vhost.Barrier())
	f = f.reopen()
	expirations := []string{"3600000", ""}
	for _, expiration := range expirations {
		d, _, ok := f.find("q").Get(queue.AutoAck)
		require.True(t, ok)
		got, _ := d.Entry.Message.Properties.Expiration()
		require.Equal(t, expiration, got)
		require.Equal(t, long, d.Entry.Message.Arrived)
	}
	require.Eventually(t, func() bool { return f.find("dead").Counts().Ready == 2 }, 10*time.Second, time.Millisecond)
	require.Zero(t, f.find("q").Counts().Ready)
}
