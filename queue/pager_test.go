package queue

import (
	"errors"
	"fmt"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/message"
)

// disk is a store in memory that commits at once, on a goroutine of its own.
type disk struct {
	mu       sync.Mutex
	stored   map[uint64]*message.Message // of one queue
	pages    map[uint64][]Loaded
	last     uint64
	gathered int
	full     bool // no page can be written
}

func newDisk() *disk {
	return &disk{stored: map[uint64]*message.Message{}, pages: map[uint64][]Loaded{}}
}

func (d *disk) Submit(u Unit) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, e := range u.Enqueue {
		d.stored[e.Seq] = e.Message
	}
	for _, a := range u.Ack {
		delete(d.stored, a.Seq)
	}
	for _, r := range u.Purge {
		maps.DeleteFunc(d.stored, func(seq uint64, _ *message.Message) bool { return r.First <= seq && seq <= r.Last })
	}
	d.gathered += len(u.Gather)
	if u.Done != nil {
		go u.Done(nil)
	}
}

func (d *disk) Load(_ uint32, spans []Span, octets int) (loaded []Loaded, through uint64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, s := range spans {
		for seq := s.First; seq <= s.Last; seq++ {
			if m := d.stored[seq]; m != nil {
				loaded = append(loaded, Loaded{Seq: seq, Message: m})
				octets -= m.Size()
			}
			if octets <= 0 {
				return loaded, seq
			}
		}
	}
	return loaded, spans[len(spans)-1].Last
}

func (d *disk) SwapOut(messages []Loaded) (uint64, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.full {
		return 0, errors.ErrUnsupported
	}
	d.last++
	d.pages[d.last] = messages
	return d.last, nil
}

func (d *disk) SwapIn(page uint64) []Loaded {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.pages[page]
}

func (d *disk) SwapFree(page uint64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.pages, page)
}

func (d *disk) swapped() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.pages)
}

func (d *disk) setFull(full bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.full = full
}

// paged makes a queue of a pager.
func paged(t *testing.T, p *Pager, name string, durable bool) *Queue {
	t.Helper()
	q, err := New(Spec{VHost: "/", Name: name, Durable: durable}, Options{Store: p.store, Pager: p, NextSeq: 1})
	require.NoError(t, err)
	return q
}

// fill publishes n messages of 1 KiB.
func fill(q *Queue, n int) {
	var batch []Publication
	for range n {
		batch = append(batch, Publication{Message: &message.Message{Body: make([]byte, 1024), Persistent: true}})
	}
	q.Publish(batch)
}

func newTestPager(t *testing.T, store Store, budget int64) *Pager {
	t.Helper()
	p := NewPager(PagerOptions{Store: store, Budget: budget})
	t.Cleanup(p.Close)
	return p
}

func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	require.Eventually(t, condition, 10*time.Second, time.Millisecond, what)
}

func TestPager_KeepsMemoryWithinItsBudget(t *testing.T) {
	for _, durable := range []bool{true, false} {
		t.Run(fmt.Sprint("durable ", durable), func(t *testing.T) {
			store := newDisk()
			p := newTestPager(t, store, 100<<10)
			q := paged(t, p, "long", durable)
			for range 50 {
				fill(q, 20)
			}
			eventually(t, "memory within the budget", func() bool { return p.Used() <= p.budget })
			require.Equal(t, 1000, q.Counts().Ready)
			require.Equal(t, durable, store.swapped() == 0, "only what is not stored is swapped")
			for i := range 1000 {
				d, _, ok := q.Get(AutoAck)
				require.True(t, ok)
				require.EqualValues(t, i+1, d.Seq)
			}
			require.Zero(t, p.Used())
			eventually(t, "all pages given back", func() bool { return store.swapped() == 0 })
			require.Empty(t, store.stored)
		})
	}
}

func TestPager_LongAndIdleQueuesGoFirst(t *testing.T) {
	p := newTestPager(t, newDisk(), 1<<40)
	long, short, consumed := paged(t, p, "long", true), paged(t, p, "short", true), paged(t, p, "consumed", true)
	require.NoError(t, consumed.AddConsumer(NewConsumer(consumed, deaf{}, ConsumerOptions{Prefetch: 1})))
	fill(long, 300)
	fill(short, 100)
	fill(consumed, 700)
	require.Equal(t, []string{"long", "short"}, names(p.choose(400<<10, headOctets)), "the head of what is consumed stays")
	require.Equal(t, []string{"long"}, names(p.choose(1, headOctets)))
	require.Equal(t, []string{"long", "consumed", "short"}, names(p.choose(1<<40, 0)))
}

func names(queues []*Queue) (list []string) {
	for _, q := range queues {
		list = append(list, q.Name())
	}
	return list
}

