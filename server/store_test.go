package server_test

import (
	"errors"
	"log/slog"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/broker"
	"github.com/leveretmq/leveret/definitions"
	"github.com/leveretmq/leveret/persistence"
	"github.com/leveretmq/leveret/queue"
)

// durable opens the real store in a directory of its own. It does not sync:
// nobody cuts the power in a test.
func durable(t testing.TB) *persistence.Store {
	t.Helper()
	s, err := persistence.Open(persistence.Options{
		Dir: t.TempDir(), Durability: persistence.OS,
		Logger: slog.New(slog.DiscardHandler),
		Fatal:  func(err error) { t.Errorf("the store has failed: %v", err) },
		Limits: persistence.Limits{ValueLogFile: 16 << 20},
	})
	require.NoError(t, err)
	return s
}

// volatile is a store that forgets everything, for the many tests in which
// nothing is durable: it opens in no time. As with the real store, what was
// handed over is reported done by another goroutine, in order.
type volatile struct {
	mu     sync.Mutex
	more   sync.Cond
	done   []func() // guarded by mu
	closed bool     // guarded by mu
	ended  chan struct{}
}

var _ broker.Store = (*volatile)(nil)

func newVolatile() *volatile {
	s := &volatile{ended: make(chan struct{})}
	s.more.L = &s.mu
	go s.commit()
	return s
}

func (s *volatile) commit() {
	defer close(s.ended)
	s.mu.Lock()
	defer s.mu.Unlock()
	for !s.closed || len(s.done) > 0 {
		batch := s.done
		s.done = nil
		s.mu.Unlock()
		for _, done := range batch {
			done()
		}
		s.mu.Lock()
		for !s.closed && len(s.done) == 0 {
			s.more.Wait()
		}
	}
}

func (s *volatile) later(done func()) {
	s.mu.Lock()
	s.done = append(s.done, done)
	s.more.Signal()
	s.mu.Unlock()
}

func (s *volatile) Submit(u queue.Unit) {
	enqueued := append([]queue.Enqueue(nil), u.Enqueue...)
	s.later(func() {
		for _, e := range enqueued {
			e.Receipt.Done(true)
		}
		if u.Done != nil {
			u.Done(nil)
		}
	})
}

func (s *volatile) Change(_ definitions.Change, done func(error)) { s.later(func() { done(nil) }) }

func (s *volatile) Close([]queue.Range) error {
	s.mu.Lock()
	s.closed = true
	s.more.Signal()
	s.mu.Unlock()
	<-s.ended
	return nil
}

func (*volatile) Definitions() (definitions.Set, error)                   { return definitions.Set{}, nil }
func (*volatile) LastQueueID() uint32                                     { return 0 }
func (*volatile) NextSequence(uint32) uint64                              { return 0 }
func (*volatile) Recover(uint32, func(queue.Recovered) error) error       { return nil }
func (*volatile) Load(uint32, []queue.Span, int) ([]queue.Loaded, uint64) { return nil, 0 }
func (*volatile) SwapOut([]queue.Loaded) (uint64, error)                  { return 0, errors.ErrUnsupported }
func (*volatile) SwapIn(uint64) []queue.Loaded                            { return nil }
func (*volatile) SwapFree(uint64)                                         {}
func (*volatile) Throttle(queue.Flow)                                     {}
