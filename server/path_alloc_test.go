//go:build !race && !invariants

// The race detector takes messages out of pools at random, and the order of
// locks is not checked for nothing.

package server_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// What the broker may allocate for a message on its whole way. Batches of it
// cost some more, which is little for each message.
const (
	plainPathBudget   = 0.15 // the lists of the queue, which grow and shrink
	confirmPathBudget = 1.15 // and the receipt
)

func TestAllocationsOfAPath(t *testing.T) {
	for _, o := range []pathOptions{
		{size: 16, messages: 5000},
		{size: 16, messages: 5000, acked: true},
		{size: 16, messages: 5000, confirms: true},
		{size: 1 << 10, messages: 1000, acked: true},
	} {
		t.Run(o.String(), func(t *testing.T) {
			p := openPath(t, o)
			for range 5 { // until buffers and pools are large enough
				p.once()
			}
			budget := plainPathBudget
			if o.confirms {
				budget = confirmPathBudget
			}
			each := testing.AllocsPerRun(20, p.once) / float64(o.messages)
			require.LessOrEqual(t, each, budget)
		})
	}
}
