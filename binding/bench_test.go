package binding

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/leveretmq/leveret/amqp"
)

// million is the number of bindings of the large tables.
const million = 1_000_000

// fill adds bindings and reports at the end of the benchmark how much memory
// each of them takes, its key included.
func fill(b *testing.B, table Table[*int], bindings int, key func(i int) string) {
	b.Helper()
	target := new(int)
	before := heapInUse()
	for i := range bindings {
		table.Add(key(i), nil, target)
	}
	each := float64(heapInUse()-before) / float64(bindings)
	b.Cleanup(func() { b.ReportMetric(each, "B/binding") })
	b.ReportAllocs()
}

func heapInUse() uint64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

// run matches keys in turn.
func run(b *testing.B, table Table[*int], keys []string, h Headers) {
	b.Helper()
	dst := make([]*int, 0, 1024)
	for i := 0; b.Loop(); i++ {
		table.Match(dst, keys[i%len(keys)], h)
	}
}

func topicKey(i int) string {
	return fmt.Sprintf("orders.region%d.shop%d.order%d", i%50, i/50%200, i)
}

// sample are routing keys that some bindings of topicKey match.
func sample(bindings int) []string {
	keys := make([]string, 1000)
	for i := range keys {
		keys[i] = topicKey(i * 7919 % bindings)
	}
	return keys
}

// BenchmarkTopic shows that the cost grows with the words of the key and not
// with the number of bindings: what it grows by is the misses of the cache.
func BenchmarkTopic(b *testing.B) {
	for _, bindings := range []int{100, 10_000, million} {
		b.Run(fmt.Sprintf("literal/bindings=%d", bindings), func(b *testing.B) {
			table := NewTopic[*int]()
			fill(b, table, bindings, topicKey)
			run(b, table, sample(bindings), nil)
		})
	}
	b.Run(fmt.Sprintf("wildcards/bindings=%d", million), func(b *testing.B) {
		table := NewTopic[*int]()
		fill(b, table, million, func(i int) string {
			switch i % 3 {
			case 0:
				return fmt.Sprintf("orders.*.shop%d.order%d", i/50%200, i)
			case 1:
				return fmt.Sprintf("orders.region%d.#.item%d", i%50, i)
			default:
				return topicKey(i)
			}
		})
		run(b, table, sample(million), nil)
	})
	for _, words := range []int{2, 8, 32} {
		b.Run(fmt.Sprintf("words=%d", words), func(b *testing.B) {
			key := "a"
			for range words - 1 {
				key += ".a"
			}
			table := NewTopic[*int]()
			fill(b, table, 1, func(int) string { return key })
			run(b, table, []string{key}, nil)
		})
	}
}

// BenchmarkTopicManyHashes is the worst that a key of 255 octets can do.
func BenchmarkTopicManyHashes(b *testing.B) {
	binding, key := "#", "a"
	for len(binding) < 248 {
		binding += ".a.#"
	}
	for len(key) < 252 {
		key += ".a"
	}
	table := NewTopic[*int]()
	table.Add(binding, nil, new(int))
	run(b, table, []string{key}, nil)
}

func BenchmarkDirect(b *testing.B) {
	for _, bindings := range []int{100, million} {
		b.Run(fmt.Sprintf("bindings=%d", bindings), func(b *testing.B) {
			table := NewDirect[*int]()
			fill(b, table, bindings, topicKey)
			run(b, table, sample(bindings), nil)
		})
	}
}

func BenchmarkFanout(b *testing.B) {
	for _, bindings := range []int{1, 1000} {
		b.Run(fmt.Sprintf("bindings=%d", bindings), func(b *testing.B) {
			table := NewFanout[*int]()
			for range bindings {
				table.Add("", nil, new(int))
			}
			run(b, table, []string{"k"}, nil)
		})
	}
}

func BenchmarkHeaders(b *testing.B) {
	h := headersOf{
		{Key: "type", Value: "report"}, {Key: "format", Value: "pdf"},
		{Key: "tenant", Value: int32(7)}, {Key: "trace", Value: "5f1c3a"},
	}
	for _, mode := range []string{MatchAll, MatchAny} {
		for _, bindings := range []int{10, 100_000} {
			b.Run(fmt.Sprintf("%s/bindings=%d", mode, bindings), func(b *testing.B) {
				table := NewHeaders[*int]()
				for i := range bindings {
					table.Add("", amqp.Table{
						{Key: "x-match", Value: mode},
						{Key: "tenant", Value: int64(i)}, {Key: "format", Value: fmt.Sprint("f", i)},
					}, new(int))
				}
				b.ReportAllocs()
				run(b, table, []string{""}, h)
			})
		}
	}
}
