package crash

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

// Queues with priorities give out what a kill has left in the order of the
// priorities, and those of one priority in the order in which they came.
func TestCrash_Priorities(t *testing.T) {
	eachEra(t, environmentCount(t, "CRASH_PRIORITIES", 12), cyclesPerEra, func(t *testing.T, era era) {
		trial := newTrial(t, filepath.Join(t.TempDir(), "data"), era)
		o := newOffice(era.seed)
		for range era.cycles {
			o.stack.start(t, trial.broker)
			o.inspect(t, trial, trial.lot())
			o.stack.fill(t, trial.broker, trial.length(), trial.broker.kill)
		}
		o.stack.start(t, trial.broker)
		o.stack.requireExists(t, trial.broker)
		for range 5 {
			o.inspect(t, trial, trial.lot())
		}
		o.inspect(t, trial, everything)
		t.Logf("%d messages taken in %d lots", o.taken, o.lots)
		require.Greater(t, o.taken, era.cycles, "the load was too small to show anything")
	})
}

// office is queues with priorities.
type office struct {
	stack *stack
	gone  []map[Value]bool // what was taken from each shelf

	taken, lots int

	mu         sync.Mutex
	priorities map[Value]uint8 // guarded by mu
}

func newOffice(seed uint64) *office {
	o := &office{priorities: map[Value]uint8{}}
	classic := &shelf{arguments: amqp.Table{"x-max-priority": int32(9)}}
	quorum := &shelf{arguments: amqp.Table{"x-queue-type": "quorum"}}
	o.stack = newStack(seed, classic, quorum)
	for _, s := range o.stack.shelves {
		s.dress = func(v Value, m *amqp.Publishing) {
			m.Priority = uint8(s.publisher.random.IntN(10))
			o.mu.Lock()
			defer o.mu.Unlock()
			o.priorities[v] = m.Priority
		}
		o.gone = append(o.gone, map[Value]bool{})
	}
	return o
}

// before compares two messages of one queue by when they have to come. No priority
// is none to a client library, and the queues that tell so many apart take that for
// the usual one.
func (o *office) before(a, b Value) int {
	return cmp.Or(cmp.Compare(o.rank(b), o.rank(a)), cmp.Compare(a.Seq, b.Seq))
}

func (o *office) rank(v Value) uint8 {
	const usual = 4
	priority := o.priorities[v]
	if quorum := o.stack.shelves[v.Origin].arguments["x-max-priority"] == nil; quorum && priority == 0 {
		return usual
	}
	return priority
}

// lot is how many messages are taken at once: some or all.
func (r *trial) lot() int {
	const most, allOneIn = 300, 3
	if r.random.IntN(allOneIn) == 0 {
		return everything
	}
	return 1 + r.random.IntN(most)
}

// inspect takes messages out of the queues.
func (o *office) inspect(t *testing.T, trial *trial, most int) {
	t.Helper()
	lots := make([][]taken, len(o.stack.shelves))
	o.stack.each(t, trial.broker, func(conn *amqp.Connection, s *shelf) error {
		found, err := exists(conn, s.queue)
		if err == nil && found {
			lots[s.queue], err = s.take(conn, most)
		}
		return err
	})
	for i, s := range o.stack.shelves {
		o.judge(t, fmt.Sprintf("%s; %s=%d", queueName(s.queue), seedVariable, trial.seed), s, lots[i], most)
	}
}

// judge looks at what was taken first from a queue: it is in order, and nothing that
// was left, or lost, would have come before.
func (o *office) judge(t *testing.T, name string, s *shelf, lot []taken, most int) {
	t.Helper()
	gone := o.gone[s.queue]
	for i, m := range lot {
		require.False(t, gone[m.value], "%s gives out %v once more", name, m.value)
		if i > 0 {
			last := lot[i-1].value
			require.Negative(t, o.before(last, m.value), "%s gives out %v (priority %d) before %v (priority %d)",
				name, last, o.priorities[last], m.value, o.priorities[m.value])
		}
	}
	for _, m := range lot {
		gone[m.value] = true
	}
	o.taken, o.lots = o.taken+len(lot), o.lots+1
	left := slices.DeleteFunc(o.stack.answered(s, Confirmed), func(v Value) bool { return gone[v] })
	if len(lot) < most {
		require.Empty(t, left, "%s is empty", name)
		return
	}
	for _, v := range left {
		require.Negative(t, o.before(lot[len(lot)-1].value, v), "%s has not given out %v", name, v)
	}
}
