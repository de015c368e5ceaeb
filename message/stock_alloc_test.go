//go:build !race && !invariants

// The race detector takes messages out of pools at random.

package message

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// What a message may allocate that is made from a stock and released again.
const (
	messageBudget = 0.05 // the collector empties pools now and then
	receiptBudget = 1.0
)

func TestAllocationsOfAMessage(t *testing.T) {
	for _, size := range []int{0, 16, 1 << 10, 64 << 10} {
		pool := NewPool()
		from, to := pool.NewStock(), pool.NewStock()
		list, body := make([]*Message, 100), make([]byte, size)
		for range 20 { // until enough messages are under way
			cycle(from, to, list, body, 3)
		}
		allocations := testing.AllocsPerRun(20, func() { cycle(from, to, list, body, 3) })
		require.LessOrEqual(t, allocations/float64(len(list)), messageBudget, "size %d", size)
	}
}

func TestAllocationsOfAReceipt(t *testing.T) {
	owner := new(counter)
	var last *Receipt
	require.LessOrEqual(t, testing.AllocsPerRun(100, func() {
		last = NewReceipt(owner, 1, 1)
		last.Done(true)
	}), receiptBudget)
	require.NotNil(t, last)
}
