//go:build !race && !invariants

package queue_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/queue"
)

// A batch of the source of the one before costs no allocation, nor does a turn.
func TestArrivals_AllocateNothing(t *testing.T) {
	q := newQueue(t, queue.Spec{})
	a, b := queue.NewSource("a"), queue.NewSource("b")
	publish := func() {
		q.PublishFrom(a, nil)
		q.PublishFrom(b, nil)
	}
	publish()
	require.Zero(t, testing.AllocsPerRun(100, publish))
}
