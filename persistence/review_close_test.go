package persistence

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/definitions"
	"github.com/leveretmq/leveret/message"
	"github.com/leveretmq/leveret/queue"
)

// tally counts what is told, by tag.
type tally struct{ settled, done []atomic.Int32 }

func (c *tally) Settle(tag uint64, _ bool) { c.settled[tag].Add(1) }

// Close while everybody submits: each unit is told once, a receipt if and only
// if its unit is durable, and what was told is there afterwards.
func TestCloseBesideSubmissions(t *testing.T) {
	const workers, each = 8, 400
	s := openDir(t, t.TempDir())
	declareRange(t, s, workers)
	c := tally{make([]atomic.Int32, workers*each), make([]atomic.Int32, workers*each)}
	durable := make([]atomic.Bool, workers*each)
	var submitted, told sync.WaitGroup
	half := make(chan struct{})
	for w := range workers {
		submitted.Go(func() {
			for i := range each {
				tag := w*each + i
				told.Add(1)
				e := enqueue(uint32(w+1), uint64(i+1), sized(10+i%3*5000, tag))
				e.Receipt = message.NewReceipt(&c, uint64(tag), 1)
				s.Submit(queue.Unit{Enqueue: []queue.Enqueue{e}, Done: func(err error) {
					defer told.Done()
					c.done[tag].Add(1)
					durable[tag].Store(err == nil)
					if err != nil && !errors.Is(err, ErrClosed) {
						t.Error(err)
					}
				}})
				if w == 0 && i == each/2 {
					close(half)
				}
				if i%50 == 0 {
					forget(s, 99)
					told.Add(1)
					s.Change(definitions.Change{}, func(error) { told.Done() })
					s.Throttle(queue.Flood)
				}
			}
		})
	}
	<-half
	closeStore(t, s)
	submitted.Wait()
	told.Wait()
	s = openDir(t, s.options.Dir)
	for w := range workers {
		n := 0
		for i := range each {
			tag := w*each + i
			require.EqualValues(t, 1, c.done[tag].Load())
			want := int32(0)
			if durable[tag].Load() {
				want, n = 1, n+1
			}
			require.Equal(t, want, c.settled[tag].Load())
		}
		require.Len(t, recovered(t, s, uint32(w+1)), n)
	}
}

// Close ends all goroutines, those of Badger as well.
func TestCloseLeavesNoGoroutine(t *testing.T) {
	before := goroutines() // of stores that have failed in other tests
	s := openDir(t, t.TempDir())
	declare(t, s, 1)
	commit(t, s, queue.Unit{Enqueue: []queue.Enqueue{enqueue(1, 1, sized(500_000, 1))}})
	fresh := func() (list []string) {
		for id, stack := range goroutines() {
			if before[id] == "" {
				list = append(list, stack)
			}
		}
		return list
	}
	require.NotEmpty(t, fresh())
	closeStore(t, s)
	require.Eventually(t, func() bool { return len(fresh()) == 0 }, 10*time.Second, time.Millisecond)
}

// goroutines lists the goroutines of all stores by their numbers.
func goroutines() map[string]string {
	text := make([]byte, 1<<20)
	text = text[:runtime.Stack(text, true)]
	list := map[string]string{}
	for stack := range strings.SplitSeq(string(text), "\n\n") {
		if strings.Contains(stack, "persistence.(*Store).run") || strings.Contains(stack, "dgraph-io/badger") {
			id, _, _ := strings.Cut(stack, " [")
			list[id] = stack
		}
	}
	return list
}

// Badger tries for ever to write a memtable that it cannot write. Close tells.
func TestCloseOnFailingDisk(t *testing.T) {
	s := openDir(t, t.TempDir())
	declare(t, s, 1)
	dir := filepath.Join(s.options.Dir, storeDir)
	require.NoError(t, os.Rename(dir, dir+" is gone"))
	defer func() { require.NoError(t, os.Rename(dir+" is gone", dir)) }()
	outcome := make(chan error, 1)
	go func() { outcome <- s.Close(nil) }()
	select {
	case err := <-outcome:
		require.ErrorContains(t, err, "flushing memtable")
	case <-time.After(10 * time.Second):
		require.FailNow(t, "the store does not close")
	}
}
