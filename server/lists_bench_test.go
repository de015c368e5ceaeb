package server

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/queue"
)

// listBatch is how many messages one iteration takes through a list: the
// prefetch that many clients use.
const listBatch = 1000

// perListed reports the time of each message of the batches.
func perListed(b *testing.B) {
	b.Helper()
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/listBatch, "ns/msg")
}

// BenchmarkUnacked delivers messages and acknowledges them in several orders.
func BenchmarkUnacked(b *testing.B) {
	q, err := queue.New(queue.Spec{Name: "q"}, queue.Options{})
	require.NoError(b, err)
	shuffled := rand.New(rand.NewPCG(1, 2)).Perm(listBatch)
	for _, c := range []struct {
		name     string
		acks     int
		multiple bool
		nth      func(i int) int // which message the i-th ack names, from 0
	}{
		{"each", listBatch, false, func(i int) int { return i }},
		{"backwards", listBatch, false, func(i int) int { return listBatch - 1 - i }},
		{"shuffled", listBatch, false, func(i int) int { return shuffled[i] }},
		{"every tenth", listBatch / 10, true, func(i int) int { return 10*i + 9 }},
	} {
		b.Run(fmt.Sprintf("%s/batch=%d", c.name, listBatch), func(b *testing.B) {
			var list unackedList
			var taken []queue.Delivery
			tag := uint64(1)
			b.ReportAllocs()
			for b.Loop() {
				for i := range uint64(listBatch) {
					list.push(queue.Delivery{Queue: q, Tag: tag + i})
				}
				taken = taken[:0]
				for i := range c.acks {
					if taken, err = list.takeTagged(tag+uint64(c.nth(i)), c.multiple, taken); err != nil {
						b.Fatal(err)
					}
				}
				tag += listBatch
			}
			perListed(b)
			require.Zero(b, list.live)
		})
	}
}

// BenchmarkConfirms has publishes settle, in order and not, and confirms them.
func BenchmarkConfirms(b *testing.B) {
	shuffled := rand.New(rand.NewPCG(3, 4)).Perm(listBatch)
	for _, c := range []struct {
		name string
		nth  func(i int) int
	}{
		{"in order", func(i int) int { return i }},
		{"shuffled", func(i int) int { return shuffled[i] }},
	} {
		b.Run(fmt.Sprintf("%s/batch=%d", c.name, listBatch), func(b *testing.B) {
			ch := newWindow()
			var out []byte
			var channels []*channel
			b.ReportAllocs()
			for b.Loop() {
				first := ch.confirms.last + 1
				for range listBatch {
					ch.confirms.last++
				}
				for i := range listBatch {
					ch.confirms.Settle(first+uint64(c.nth(i)), true)
				}
				_, channels, _ = ch.conn.wants.take(nil, channels[:0], nil)
				out = channels[0].appendConfirms(out[:0])
			}
			perListed(b)
			require.Equal(b, ch.confirms.last+1, ch.confirms.next)
		})
	}
}
