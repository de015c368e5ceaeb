package broker_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/queue"
)

// How often messages have come back survives clean stops, wherever they lie: in
// memory, on the disk, or waiting for another try.
func TestRecovery_Returns(t *testing.T) {
	for name, test := range map[string]struct {
		octets  int // of a body; what is large is not read at start
		waiting bool
	}{
		"in memory": {octets: 1}, "out of memory": {octets: 5000},
		"waiting": {octets: 1, waiting: true}, "waiting, large": {octets: 5000, waiting: true},
	} {
		t.Run(name, func(t *testing.T) {
			arguments := amqp.Table{{Key: "x-queue-type", Value: "quorum"}}
			if test.waiting {
				arguments = append(arguments, amqp.Field{Key: "x-delayed-retry-type", Value: "all"},
					amqp.Field{Key: "x-delayed-retry-min", Value: int64(3_600_000)})
			}
			f := start(t)
			f.queue("q", durableQueue, func(s *queue.Spec) { s.Arguments = arguments })
			q := f.find("q")
			var batch []queue.Publication
			for range 6 {
				batch = append(batch, queue.Publication{Message: durableMessage(strings.Repeat("b", test.octets))})
			}
			q.Publish(batch)
			require.NoError(t, f.vhost.Barrier())
			first, second := returnOnce(t, q), returnOnce(t, q)
			require.Equal(t, test.waiting, first != second)

			for range 3 { // also what is not touched in between
				f = f.reopen()
			}
			seen := map[uint64]uint16{}
			q = f.find("q")
			for range 6 {
				d, _, ok := q.Get(queue.ManualAck)
				require.True(t, ok)
				require.Equal(t, d.Entry.Returns > 0, d.Entry.Redelivered())
				if seen[d.Entry.Seq] = d.Entry.Returns; d.Entry.Returns == 0 {
					delete(seen, d.Entry.Seq)
				}
			}
			want := map[uint64]uint16{first: 1, second: 1}
			if !test.waiting {
				want[first] = 2
			}
			require.Equal(t, want, seen)
		})
	}
}

// returnOnce takes the first message and gives it back.
func returnOnce(t *testing.T, q *queue.Queue) (seq uint64) {
	t.Helper()
	d, _, ok := q.Get(queue.ManualAck)
	require.True(t, ok)
	q.Requeue([]queue.Delivery{d}, queue.Nacked)
	return d.Entry.Seq
}
