package persistence

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/leveretmq/leveret/message"
	"github.com/leveretmq/leveret/queue"
)

// plainFile is the limit that the store is measured against: an append-only
// file with the same group commit, a checksum per record, and fdatasync.
type plainFile struct {
	file    *os.File
	mu      sync.Mutex
	pending []*message.Message
	waiting []func()
	wake    chan struct{}
	done    chan struct{}
}

func newPlainFile(b *testing.B) *plainFile {
	f, err := os.Create(filepath.Join(b.TempDir(), "log"))
	require.NoError(b, err)
	p := &plainFile{file: f, wake: make(chan struct{}, 1), done: make(chan struct{})}
	go p.run(b)
	return p
}

func (p *plainFile) submit(m *message.Message, done func()) {
	p.mu.Lock()
	p.pending = append(p.pending, m)
	p.waiting = append(p.waiting, done)
	p.mu.Unlock()
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

func (p *plainFile) run(b *testing.B) {
	defer close(p.done)
	var messages []*message.Message
	var waiting []func()
	var buf []byte
	for range p.wake {
		p.mu.Lock()
		messages, p.pending = p.pending, messages[:0]
		waiting, p.waiting = p.waiting, waiting[:0]
		p.mu.Unlock()
		buf = buf[:0]
		for _, m := range messages {
			buf = binary.AppendUvarint(buf, uint64(len(m.Body)))
			buf = binary.BigEndian.AppendUint32(buf, crc32.Checksum(m.Body, castagnoli))
			buf = append(buf, m.Body...)
		}
		if _, err := p.file.Write(buf); err != nil {
			b.Error(err)
		}
		if err := unix.Fdatasync(int(p.file.Fd())); err != nil {
			b.Error(err)
		}
		for _, done := range waiting {
			done()
		}
	}
}

func (p *plainFile) close() {
	close(p.wake)
	<-p.done
	_ = p.file.Close() // its content is of no interest
}

// runPublishers shares b.N messages among publishers that have up to window
// messages in flight each.
func runPublishers(b *testing.B, publishers, window int, publish func(id uint32, seq uint64, settled func())) {
	b.SetBytes(1024)
	b.ReportAllocs()
	b.ResetTimer()
	var all sync.WaitGroup
	for p := range publishers {
		n := b.N / publishers
		if p < b.N%publishers {
			n++
		}
		all.Go(func() {
			left := make(chan struct{}, window)
			for seq := range uint64(n) {
				left <- struct{}{}
				publish(uint32(p+1), seq+1, func() { <-left })
			}
			for range window {
				left <- struct{}{}
			}
		})
	}
	all.Wait()
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msg/s")
}

// BenchmarkEnqueue publishes 1 KiB messages beside a plain file. "waiting"
// publishers have one message in flight, "streaming" ones 1000.
func BenchmarkEnqueue(b *testing.B) {
	for _, c := range []struct {
		name               string
		publishers, window int
	}{
		{"waiting/1", 1, 1}, {"waiting/64", 64, 1}, {"streaming/4", 4, 1000}, {"streaming/64", 64, 1000},
	} {
		b.Run(fmt.Sprint(c.name, "/file"), func(b *testing.B) {
			p := newPlainFile(b)
			defer p.close()
			m := sized(1024, 1)
			runPublishers(b, c.publishers, c.window, func(_ uint32, _ uint64, settled func()) { p.submit(m, settled) })
		})
		b.Run(fmt.Sprint(c.name, "/store"), func(b *testing.B) { benchmarkStore(b, c.publishers, c.window, keepAll) })
		b.Run(fmt.Sprint(c.name, "/store with consumers"), func(b *testing.B) {
			benchmarkStore(b, c.publishers, c.window, consume)
		})
	}
}

// The ways of a queue in the benchmark.
const (
	keepAll = iota
	consume // acknowledge each message when its commit is done
)

func benchmarkStore(b *testing.B, publishers, window, mode int) {
	o := quietOptions(b.TempDir())
	o.Durability = Fsync
	o.Limits.ValueLogFile = defaultValueLogFile
	s := openWith(b, o)
	declareRange(b, s, uint32(publishers))
	template := sized(1024, 1)
	runPublishers(b, publishers, window, func(id uint32, seq uint64, settled func()) {
		m := *template
		s.Submit(queue.Unit{
			Enqueue: []queue.Enqueue{enqueue(id, seq, &m)},
			Done: func(error) {
				if mode == consume {
					s.Submit(queue.Unit{Ack: []queue.Ack{ack(id, seq)}})
				}
				settled()
			},
		})
	})
}