// deaf is a connection that fetches nothing.
type deaf struct{}

func (deaf) Wake(*Consumer) {}

// Where nothing can be swapped messages stay, and are tried again.
func TestPager_WhatCannotBeSwappedStays(t *testing.T) {
	store := newDisk()
	store.setFull(true)
	p := newTestPager(t, store, 100<<10)
	q := paged(t, p, "transient", false)
	fill(q, 200)
	require.Error(t, p.pageOut([]*Queue{q}, 0))
	require.Greater(t, p.Used(), p.budget)
	store.setFull(false)
	fill(q, 200)
	eventually(t, "memory within the budget", func() bool { return p.Used() <= p.budget })
	for i := range 400 {
		d, _, ok := q.Get(AutoAck)
		require.True(t, ok)
		require.EqualValues(t, i+1, d.Seq)
	}
	require.Zero(t, p.Used())
}

// Messages that cannot be swapped cost nothing once they are gone.
func TestPager_WhatCannotBeSwappedIsForgotten(t *testing.T) {
	store := newDisk()
	store.setFull(true)
	p := newTestPager(t, store, 100<<10)
	for name, empty := range map[string]func(*Queue){
		"consumed": func(q *Queue) {
			for range 200 {
				_, _, ok := q.Get(AutoAck)
				require.True(t, ok)
			}
		},
		"purged": func(q *Queue) { require.Equal(t, 200, q.Purge(nil)) },
		"deleted": func(q *Queue) {
			_, err := q.Delete(Condition{})
			require.NoError(t, err)
		},
	} {
		q := paged(t, p, name, false)
		fill(q, 200)
		require.Error(t, p.pageOut([]*Queue{q}, 0))
		require.Greater(t, p.Used(), p.budget)
		empty(q)
		require.Zero(t, p.Used(), name)
	}
}

// Queues come and go without the budget ever being exceeded.
func TestPager_ForgetsDeletedQueues(t *testing.T) {
	p := newTestPager(t, newDisk(), 1<<40)
	q := paged(t, p, "short-lived", false)
	fill(q, 1)
	require.Len(t, p.queues, 1)
	_, err := q.Delete(Condition{})
	require.NoError(t, err)
	require.Empty(t, p.queues)
}

// Much memory that could not be freed raises the bar for the next try only as
// long as it is used.
func TestPager_BarFallsWithMemory(t *testing.T) {
	p := newTestPager(t, newDisk(), 100<<10)
	q := paged(t, p, "held", false)
	c := NewConsumer(q, deaf{}, ConsumerOptions{})
	require.NoError(t, q.AddConsumer(c))
	var held []Delivery
	for range 10 {
		fill(q, 100)
		entries, _ := q.Fetch(c, nil, 1<<30)
		for _, e := range entries {
			held = append(held, Delivery{Entry: e.Held(), Queue: q, Consumer: c})
		}
	}
	eventually(t, "nothing can be freed", func() bool { return p.threshold.Load() > 5*p.budget })
	q.RemoveConsumer(c)
	q.Ack(held)
	fill(q, 500)
	eventually(t, "memory within the budget", func() bool { return p.Used() <= p.budget })
}

// What a consumer holds unacknowledged is not kept where memory is short, and
// comes back with a requeue.
func TestPager_UnacknowledgedMessagesLeaveMemory(t *testing.T) {
	store := newDisk()
	p := newTestPager(t, store, 1)
	q := paged(t, p, "held", true)
	fill(q, 500)
	eventually(t, "all on the disk", func() bool { return p.Used() == 0 })
	woken := make(waking, 1)
	c := NewConsumer(q, woken, ConsumerOptions{})
	require.NoError(t, q.AddConsumer(c))
	var held []Delivery
	for len(held) < 500 {
		<-woken
		entries, _ := q.Fetch(c, nil, 1<<30)
		for _, e := range entries {
			require.NotNil(t, e.Message)
			held = append(held, Delivery{Entry: e.Held(), Queue: q, Consumer: c})
			require.Nil(t, held[len(held)-1].Message)
		}
	}
	require.False(t, q.RemoveConsumer(c))
	require.Zero(t, p.Used())
	q.Requeue(held, Nacked)
	for i := range 500 {
		d, _, ok := q.Get(AutoAck)
		require.True(t, ok)
		require.EqualValues(t, i+1, d.Seq)
		require.True(t, d.Redelivered())
		require.Len(t, d.Message.Body, 1024)
	}
}

// waking tells when there is something to fetch.
type waking chan struct{}

func (w waking) Wake(*Consumer) {
	select {
	case w <- struct{}{}:
	default:
	}
}
