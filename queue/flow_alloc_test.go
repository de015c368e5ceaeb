//go:build !race && !invariants

// The order of locks is not checked for nothing.

package queue_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/queue"
)

// flowBudget is what a queue may allocate for each message that passes it in a
// batch: none of its own, but its lists grow and shrink.
const flowBudget = 0.065

func TestAllocationsOfAQueue(t *testing.T) {
	auto, acked := queue.ConsumerOptions{NoAck: true}, queue.ConsumerOptions{Prefetch: 300}
	for name, c := range map[string]struct {
		flow  *flow
		acked bool
	}{
		"one consumer":                {flow: newFlow(t, 16, auto)},
		"several consumers":           {flow: newFlow(t, 16, several(4, auto)...)},
		"one consumer with acks":      {flow: newFlow(t, 16, acked), acked: true},
		"several consumers with acks": {flow: newFlow(t, 16, several(4, acked)...), acked: true},
	} {
		t.Run(name, func(t *testing.T) {
			var settle func([]queue.Delivery)
			if c.acked {
				settle = c.flow.queue.Ack
			}
			c.flow.once(settle)
			allocations := testing.AllocsPerRun(20, func() { c.flow.once(settle) })
			require.LessOrEqual(t, allocations/flowBatch, flowBudget)
		})
	}
}
