package queue

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/message"
)

// model is what a queue is, told as simply as possible: a list of messages, each of
// which is ready, assigned, held by a client, waiting, dead, or gone. What is up to
// the queue, such as who gets the next message, it does not foretell: it looks at
// what the queue has done, and whether the rules allow it.
type model struct {
	*core
	t         *testing.T
	queue     *Queue
	rules     Rules // that the queue was given last
	rng       *rand.Rand
	at        string      // the seed and the step, for failures
	clock     int64       // milliseconds since 1970; the core may lag behind
	all       []*fact     // by sequence number
	octets    []byte      // for bodies
	mortal    bool        // some messages have a time to live
	consumers []*Consumer // in the order of their arrival
	leader    *Consumer   // the single active one
	held      []Delivery  // by clients
	unburied  []Dead
	returns   int // how many messages have come back
	step      step

	reading   *reading // under way
	result    []Entry
	unwritten []*page
	pages     [][]Entry // that are written
	swapped   bool      // there was a page
}

// fact is one message.
type fact struct {
	seq      uint64
	message  *message.Message
	level    uint8
	keep     bool
	where    where
	reason   Reason    // why it was dropped
	consumer *Consumer // that it was assigned to
	flagged  bool      // has come back from a client
	returned uint16    // how often, if the queue counts that
	first    int       // its turn among those that go before all others; zero is not
	early    bool      // was held back, and goes before those that were not
	due      int64
	awake    int64 // since when it has been ready
	fresh    bool  // came in this step
	unseen   bool  // was not at hand when the time to live changed, and expires at the front
	onDisk   bool
}

type where int

const (
	isReady where = iota
	isAssigned
	isHeld
	isWaiting
	isDead
	isGone
)

// step is what happened since the queue was compared last.
type step struct {
	settle  bool    // the queue had to see to its rules
	left    []*fact // were ready, and are not any more
	refused *message.Message
}

func newModel(t *testing.T, seed uint64, arguments func(*rand.Rand) amqp.Table) *model {
	t.Helper()
	m := &model{t: t, rng: rand.New(rand.NewPCG(seed, 1)), clock: 1_000_000, octets: make([]byte, 200_000)}
	m.mortal = m.rng.IntN(4) > 0
	q, err := New(Spec{Durable: true, Arguments: arguments(m.rng)}, Options{})
	require.NoError(t, err)
	m.queue, m.core, m.rules = q, &q.core, rulesOf(q.core.law.Rules)
	return m
}

// TestQueue_AgainstModel drives the core with random commands and compares it
// with the model after each.
func TestQueue_AgainstModel(t *testing.T) {
	for _, c := range []struct {
		name      string
		seeds     uint64
		arguments func(*rand.Rand) amqp.Table
	}{
		{"plain", 50, always(nil)},
		{"priorities", 50, always(amqp.Table{{Key: "x-max-priority", Value: int32(6)}})},
		{"quorum", 50, always(amqp.Table{{Key: "x-queue-type", Value: "quorum"}})},
		{"anything", 400, anyArguments},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for seed := range c.seeds {
				m := newModel(t, seed, c.arguments)
				what := fmt.Sprintf("seed %d of a queue with %v", seed, m.queue.spec.Arguments)
				for n := range 300 {
					m.next(fmt.Sprintf("%s, step %d", what, n))
				}
			}
		})
	}
}

// next does one random step.
func (m *model) next(at string) {
	steps := []struct {
		name   string
		weight int
		do     func()
	}{
		{"publish", 4, m.publish},
		{"fetch", 6, m.fetch},
		{"ack", 3, m.ack},
		{"reject", 1, m.reject},
		{"requeue", 3, m.requeue},
		{"get", 2, m.get},
		{"put back", 1, m.putBack},
		{"add consumer", 2, m.addConsumer},
		{"remove consumer", 2, m.removeConsumer},
		{"pause", 1, m.pause},
		{"let time pass", 3, m.pass},
		{"govern", 1, m.govern},
		{"bury", 2, m.bury},
		{"page out", 2, m.pageOut},
		{"write a page", 2, m.writePage},
		{"begin to load", 4, m.beginLoad},
		{"end the load", 4, m.endLoad},
	}
	total := 0
	for _, s := range steps {
		total += s.weight
	}
	chosen := m.rng.IntN(total)
	for _, s := range steps {
		if chosen -= s.weight; chosen < 0 {
			m.do(at, s.name, s.do)
			return
		}
	}
}

// do does a step and compares. A purge makes the rest dull, so it is rare.
func (m *model) do(at, name string, do func()) {
	if m.rng.IntN(100) == 0 {
		name, do = "purge", m.purge
	}
	m.at = at + ": " + name
	do()
	m.compare()
}

// lock is the beginning of each command that the host gives the core: time has
// passed meanwhile, and the core looks at the clock if it matters.
func (m *model) lock() {
	if m.rng.IntN(3) == 0 {
		m.clock += m.rng.Int64N(5)
	}
	m.step.settle = true
	if m.timed {
		m.now = m.clock
	}
	m.ripen()
}

// ripen makes messages ready whose time has come.
func (m *model) ripen() {
	for _, f := range m.all {
		if f.where == isWaiting && f.due <= m.now {
			m.comesBack(f)
		}
	}
}

// pass is a timer that fires, more or less late.
func (m *model) pass() {
	m.clock += m.rng.Int64N(40)
	m.lock()
	m.dispatch()
}

func (m *model) pause() {
	m.lock()
	m.paused = !m.paused && m.rng.IntN(3) == 0
	m.dispatch()
}

// ready lists what is ready and assigned to nobody.
func (m *model) ready() (list []*fact) {
	for _, f := range m.all {
		if f.where == isReady {
			list = append(list, f)
		}
	}
	return list
}

// ahead says whether a message goes before another one.
func ahead(a, b *fact) bool {
	switch {
	case a.first != b.first:
		return a.first != 0 && (b.first == 0 || a.first < b.first)
	case a.level != b.level:
		return a.level > b.level
	case a.early != b.early:
		return a.early
	}
	return a.seq < b.seq
}

// deadline is when a message expires.
func (m *model) deadline(f *fact) int64 {
	since, at := f.message.Arrived, int64(never)
	if m.law.delays {
		since += Delay(f.message)
	}
	if m.rules.TTL >= 0 {
		at = since + m.rules.TTL
	}
	if own, ok := f.message.TTL(); ok {
		at = min(at, since+own)
	}
	return at
}

// expired says whether a message should be gone, as far as the core knows the time.
func (m *model) expired(f *fact) bool { return m.timed && m.deadline(f) <= m.now }

// must fails the test unless something holds. It is called so often that it has to
// be cheap.
func (m *model) must(holds bool, format string, args ...any) {
	if !holds {
		m.t.Helper()
		require.Fail(m.t, m.at+": "+fmt.Sprintf(format, args...))
	}
}

// equal fails the test unless two values are the same.
func equal[T comparable](m *model, want, got T, format string, args ...any) {
	if want != got {
		m.t.Helper()
		require.Fail(m.t, fmt.Sprintf("%s: %s: want %v, got %v", m.at, fmt.Sprintf(format, args...), want, got))
	}
}
