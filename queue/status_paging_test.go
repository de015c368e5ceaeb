package queue

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// What is shown of messages stays right while they leave memory and come back.
func TestStatus_OfAPagedQueue(t *testing.T) {
	for _, durable := range []bool{true, false} {
		t.Run(fmt.Sprint("durable ", durable), func(t *testing.T) {
			const messages = 1000
			all, stored := Amount{Messages: messages, Octets: messages << 10}, Amount{}
			if durable {
				stored = all
			}
			store := newDisk()
			p := newTestPager(t, store, 100<<10)
			q := paged(t, p, "long", durable)
			fill(q, messages)
			eventually(t, "memory within the budget", func() bool { return p.Used() <= p.budget })
			s := q.Status()
			require.Equal(t, all, s.Ready)
			require.Equal(t, stored, s.Persistent)
			require.Equal(t, all, s.InMemory.plus(s.PagedOut))
			require.Positive(t, s.PagedOut.Messages)
			require.Equal(t, s.InMemory.Messages, s.ReadyInMemory)

			var held []Delivery
			for range messages / 2 {
				d, _, ok := q.Get(ManualAck)
				require.True(t, ok)
				held = append(held, d)
			}
			s = q.Status()
			require.Equal(t, all, s.Messages())
			require.Equal(t, stored, s.Persistent)
			require.EqualValues(t, messages/2, s.Counters.Get)
			require.GreaterOrEqual(t, s.Counters.DiskReads, uint64(messages/4))
			require.GreaterOrEqual(t, s.Counters.DiskWrites, uint64(messages/2))

			q.Requeue(held[:10], Nacked)
			q.Ack(held[10:])
			require.Equal(t, messages/2+10, q.Purge(nil))
			s = q.Status()
			require.Zero(t, s.Messages())
			require.Zero(t, s.Persistent)
			require.Zero(t, s.PagedOut)
			require.Zero(t, s.InMemory)
		})
	}
}
