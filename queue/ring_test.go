package queue

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzRing compares a ring with a slice. Each octet is so many elements that come,
// or so many that go.
func FuzzRing(f *testing.F) {
	f.Add([]byte{3, 128 + 3, 1})
	f.Add([]byte{7, 128 + 5, 7, 128 + 9, 127})
	f.Add([]byte{127, 127, 127, 127, 255, 255, 255, 1, 255, 255, 0, 2, 128, 8})
	f.Fuzz(func(t *testing.T, steps []byte) {
		var r ring[int]
		var want []int
		pushed := 0
		for _, step := range steps[:min(len(steps), 500)] {
			n := int(step&127) * int(step&127) // so that a few steps fill more than lingering
			switch {
			case step == 128:
				odd := func(v int) bool { return v%2 == 1 }
				r.remove(odd)
				want = without(want, odd)
			case step < 128:
				for range n {
					r.push(pushed)
					want = append(want, pushed)
					pushed++
				}
			default:
				for range min(n, len(want)) {
					require.Equal(t, want[0], r.front())
					require.Equal(t, want[0], r.pop())
					want = want[1:]
				}
			}
			requireRing(t, want, &r)
		}
	})
}

func without(list []int, drop func(int) bool) (kept []int) {
	for _, v := range list {
		if !drop(v) {
			kept = append(kept, v)
		}
	}
	return kept
}

func requireRing(t *testing.T, want []int, r *ring[int]) {
	t.Helper()
	require.Equal(t, len(want), r.len())
	for i, v := range want {
		if r.at(i) != v || *r.ref(i) != v {
			require.Equal(t, v, r.at(i), "element %d", i)
			require.Equal(t, v, *r.ref(i), "element %d", i)
		}
	}
	capacity := len(r.buf)
	require.Zero(t, capacity&(capacity-1), "the capacity is a power of two")
	require.False(t, len(want) == 0 && capacity > minRing, "an empty ring has no memory")
	require.False(t, capacity > lingering && len(want) <= capacity/4, "%d elements in %d places", len(want), capacity)
	for i := len(want); i < capacity; i++ {
		require.Zero(t, r.at(i), "what was taken is not kept alive")
	}
}

// What fills a ring in batches costs few allocations, and a ring that once was full
// becomes small again with the batches.
func TestRing_BeginsWithHalfOfWhatItHad(t *testing.T) {
	var r ring[int]
	batch := func(n int) (first, last int) {
		for i := range n {
			r.push(i)
			if i == 0 {
				first = len(r.buf)
			}
		}
		last = len(r.buf)
		for range n {
			r.pop()
		}
		return first, last
	}
	for _, c := range []struct{ n, first, last int }{
		{1, minRing, minRing},
		{100, minRing, 128},
		{100, 64, 128},
		{1, 64, 64},
		{1, 32, 32},
		{1, 16, 16},
		{1, 8, 8},
		{1, 8, 8},
		{3 * lingering, 8, 4 * lingering},
		{1, lingering / 2, lingering / 2},
	} {
		first, last := batch(c.n)
		require.Equal(t, c.first, first, "the capacity that %d elements begin with", c.n)
		require.Equal(t, c.last, last, "the capacity for %d elements", c.n)
	}
}

func TestRing_ClearedIsLikeNew(t *testing.T) {
	var r ring[int]
	for i := range 100 {
		r.push(i)
	}
	r.clear()
	require.Equal(t, ring[int]{}, r)
	r.push(1)
	require.Equal(t, 1, r.pop())
}
