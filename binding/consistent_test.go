package binding

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
)

// slowRing is the row of buckets itself.
type slowRing struct {
	order []int
	bound map[int][]string // the keys of a target's bindings, the oldest first
}

func (r *slowRing) add(key string, target int) {
	if len(r.bound[target]) == 0 {
		r.order = append(r.order, target)
	}
	if !slices.Contains(r.bound[target], key) {
		r.bound[target] = append(r.bound[target], key)
	}
}

func (r *slowRing) remove(key string, target int) {
	r.bound[target] = slices.DeleteFunc(r.bound[target], func(k string) bool { return k == key })
	if len(r.bound[target]) == 0 {
		r.order = slices.DeleteFunc(r.order, func(o int) bool { return o == target })
	}
}

func (r *slowRing) match(key string) []int {
	var buckets []int
	for _, target := range r.order {
		n, err := strconv.Atoi(r.bound[target][0])
		if err != nil {
			panic(err)
		}
		buckets = append(buckets, slices.Repeat([]int{target}, n)...)
	}
	if len(buckets) == 0 {
		return nil
	}
	return []int{buckets[jump(hash(key), len(buckets))]}
}

func TestConsistentHashIsARowOfBuckets(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 1))
	table, slow := NewConsistentHash[int](), slowRing{bound: map[int][]string{}}
	for range 5000 {
		key, target := strconv.Itoa(1+random.IntN(5)), random.IntN(40)
		if random.IntN(2) == 0 {
			table.Add(key, nil, target)
			slow.add(key, target)
		} else {
			table.Remove(key, nil, target)
			slow.remove(key, target)
		}
		message := strconv.Itoa(random.Int())
		require.Equal(t, slow.match(message), table.Match(nil, message, nil))
		require.Equal(t, len(slow.order) == 0, table.Empty())
	}
}

func TestConsistentHashKeepsBindingsApart(t *testing.T) {
	table := NewConsistentHash[int]()
	table.Add("2", nil, 1)
	table.Add("2", amqp.Table{{Key: "a", Value: "b"}}, 1)
	table.Remove("2", nil, 1)
	require.Equal(t, []int{1}, table.Match(nil, "k", nil), "still bound with arguments")
	table.Remove("3", nil, 1)
	table.Remove("2", nil, 7)
	require.False(t, table.Empty())
	table.Remove("2", amqp.Table{{Key: "a", Value: "b"}}, 1)
	require.True(t, table.Empty())
	table.Add("none", nil, 1)
	table.Add("0", nil, 1)
	require.True(t, table.Empty(), "what no exchange lets pass")
}

// placed is the targets of ten thousand keys.
func placed(table Table[int]) []int {
	targets := make([]int, 0, 10_000)
	for i := range cap(targets) {
		targets = table.Match(targets, "key-"+strconv.Itoa(i), nil)
	}
	return targets
}

// counted is how many messages each of n targets got.
func counted(targets []int, n int) []int {
	counts := make([]int, n)
	for _, target := range targets {
		counts[target]++
	}
	return counts
}

// requireShares requires counts in proportion to the weights: chi-squared stays
// below its quantile of 99.9 %, for up to ten targets.
func requireShares(t *testing.T, counts, weights []int) {
	t.Helper()
	quantiles := [...]float64{10.83, 13.82, 16.27, 18.47, 20.52, 22.46, 24.32, 26.12, 27.88}
	messages, buckets := 0, 0
	for i := range counts {
		messages, buckets = messages+counts[i], buckets+weights[i]
	}
	square := 0.0
	for i := range counts {
		expected := float64(messages) * float64(weights[i]) / float64(buckets)
		off := float64(counts[i]) - expected
		square += off * off / expected
	}
	require.Less(t, square, quantiles[len(counts)-2], "%v for %v", counts, weights)
}

func TestConsistentHashSharesByWeight(t *testing.T) {
	for _, weights := range [][]int{{1, 1}, {1, 1, 1, 1, 1}, {1, 2, 3}, {10, 1, 1, 10}, {10000, 5000, 1000}, {1, 2, 1, 2, 1, 2, 1, 2, 1, 2}} {
		t.Run(fmt.Sprint(weights), func(t *testing.T) {
			table := NewConsistentHash[int]()
			for target, weight := range weights {
				table.Add(strconv.Itoa(weight), nil, target)
			}
			requireShares(t, counted(placed(table), len(weights)), weights)
		})
	}
}

func TestConsistentHashMovesFewKeys(t *testing.T) {
	table := NewConsistentHash[int]()
	for target := range 9 {
		table.Add("10", nil, target)
	}
	before := placed(table)
	table.Add("10", nil, 9)
	after := placed(table)
	moved := 0
	for i := range before {
		if before[i] != after[i] {
			require.Equal(t, 9, after[i], "keys move to the new target only")
			moved++
		}
	}
	require.InDelta(t, len(before)/10, moved, float64(len(before))/50)
	table.Remove("10", nil, 9)
	require.Equal(t, before, placed(table), "and back again")
}

// The places of keys are the same in every run and on every machine.
func TestHashIsFixed(t *testing.T) {
	require.Equal(t, uint64(0x8570e250fe4c2473), hash(""))
	require.Equal(t, []int{0, 43, 361, 520}, []int{jump(1, 1), jump(42, 57), jump(0xDEAD10CC, 666), jump(256, 1024)})
}

func FuzzJump(f *testing.F) {
	f.Add(uint64(0), 1)
	f.Add(uint64(1<<63), 1000)
	f.Fuzz(func(t *testing.T, key uint64, n int) {
		n = 1 + int(uint(n)%1_000_000)
		bucket := jump(key, n)
		require.True(t, bucket >= 0 && bucket < n)
		if next := jump(key, n+1); next != bucket {
			require.Equal(t, n, next, "a key moves to the new bucket or stays")
		}
	})
}

func BenchmarkConsistentHash(b *testing.B) {
	for _, n := range []int{3, 1000} {
		b.Run(fmt.Sprintf("bindings=%d", n), func(b *testing.B) {
			table := NewConsistentHash[*int]()
			for range n {
				table.Add("10", nil, new(int))
			}
			run(b, table, []string{"some.key", "another"}, nil)
		})
	}
}
