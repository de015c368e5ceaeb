package persistence

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/queue"
)

// residentNow returns a line of /proc/self/status in MB, such as VmRSS.
func residentNow(field string) int {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return -1
	}
	for line := range strings.Lines(string(status)) {
		if words := strings.Fields(line); words[0] == field+":" {
			kb, err := strconv.Atoi(words[1])
			if err != nil {
				return -1
			}
			return kb >> 10
		}
	}
	return -1
}

// watchMemory looks at the resident set until the returned function is called,
// which returns the peaks of all and of the anonymous memory in MB.
func watchMemory() (stop func() (all, anonymous int)) {
	var rss, anon atomic.Int64
	end := make(chan struct{})
	var watcher sync.WaitGroup
	watcher.Go(func() {
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-end:
				return
			case <-tick.C:
				rss.Store(max(rss.Load(), int64(residentNow("VmRSS"))))
				anon.Store(max(anon.Load(), int64(residentNow("RssAnon"))))
			}
		}
	})
	return func() (int, int) {
		close(end)
		watcher.Wait()
		return int(rss.Load()), int(anon.Load())
	}
}

// BenchmarkResident writes b.N blocks of 256 KiB and reads them back, and tells
// the peaks of the resident set. It says something from -benchtime 4000x (1 GB)
// on.
func BenchmarkResident(b *testing.B) {
	o := quietOptions(b.TempDir())
	o.Durability = Fsync
	o.Limits.ValueLogFile = defaultValueLogFile
	s := openWith(b, o)
	declare(b, s, 1)
	var seq uint64
	b.Run("write", func(b *testing.B) {
		template := sized(blockOctets-1024, 1)
		stop := watchMemory()
		window := make(chan struct{}, 16)
		for range b.N {
			seq++
			m := *template // the same one would be stored once
			window <- struct{}{}
			s.Submit(queue.Unit{
				Enqueue: []queue.Enqueue{enqueue(1, seq, &m)},
				Done: func(err error) {
					if err != nil {
						b.Error(err)
					}
					<-window
				},
			})
		}
		for range cap(window) {
			window <- struct{}{}
		}
		b.ReportMetric(float64(b.N)*blockOctets/1e6/b.Elapsed().Seconds(), "MB/s")
		reportPeaks(b, stop)
	})
	for _, readers := range []int{1, 4} {
		b.Run(fmt.Sprint("read/", readers), func(b *testing.B) {
			blocks, _ := keys(b, s, prefixBlock)
			require.NotEmpty(b, blocks)
			stop := watchMemory()
			var next atomic.Int64
			var all sync.WaitGroup
			b.ResetTimer()
			for range readers {
				all.Go(func() {
					for {
						i := next.Add(1) - 1
						if i >= int64(len(blocks)) {
							return
						}
						if _, _, err := s.readValue(blocks[i]); err != nil {
							b.Error(err)
						}
					}
				})
			}
			all.Wait()
			b.ReportMetric(float64(len(blocks))*blockOctets/1e6/b.Elapsed().Seconds(), "MB/s")
			reportPeaks(b, stop)
		})
	}
}

func reportPeaks(b *testing.B, stop func() (int, int)) {
	b.StopTimer()
	all, anonymous := stop()
	b.ReportMetric(float64(all), "peak-RSS-MB")
	b.ReportMetric(float64(anonymous), "peak-anon-MB")
}
