package persistence

import (
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/queue"
)

// gate stops the store once, where it would fail otherwise.
type gate struct {
	at      atomic.Int64 // fault point, or -1
	passes  atomic.Int64 // how often the point is passed before
	reached chan struct{}
	open    chan struct{}
}

func openGated(t *testing.T) (*Store, *gate) {
	t.Helper()
	g := &gate{reached: make(chan struct{}), open: make(chan struct{})}
	g.at.Store(-1)
	o := quietOptions(t.TempDir())
	o.fault = g.fault
	return openWith(t, o), g
}

func (g *gate) fault(at faultPoint) error {
	if g.at.Load() == int64(at) && g.passes.Add(-1) < 0 {
		g.at.Store(-1)
		close(g.reached)
		<-g.open
	}
	return nil
}

// stop has the store stop when it has passed a point so many times.
func (g *gate) stop(at faultPoint, passes int64) {
	g.passes.Store(passes)
	g.at.Store(int64(at))
}

// What dies while it is being read is not damaged.
func TestLoad_WhatDiesMeanwhileIsNoDamage(t *testing.T) {
	for name, c := range map[string]struct{ size, passes int }{
		"block":         {size: 3000, passes: 0},
		"body":          {size: 300_000, passes: 1},
		"inline values": {size: 10, passes: 0},
	} {
		t.Run(name, func(t *testing.T) {
			s, g := openGated(t)
			declare(t, s, 1)
			var u queue.Unit
			for _, seq := range numbers(1, 20) {
				u.Enqueue = append(u.Enqueue, enqueue(1, seq, sized(c.size, int(seq))))
			}
			commit(t, s, u)
			g.stop(beforeRead, int64(c.passes))
			loaded := make(chan []queue.Loaded)
			go func() {
				list, _ := s.Load(1, []queue.Span{{First: 1, Last: 20}}, 1<<30)
				loaded <- list
			}()
			<-g.reached
			commit(t, s, queue.Unit{Purge: []queue.Range{{Queue: 1, Span: queue.Span{First: 1, Last: 20}}}})
			close(g.open)
			require.Empty(t, <-loaded)
			require.False(t, s.reclaim.halted.Load(), "there was no damage")
			require.NoDirExists(t, filepath.Join(s.options.Dir, quarantineDir))
		})
	}
}

// What is gathered between two messages that are loaded is not on the disk yet,
// and must not be taken for lost.
func TestLoad_PassesOverWhatIsBeingGathered(t *testing.T) {
	s, g := openGated(t)
	list := scatter(t, s)
	g.stop(beforeCommit, 0)
	gathered := make(chan error, 1)
	s.Submit(queue.Unit{Gather: list[1:39], Done: func(err error) { gathered <- err }})
	<-g.reached
	loaded, through := s.Load(1, []queue.Span{{First: 1, Last: 1}, {First: 40, Last: 40}}, 1<<30)
	require.Len(t, loaded, 2)
	require.EqualValues(t, 40, through)
	close(g.open)
	require.NoError(t, <-gathered)
	commit(t, s, queue.Unit{})
	require.Len(t, load(t, s, 1, allNumbers()), 40)
}
