package persistence

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/definitions"
	"github.com/leveretmq/leveret/queue"
)

var errInjected = errors.New("injected")

// injector fails the n-th step that may fail.
type injector struct {
	mu    sync.Mutex
	left  int
	point faultPoint
	hit   bool
	fatal int
}

func (i *injector) fault(at faultPoint) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.left--; i.left != 0 {
		return nil
	}
	i.point, i.hit = at, true
	return errInjected
}

func (i *injector) failed(error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.fatal++
}

func (i *injector) has() (hit bool, point faultPoint, fatal int) {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.hit, i.point, i.fatal
}

// contents is what the queues hold: bodies by queue and sequence number.
type contents map[uint32]map[uint64]string

func (c contents) clone() contents {
	twin := contents{}
	for id, messages := range c {
		twin[id] = maps.Clone(messages)
	}
	return twin
}

// act is one step of a scripted session, and what it makes of the contents.
type act struct {
	name   string
	do     func(t *testing.T, s *Store) error
	effect func(contents)
}

// submit is an act that waits for its unit.
func submit(name string, u queue.Unit) act {
	return act{
		name: name,
		do: func(_ *testing.T, s *Store) error {
			unit, done := u, make(chan error, 1)
			unit.Done = func(err error) { done <- err }
			s.Submit(unit)
			return <-done
		},
		effect: func(c contents) {
			for _, e := range u.Enqueue {
				c[e.Queue][e.Seq] = string(e.Message.Body)
			}
			for _, a := range u.Ack {
				delete(c[a.Queue], a.Seq)
			}
			for _, r := range u.Purge {
				maps.DeleteFunc(c[r.Queue], func(seq uint64, _ string) bool { return seq >= r.First && seq <= r.Last })
			}
		},
	}
}

// redefine is an act that waits for a change of the definitions.
func redefine(name string, c definitions.Change) act {
	return act{
		name: name,
		do:   func(_ *testing.T, s *Store) error { return apply(s, c) },
		effect: func(state contents) {
			for _, q := range c.Put.Queues {
				state[q.ID] = map[uint64]string{}
			}
			for _, q := range c.Delete.Queues {
				delete(state, q.ID)
			}
		},
	}
}

// read is an act that changes nothing.
func read(name string, do func(t *testing.T, s *Store) error) act {
	return act{name: name, do: do, effect: func(contents) {}}
}

// scriptedSession touches everything that a store does.
func scriptedSession() []act {
	put := func(from, to uint32) (c definitions.Change) {
		for id := from; id <= to; id++ {
			c.Put.Queues = append(c.Put.Queues, queueSpec(id))
		}
		return c
	}
	several := func(id uint32, first uint64, n, size int) (list []queue.Enqueue) {
		for i := range n {
			list = append(list, enqueue(id, first+uint64(i), sized(size, i)))
		}
		return list
	}
	shared := sized(6000, 1)
	acts := []act{
		redefine("declare", put(1, 3)),
		submit("own block", queue.Unit{Enqueue: several(1, 1, 40, 1000)}),
		submit("mixed block", queue.Unit{Enqueue: slices.Concat(several(1, 41, 2, 100), several(2, 1, 2, 100), several(3, 1, 2, 100))}),
		submit("fan-out", queue.Unit{Enqueue: []queue.Enqueue{enqueue(1, 43, shared), enqueue(2, 3, shared), enqueue(3, 3, shared)}}),
		submit("big body", queue.Unit{Enqueue: several(2, 4, 1, 300_000)}),
		submit("acknowledge", queue.Unit{Ack: []queue.Ack{ack(1, 3), ack(2, 1), ack(3, 3)}}),
	}
	var small []queue.Enqueue
	for i := range uint64(8) {
		list := several(1, 50+i, 1, 3000)
		small = append(small, list...)
		acts = append(acts, submit("small block", queue.Unit{Enqueue: list}))
	}
	gather := submit("gather", queue.Unit{Gather: small})
	return append(acts,
		gather,
		read("load", func(_ *testing.T, s *Store) error {
			s.Load(1, []queue.Span{allNumbers()}, 1<<30)
			return s.failed()
		}),
		read("swap", func(t *testing.T, s *Store) error {
			page, err := s.SwapOut([]queue.Loaded{{Seq: 7, Message: text("swapped")}})
			if err != nil {
				return nil // the message stays in memory
			}
			if back := s.SwapIn(page); len(back) > 0 {
				require.Equal(t, "swapped", string(back[0].Message.Body))
			}
			s.SwapFree(page)
			return nil
		}),
		submit("purge", queue.Unit{Purge: []queue.Range{{Queue: 1, Span: queue.Span{First: 10, Last: 52}}}}),
		redefine("delete", definitions.Change{Delete: definitions.Set{Queues: []queue.Spec{queueSpec(3)}}}),
		redefine("more than a transaction takes", put(10, 10+transactionEntries)),
		submit("after it", queue.Unit{Enqueue: several(10, 1, 3, 1000)}),
	)
}

