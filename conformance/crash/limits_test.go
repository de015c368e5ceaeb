package crash

import (
	"fmt"
	"math"
	"path/filepath"
	"testing"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

// Queues keep to their limits over the end of the broker, and have all that they
// may have.
func TestCrash_Limits(t *testing.T) {
	const most, octets = 50, 200_000
	eachEra(t, environmentCount(t, "CRASH_LIMITS", 12), cyclesPerEra, func(t *testing.T, era era) {
		trial := newTrial(t, filepath.Join(t.TempDir(), "data"), era)
		c := &cellar{stack: newStack(era.seed,
			&shelf{arguments: amqp.Table{"x-max-length": int32(most)}},
			&shelf{arguments: amqp.Table{"x-max-length": int32(most), "x-queue-type": "quorum"}},
			&shelf{arguments: amqp.Table{"x-max-length-bytes": int32(octets)}},
			&shelf{arguments: amqp.Table{"x-max-length": int32(most), "x-overflow": "reject-publish"}},
			&shelf{arguments: amqp.Table{"x-max-length-bytes": int32(octets), "x-overflow": "reject-publish"}},
		)}
		for _, s := range c.stack.shelves {
			c.gone = append(c.gone, map[Value]bool{})
			c.rules = append(c.rules, rulesOf(s.arguments))
		}
		for range era.cycles {
			c.stack.start(t, trial.broker)
			c.inspect(t, trial)
			c.stack.fill(t, trial.broker, trial.length(), trial.broker.kill)
		}
		c.stack.start(t, trial.broker)
		c.stack.requireExists(t, trial.broker)
		c.inspect(t, trial)
		t.Logf("%d looks, %d messages found, %d refused", c.looks, c.found, c.refused)
	})
}

// rules are what a queue may have.
type rules struct {
	messages, octets int
	refuses          bool
}

func rulesOf(arguments amqp.Table) rules {
	r := rules{messages: math.MaxInt, octets: math.MaxInt, refuses: arguments["x-overflow"] == "reject-publish"}
	if n, ok := arguments["x-max-length"].(int32); ok {
		r.messages = int(n)
	}
	if n, ok := arguments["x-max-length-bytes"].(int32); ok {
		r.octets = int(n)
	}
	return r
}

// cellar is queues with limits.
type cellar struct {
	stack *stack
	rules []rules          // of each shelf
	gone  []map[Value]bool // what was taken from each shelf

	looks, found, refused int
}

// inspect compares the queues of a broker that has just started with what they
// may have. One look in two takes everything out, as the last one does.
func (c *cellar) inspect(t *testing.T, trial *trial) {
	t.Helper()
	empty := trial.random.IntN(2) == 0
	contents := make([][]taken, len(c.stack.shelves))
	c.stack.each(t, trial.broker, func(conn *amqp.Connection, s *shelf) error {
		found, err := exists(conn, s.queue)
		if err != nil || !found {
			return err
		}
		if err := awaitCount(conn, s.queue, c.rules[s.queue].messages); err != nil || !empty {
			return err
		}
		contents[s.queue], err = s.take(conn, everything)
		return err
	})
	if !empty {
		return
	}
	for i, s := range c.stack.shelves {
		c.look(t, trial, s, contents[i])
	}
}

// look judges all that a queue has had.
func (c *cellar) look(t *testing.T, trial *trial, s *shelf, content []taken) {
	t.Helper()
	rules, gone := c.rules[s.queue], c.gone[s.queue]
	name := fmt.Sprintf("%s; %s=%d", queueName(s.queue), seedVariable, trial.seed)
	octets, largest, has := 0, 0, map[Value]bool{}
	for _, m := range content {
		octets, largest = octets+m.octets, max(largest, m.octets)
		has[m.value] = true
	}
	c.looks, c.found = c.looks+1, c.found+len(content)
	require.LessOrEqual(t, octets, rules.octets, name)
	require.LessOrEqual(t, len(content), rules.messages, name)
	confirmed := c.stack.answered(s, Confirmed)
	if rules.refuses {
		c.refused = 0
		for _, v := range c.stack.answered(s, Nacked) {
			require.False(t, has[v], "%s has %v, which it had refused", name, v)
			c.refused++
		}
		for _, v := range confirmed {
			require.True(t, has[v] || gone[v], "%s has lost %v", name, v)
		}
	} else {
		left := c.lookForGaps(t, name, confirmed, content, gone)
		if rules.messages < math.MaxInt {
			require.GreaterOrEqual(t, len(content), min(left, rules.messages), "%s has lost some", name)
		}
	}
	for v := range has {
		gone[v] = true
	}
}

// lookForGaps judges a queue that drops its oldest messages: it has the newest. It
// returns how many were confirmed and not taken.
func (c *cellar) lookForGaps(t *testing.T, name string, confirmed []Value, content []taken, gone map[Value]bool) (left int) {
	t.Helper()
	oldest, has := uint32(math.MaxUint32), map[Value]bool{}
	for _, m := range content {
		oldest, has[m.value] = min(oldest, m.value.Seq), true
	}
	for _, v := range confirmed {
		if gone[v] {
			continue
		}
		left++
		require.True(t, has[v] || v.Seq < oldest, "%s has %d and not %v", name, oldest, v)
	}
	if left > 0 {
		require.NotEmpty(t, content, name)
	}
	return left
}
