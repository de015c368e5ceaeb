package histogram

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestHistogram_Buckets(t *testing.T) {
	h := New(0.5, 10, 20)
	for i, value := range []int64{-3, 0, 10, 11, 20, 21, 1000} {
		h.Observe(uint64(i), value)
	}
	h.Add(3, 1, 4, 60)
	s := h.Snapshot()
	require.Equal(t, Snapshot{Bounds: []float64{5, 10}, Counts: []uint64{3, 6, 2}, Sum: 0.5 * (0 + 0 + 10 + 11 + 20 + 21 + 1000 + 60)}, s)
	require.EqualValues(t, 11, s.Count())
}

func TestHistogram_ManyAtOnce(t *testing.T) {
	h := New(1, 1)
	var all sync.WaitGroup
	for n := range 3 * lanes {
		all.Go(func() {
			for i := range 1000 {
				h.Observe(uint64(n), int64(i%3))
			}
		})
	}
	all.Wait()
	s := h.Snapshot()
	require.Equal(t, []uint64{3 * lanes * 667, 3 * lanes * 333}, s.Counts)
	require.EqualValues(t, 3*lanes*999, s.Sum)
}

func TestHistogram_HasAFewBuckets(t *testing.T) {
	require.Panics(t, func() { New(1, make([]int64, maxBuckets)...) })
}
