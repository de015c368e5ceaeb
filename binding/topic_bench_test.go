package binding

import (
	"fmt"
	"testing"
)

// longKey is a key of eight words.
func longKey(i int) string {
	return fmt.Sprintf("stock.%d.usd.nyse.%d.order%d.new.v1", i%7, i/7%100, i)
}

// BenchmarkTopicLongKeys matches keys of eight words, some of whose bindings
// have wildcards.
func BenchmarkTopicLongKeys(b *testing.B) {
	for _, bindings := range []int{10, 10_000} {
		for _, c := range []struct {
			name string
			key  func(i int) string
		}{
			{"literal", longKey},
			{"stars", func(i int) string { return fmt.Sprintf("stock.*.usd.*.%d.order%d.*.v1", i/7%100, i) }},
			{"hashes", func(i int) string { return fmt.Sprintf("stock.%d.#.order%d.#", i%7, i) }},
		} {
			b.Run(fmt.Sprintf("%s/bindings=%d", c.name, bindings), func(b *testing.B) {
				table := NewTopic[*int]()
				fill(b, table, bindings, c.key)
				keys := make([]string, 1000)
				for i := range keys {
					keys[i] = longKey(i * 7919 % bindings)
				}
				run(b, table, keys, nil)
			})
		}
	}
}

// BenchmarkChurn adds and removes a binding of a table that has many.
func BenchmarkChurn(b *testing.B) {
	for name, table := range map[string]Table[*int]{"direct": NewDirect[*int](), "topic": NewTopic[*int]()} {
		b.Run(name, func(b *testing.B) {
			const bindings = 10_000
			for i := range bindings {
				table.Add(topicKey(i), nil, new(int))
			}
			key, target := topicKey(bindings), new(int)
			b.ReportAllocs()
			for b.Loop() {
				table.Add(key, nil, target)
				table.Remove(key, nil, target)
			}
		})
	}
}