// Whatever step of whatever call fails: nothing is told to be done from then
// on, the process is ended, and what the directory holds is what was told, or
// that and the change that failed.
func TestFaults_AtEveryStep(t *testing.T) {
	for n := 1; ; n++ {
		i := &injector{left: n}
		if !runSession(t, i) {
			require.Greater(t, n, 40, "the session is shorter than it should be")
			return
		}
	}
}

// runSession says whether the fault was met.
func runSession(t *testing.T, i *injector) bool {
	o := quietOptions(t.TempDir())
	s := openWith(t, o)
	s.options.fault, s.options.Fatal = i.fault, i.failed
	state := contents{}
	possible := []contents{state}
	for _, a := range scriptedSession() {
		next := state.clone()
		a.effect(next)
		err := a.do(t, s)
		_, point, _ := i.has()
		name := fmt.Sprintf("%s, fault at %d", a.name, point)
		if err != nil {
			require.ErrorIs(t, err, errInjected, name)
			possible = []contents{state, next}
			break
		}
		state = next
		possible = []contents{state}
	}
	hit, point, _ := i.has()
	if hit && point != beforeSwapOut && point != afterSwapIn {
		refusesAll(t, s)
		require.Eventually(t, func() bool { _, _, fatal := i.has(); return fatal == 1 }, 10*time.Second, time.Millisecond)
		require.ErrorIs(t, s.Close(nil), errInjected)
	}
	to := t.TempDir()
	copySettled(t, to, o.Dir)
	requireContents(t, openDir(t, to), possible)
	return hit
}

// refusesAll checks that a store that has failed tells nobody that something is
// safe.
func refusesAll(t *testing.T, s *Store) {
	t.Helper()
	var told settled
	e := enqueue(1, 1<<40, text("late"))
	e.Receipt = told.receipt(1)
	failed := make(chan error, 1)
	s.Submit(queue.Unit{Enqueue: []queue.Enqueue{e}, Done: func(err error) { failed <- err }})
	require.ErrorIs(t, <-failed, errInjected)
	require.Empty(t, told.list())
}

// requireContents checks that a store holds one of the given contents.
func requireContents(t *testing.T, s *Store, possible []contents) {
	t.Helper()
	got := contents{}
	set, err := s.Definitions()
	require.NoError(t, err)
	for _, q := range set.Queues {
		got[q.ID] = map[uint64]string{}
		for _, m := range recovered(t, s, q.ID) {
			got[q.ID][m.Seq] = string(m.Message.Body)
		}
	}
	for _, want := range possible {
		if maps.EqualFunc(got, want, maps.Equal[map[uint64]string, map[uint64]string]) {
			return
		}
	}
	require.Fail(t, "the store holds neither what was confirmed nor that and what failed")
}

// A start that fails at any step leaves everything for the next one.
func TestFaults_WhileOpening(t *testing.T) {
	s := openDir(t, t.TempDir())
	state := contents{}
	for _, a := range scriptedSession() {
		require.NoError(t, a.do(t, s))
		a.effect(state)
	}
	dir := snapshot(t, s)
	for n := 1; ; n++ {
		to := t.TempDir()
		require.NoError(t, copyDir(to, dir))
		i := &injector{left: n}
		o := quietOptions(to)
		o.fault, o.Fatal = i.fault, i.failed
		opened, err := Open(o)
		if err == nil {
			_ = opened.Close(nil) // may be what fails
		} else {
			require.ErrorIs(t, err, errInjected)
		}
		again := t.TempDir()
		copySettled(t, again, to)
		requireContents(t, openDir(t, again), []contents{state})
		if hit, _, _ := i.has(); !hit {
			require.Greater(t, n, 5)
			return
		}
	}
}
