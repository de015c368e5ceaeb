package persistence

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/message"
)

// benchmarkItems are the messages of one block.
func benchmarkItems(size, messages int) []item {
	items := make([]item, messages)
	for i := range items {
		items[i] = item{seq: uint64(i + 1), message: sized(size, i)}
	}
	return items
}

// BenchmarkBlock encodes and decodes what a commit writes of one queue, without
// the writing.
func BenchmarkBlock(b *testing.B) {
	for _, c := range []struct{ size, messages int }{{16, 1000}, {1 << 10, 250}, {64 << 10, 4}} {
		name := fmt.Sprintf("octets=%d/batch=%d", c.size, c.messages)
		items := benchmarkItems(c.size, c.messages)
		first, payload := encodeOwn(items)
		perMessage := func(b *testing.B) {
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(c.messages), "ns/msg")
		}
		b.Run("encode/"+name, func(b *testing.B) {
			e := encoder{buf: make([]byte, 0, len(payload))}
			b.ReportAllocs()
			for b.Loop() {
				e.reset()
				e.buf = e.buf[:0]
				e.appendOwn(items)
			}
			perMessage(b)
			require.Equal(b, payload, e.buf)
		})
		b.Run("decode/"+name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := decodeBlock(first, payload); err != nil {
					b.Fatal(err)
				}
			}
			perMessage(b)
		})
	}
}

// BenchmarkMixedBlock encodes a fan-out: the same messages for fifty queues.
func BenchmarkMixedBlock(b *testing.B) {
	const queues, messages = 50, 20
	items := benchmarkItems(128, messages)
	groups := make([]group, queues)
	for i := range groups {
		groups[i] = group{queue: uint32(i + 1), items: items}
	}
	b.Run(fmt.Sprintf("batch=%d", queues*messages), func(b *testing.B) {
		e := encoder{seen: map[*message.Message]uint32{}}
		b.ReportAllocs()
		for b.Loop() {
			e.reset()
			e.buf = e.buf[:0]
			e.appendMixed(groups)
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/(queues*messages), "ns/msg")
	})
}

// BenchmarkEnvelope checks and makes the checksum of a block.
func BenchmarkEnvelope(b *testing.B) {
	key := []byte("a key of a block")
	envelope := seal(key, make([]byte, blockOctets))
	b.Run("seal", func(b *testing.B) {
		b.SetBytes(blockOctets)
		for b.Loop() {
			endEnvelope(envelope)
		}
	})
	b.Run("unseal", func(b *testing.B) {
		b.SetBytes(blockOctets)
		b.ReportAllocs()
		for b.Loop() {
			if _, err := unseal(key, envelope); err != nil {
				b.Fatal(err)
			}
		}
	})
}
