package queue

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzHeap compares a heap with a sorted list: each octet enters, takes the first,
// or takes any one out.
func FuzzHeap(f *testing.F) {
	f.Add([]byte{1, 2, 3, 200, 200, 200})
	f.Add([]byte{19, 3, 9, 4, 8, 13, 15, 253}) // what is taken out lies in the middle
	f.Add([]byte{9, 8, 7, 6, 5, 4, 250, 200, 3, 2, 1, 200, 251})
	f.Fuzz(func(t *testing.T, steps []byte) {
		var h heap[waitingEntry]
		var want []waitingEntry
		for i, step := range steps {
			switch {
			case step < 200:
				e := waitingEntry{due: int64(step), Entry: Entry{Seq: uint64(i)}}
				h.push(e)
				want = append(want, e)
			case len(want) == 0:
			case step < 250:
				slices.SortFunc(want, byDue)
				require.Equal(t, want[0], h.pop())
				want = want[1:]
			default:
				at := int(step) % len(h)
				e := h[at]
				h.remove(at)
				want = slices.DeleteFunc(want, func(other waitingEntry) bool { return other == e })
			}
			require.Len(t, h, len(want))
		}
		slices.SortFunc(want, byDue)
		for _, e := range want {
			require.Equal(t, e, h.pop())
		}
		require.Nil(t, h, "an empty heap keeps no memory")
	})
}

func byDue(a, b waitingEntry) int {
	return cmp.Or(cmp.Compare(a.due, b.due), cmp.Compare(a.Seq, b.Seq))
}

func TestHeap_Sorts(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var h heap[Entry]
	for _, seq := range rng.Perm(1000) {
		h.push(Entry{Seq: uint64(seq)})
	}
	for seq := range uint64(1000) {
		require.Equal(t, seq, h.pop().Seq)
	}
}
