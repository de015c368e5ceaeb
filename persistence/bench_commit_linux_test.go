package persistence

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/leveretmq/leveret/queue"
)

// BenchmarkCommit commits the same batches of messages, in turns, to a store and
// to an append-only file on the same file system, each synced before the next:
// encode, write, fdatasync there; all that a commit is here. One operation is one
// round of some batches; "ratio" is the median over the rounds of the file's time
// by the store's. The messages go to eight queues.
func BenchmarkCommit(b *testing.B) {
	for _, c := range []struct{ size, batch int }{
		{16, 100}, {16, 1000}, {16, 4000}, {16, 10_000},
		{1 << 10, 100}, {1 << 10, 1000}, {1 << 10, 4000},
		{64 << 10, 8}, {64 << 10, 64},
	} {
		b.Run(fmt.Sprintf("octets=%d/batch=%d", c.size, c.batch), func(b *testing.B) {
			benchmarkCommit(b, c.size, c.batch)
		})
	}
}

const benchmarkQueues = 8

func benchmarkCommit(b *testing.B, size, batch int) {
	o := quietOptions(b.TempDir())
	o.Durability = Fsync
	o.Limits.ValueLogFile = defaultValueLogFile
	s := openWith(b, o)
	declareRange(b, s, benchmarkQueues)
	log := openPlainLog(b)
	// About 4 MiB or 20 syncs, whatever is more.
	batches := max(20, 4<<20/(size*batch))
	var plain, store, ratios []float64
	var seq uint64
	for b.Loop() {
		var file, ours time.Duration
		for i := range batches {
			units := unitsOf(size, batch, &seq)
			// Neither is always the one that comes first.
			if i%2 == 0 {
				file += log.commit(b, units)
				ours += commitAll(b, s, units)
			} else {
				ours += commitAll(b, s, units)
				file += log.commit(b, units)
			}
		}
		messages := float64(batches * batch)
		plain = append(plain, messages/file.Seconds())
		store = append(store, messages/ours.Seconds())
		ratios = append(ratios, file.Seconds()/ours.Seconds())
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(median(plain), "file-msg/s")
	b.ReportMetric(median(store), "store-msg/s")
	b.ReportMetric(median(ratios), "ratio")
}

func median(list []float64) float64 {
	slices.Sort(list)
	return list[len(list)/2]
}

// unitsOf makes a batch of new messages, a unit for each queue. New ones, as the
// store knows a message again.
func unitsOf(size, batch int, seq *uint64) []queue.Unit {
	template := sized(size, 1)
	units := make([]queue.Unit, benchmarkQueues)
	for i := range batch {
		m := *template
		*seq++
		u := &units[i*benchmarkQueues/batch]
		u.Enqueue = append(u.Enqueue, enqueue(uint32(i*benchmarkQueues/batch+1), *seq, &m))
	}
	return units
}

// commitAll has the store commit the units, in one commit, and returns the time.
func commitAll(b *testing.B, s *Store, units []queue.Unit) time.Duration {
	done := make(chan error, len(units))
	release := hold(s)
	for i := range units {
		units[i].Done = func(err error) { done <- err }
		s.Submit(units[i])
	}
	start := time.Now()
	release()
	for range units {
		require.NoError(b, <-done)
	}
	return time.Since(start)
}

// plainLog is the limit that the store is measured against: an append-only file
// with a checksum per record, and one fdatasync per batch.
type plainLog struct {
	file *os.File
	buf  []byte
}

func openPlainLog(b *testing.B) *plainLog {
	f, err := os.Create(filepath.Join(b.TempDir(), "log"))
	require.NoError(b, err)
	b.Cleanup(func() { _ = f.Close() }) // its content is of no interest
	return &plainLog{file: f}
}

func (p *plainLog) commit(b *testing.B, units []queue.Unit) time.Duration {
	start := time.Now()
	p.buf = p.buf[:0]
	for i := range units {
		for _, e := range units[i].Enqueue {
			body := e.Message.Body
			p.buf = binary.AppendUvarint(p.buf, uint64(len(body)))
			p.buf = binary.BigEndian.AppendUint32(p.buf, crc32.Checksum(body, castagnoli))
			p.buf = append(p.buf, body...)
		}
	}
	_, err := p.file.Write(p.buf)
	require.NoError(b, err)
	require.NoError(b, unix.Fdatasync(int(p.file.Fd())))
	return time.Since(start)
}
