package server_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/leveretmq/leveret/broker"
	"github.com/leveretmq/leveret/message"
	"github.com/leveretmq/leveret/queue"
)

// witness is a store that looks at the messages which it is given, some of them
// much later: they may never change again. Swapping out takes long, and fails at
// times, so that consumers get what is being written.
type witness struct {
	broker.Store
	t    testing.TB
	post *post

	mu     sync.Mutex
	recent []*message.Message // guarded by mu; a ring
	next   int                // guarded by mu
	swaps  int                // guarded by mu
}

const witnessed = 256

func newWitness(t testing.TB, s broker.Store, p *post) *witness {
	return &witness{Store: s, t: t, post: p, recent: make([]*message.Message, witnessed)}
}

var errSwap = errors.New("the disk is full, says the test")

func (w *witness) inspect(where string, m *message.Message) {
	if err := w.post.inspect(where, m); err != nil {
		w.t.Errorf("%v", err)
	}
}

// remember looks at the message that was remembered long ago.
func (w *witness) remember(m *message.Message) {
	w.mu.Lock()
	old := w.recent[w.next]
	w.recent[w.next] = m
	w.next = (w.next + 1) % len(w.recent)
	w.mu.Unlock()
	if old != nil {
		w.inspect("kept", old)
	}
}

func (w *witness) Submit(u queue.Unit) {
	for _, e := range u.Enqueue {
		w.remember(e.Message)
	}
	for _, e := range u.Gather {
		w.remember(e.Message)
	}
	w.Store.Submit(u)
}

func (w *witness) Load(q uint32, spans []queue.Span, octets int) ([]queue.Loaded, uint64) {
	loaded, through := w.Store.Load(q, spans, octets)
	for _, l := range loaded {
		w.inspect("loaded", l.Message)
	}
	return loaded, through
}

func (w *witness) SwapOut(messages []queue.Loaded) (page uint64, err error) {
	w.mu.Lock()
	w.swaps++
	swaps := w.swaps
	w.mu.Unlock()
	look := func() {
		for _, m := range messages {
			w.inspect("swapped out", m.Message)
		}
	}
	look()
	if swaps%4 == 0 {
		<-time.After(time.Duration(swaps%7) * time.Millisecond)
		look()
	}
	if swaps%5 == 0 {
		return 0, errSwap
	}
	page, err = w.Store.SwapOut(messages)
	look()
	return page, err
}

func (w *witness) SwapIn(page uint64) []queue.Loaded {
	loaded := w.Store.SwapIn(page)
	for _, l := range loaded {
		w.inspect("swapped in", l.Message)
	}
	return loaded
}
