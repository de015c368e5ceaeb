package server

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestHistogram_Buckets(t *testing.T) {
	h := newHistogram(0.5, 10, 20)
	for i, value := range []int64{-3, 0, 10, 11, 20, 21, 1000} {
		h.observe(uint64(i), value)
	}
	h.add(3, 1, 4, 60)
	s := h.snapshot()
	require.Equal(t, Histogram{Bounds: []float64{5, 10}, Counts: []uint64{3, 6, 2}, Sum: 0.5 * (0 + 0 + 10 + 11 + 20 + 21 + 1000 + 60)}, s)
	require.EqualValues(t, 11, s.Count())
	require.Less(t, len(newMeasures().confirms.bounds), maxBuckets)
	require.Less(t, len(newMeasures().deliveries.bounds), maxBuckets)
}

func TestHistogram_ManyAtOnce(t *testing.T) {
	h := newHistogram(1, 1)
	var all sync.WaitGroup
	for n := range 3 * lanes {
		all.Go(func() {
			for i := range 1000 {
				h.observe(uint64(n), int64(i%3))
			}
		})
	}
	all.Wait()
	s := h.snapshot()
	require.Equal(t, []uint64{3 * lanes * 667, 3 * lanes * 333}, s.Counts)
	require.EqualValues(t, 3*lanes*999, s.Sum)
}

// One publish at a time is measured, from its arrival to its confirm.
func TestSample_OneAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s sample
		_, ended := s.end(100)
		require.False(t, ended)
		s.begin(7, time.Now())
		time.Sleep(time.Second)
		s.begin(8, time.Now())
		_, ended = s.end(7)
		require.False(t, ended, "the seventh is not confirmed")
		time.Sleep(time.Second)
		took, ended := s.end(8)
		require.True(t, ended)
		require.Equal(t, 2*time.Second, took)
		_, ended = s.end(9)
		require.False(t, ended)
	})
}
