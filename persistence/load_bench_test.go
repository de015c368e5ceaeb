package persistence

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/queue"
)

// Reading a long queue back, in octets of bodies a second.
func BenchmarkLoad(b *testing.B) {
	const size, perBlock, blocks = 1024, 240, 200
	s := openDir(b, b.TempDir())
	declare(b, s, 1)
	for i := range uint64(blocks) {
		var u queue.Unit
		for k := range uint64(perBlock) {
			u.Enqueue = append(u.Enqueue, enqueue(1, 1+i*perBlock+k, sized(size, int(k))))
		}
		commit(b, s, u)
	}
	b.SetBytes(blocks * perBlock * size)
	b.ReportAllocs()
	for b.Loop() {
		n := 0
		for from := uint64(1); from < blocks*perBlock; {
			loaded, through := s.Load(1, []queue.Span{{First: from, Last: blocks * perBlock}}, 512<<10)
			n += len(loaded)
			from = through + 1
		}
		require.Equal(b, blocks*perBlock, n)
	}
}
