package persistence

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/definitions"
	"github.com/leveretmq/leveret/queue"
)

// The prefix test plays a script that follows from its seed in a process that
// kills itself after some transaction, and compares what is left with every
// state of the script.
const (
	scriptDir    = "LEVERET_TEST_SCRIPT_DIR"
	scriptSeed   = "LEVERET_TEST_SCRIPT_SEED"
	scriptKill   = "LEVERET_TEST_SCRIPT_KILL" // number of the transaction
	scriptSteps  = 80
	scriptCycles = 6
)

// script makes random units, some of which exceed one transaction, and knows
// what a store should hold after each.
type script struct {
	random *rand.Rand
	queues map[uint32]map[uint64]int // seed of the body by number of the message
	next   map[uint32]uint64
	lastID uint32
	bodies int
}

func newScript(seed uint64) *script {
	return &script{
		random: rand.New(rand.NewPCG(seed, 2)),
		queues: map[uint32]map[uint64]int{}, next: map[uint32]uint64{},
	}
}

// scriptStep is one submission.
type scriptStep struct {
	unit   queue.Unit
	change definitions.Change
	wait   bool // until it is durable, before the next one
}

func (s *script) step() scriptStep {
	n := s.random.IntN(100)
	if len(s.queues) < 3 {
		n = 99
	}
	step := scriptStep{wait: n%3 == 0}
	ids := slices.Sorted(maps.Keys(s.queues))
	ids = ids[:min(len(ids), 8)]
	switch {
	case n < 70:
		s.shuffle(ids)
		s.enqueue(&step.unit, ids[:1+s.random.IntN(3)], 1+s.random.IntN(6), []int{20, 1000, 6000, 30_000, 300_000}[n%5])
		s.acknowledge(&step.unit, ids[2], s.random.IntN(12))
	case n < 78:
		s.acknowledge(&step.unit, ids[n%len(ids)], len(s.queues[ids[n%len(ids)]]))
	case n < 80:
		s.enqueue(&step.unit, ids[:2], 1, bodyChunkOctets+1)
	case n < 83:
		s.undeclare(&step.change, ids[n%len(ids)])
		s.declare(&step.change, 1, 0)
	case n < 86:
		s.undeclare(&step.change, ids[n%len(ids)])
	case n < 94:
		s.declare(&step.change, transactionInlineOctets/definitionPartOctets, definitionPartOctets)
	default:
		s.declare(&step.change, 3, 0)
	}
	return step
}

// declare defines queues whose arguments have some octets.
func (s *script) declare(c *definitions.Change, n, octets int) {
	for range n {
		s.lastID++
		s.queues[s.lastID], s.next[s.lastID] = map[uint64]int{}, 1
		spec := queueSpec(s.lastID)
		spec.Arguments = amqp.Table{{Key: "x", Value: strings.Repeat("y", octets)}}
		c.Put.Queues = append(c.Put.Queues, spec)
	}
}

func (s *script) undeclare(c *definitions.Change, id uint32) {
	delete(s.queues, id)
	c.Delete.Queues = append(c.Delete.Queues, queueSpec(id))
}

func (s *script) shuffle(ids []uint32) {
	s.random.Shuffle(len(ids), func(i, j int) { ids[i], ids[j] = ids[j], ids[i] })
}

func (s *script) enqueue(u *queue.Unit, ids []uint32, messages, size int) {
	for range messages {
		s.bodies++
		m := sized(size, s.bodies)
		m.RoutingKey = strconv.Itoa(s.bodies)
		for _, id := range ids {
			u.Enqueue = append(u.Enqueue, enqueue(id, s.next[id], m))
			s.queues[id][s.next[id]] = s.bodies
			s.next[id] += 1 + uint64(s.random.IntN(9)/8)
		}
	}
}

