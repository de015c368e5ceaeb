//go:build !race && !invariants

// The order of locks is not checked for nothing.

package broker_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAllocationsOfRoute(t *testing.T) {
	f := routes(t)
	p := f.vhost.NewPublisher("guest")
	for _, j := range alternating() {
		t.Run(j.name, func(t *testing.T) {
			if j.name != "headers" {
				require.Zero(t, testing.AllocsPerRun(20, func() { j.step(t, p, 0) }))
			}
			i := 0
			anew := testing.AllocsPerRun(20, func() { i++; j.step(t, p, i) })
			require.LessOrEqual(t, anew, j.budget)
		})
	}
}