func (s *script) acknowledge(u *queue.Unit, id uint32, n int) {
	all := slices.Sorted(maps.Keys(s.queues[id]))
	if n%2 == 0 {
		s.random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	}
	for _, seq := range all[:min(n, len(all))] {
		u.Ack = append(u.Ack, ack(id, seq))
		delete(s.queues[id], seq)
	}
}

// equals compares a state with what was found.
func (s *script) equals(found map[uint32]map[uint64]int) bool {
	return maps.EqualFunc(s.queues, found, maps.Equal[map[uint64]int, map[uint64]int])
}

// runScript plays a script and reports what is durable by number.
func runScript(dir string, out io.Writer) error {
	seed, err := strconv.ParseUint(os.Getenv(scriptSeed), 10, 64)
	if err != nil {
		return err
	}
	end, err := strconv.ParseUint(os.Getenv(scriptKill), 10, 64)
	if err != nil {
		return err
	}
	self, err := os.FindProcess(os.Getpid())
	if err != nil {
		return err
	}
	o := quietOptions(dir)
	o.Durability = Fsync
	s, err := Open(o)
	if err != nil {
		return err
	}
	go func() {
		// The version changes at the beginning of a transaction.
		for more := rand.IntN(5000); more > 0; runtime.Gosched() {
			if s.db.MaxVersion() >= end {
				more--
			}
		}
		_ = self.Kill()
	}()
	play := newScript(seed)
	for i := range scriptSteps {
		step := play.step()
		durable := make(chan struct{})
		done := func(error) {
			fmt.Fprintln(out, i)
			close(durable)
		}
		switch {
		case !step.change.Empty():
			s.Change(step.change, done)
		default:
			step.unit.Done = done
			s.Submit(step.unit)
		}
		if step.wait || i == scriptSteps-1 {
			<-durable
		}
	}
	return nil
}

// TestKillLeavesWholeUnits: after a SIGKILL the store is in the state that some
// unit left, no earlier one than the last that was told: no unit is there in
// part, and none without those before it.
func TestKillLeavesWholeUnits(t *testing.T) {
	for seed := range uint64(scriptCycles) {
		dir, end := t.TempDir(), rand.IntN(scriptSteps)
		last := playScript(t, dir, seed, end)
		found := found(t, openDir(t, dir))
		play, match := newScript(seed), last == -1 && len(found) == 0
		for i := 0; i < scriptSteps && !match; i++ {
			play.step()
			match = i >= last && play.equals(found)
		}
		require.True(t, match, "script %d ended in transaction %d, after unit %d was told: no state from there on fits",
			seed, end, last)
	}
}

// playScript plays a script to its end or to a transaction, and returns the
// last unit that was told.
func playScript(t *testing.T, dir string, seed uint64, end int) int {
	exe, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(exe)
	// See TestSpaceIsReclaimed for what the race detector would tell.
	cmd.Env = append(os.Environ(), scriptDir+"="+dir, fmt.Sprint(scriptSeed, "=", seed), fmt.Sprint(scriptKill, "=", end),
		"GORACE=log_path="+filepath.Join(t.TempDir(), "race"))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	last := -1
	for lines := bufio.NewScanner(out); lines.Scan(); {
		_, err := fmt.Sscan(lines.Text(), &last)
		require.NoError(t, err)
	}
	_ = cmd.Wait() // it was killed, or came to its end before
	return last
}

// found is what a store holds of the queues that are defined, in the words of a
// script.
func found(t *testing.T, s *Store) map[uint32]map[uint64]int {
	set, err := s.Definitions()
	require.NoError(t, err)
	all := map[uint32]map[uint64]int{}
	for _, q := range set.Queues {
		all[q.ID] = map[uint64]int{}
		for _, r := range recovered(t, s, q.ID) {
			seed, err := strconv.Atoi(r.Message.RoutingKey)
			require.NoError(t, err)
			require.True(t, bytes.Equal(sized(len(r.Message.Body), seed).Body, r.Message.Body))
			all[q.ID][r.Seq] = seed
		}
	}
	return all
}
