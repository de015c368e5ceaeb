package persistence

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/message"
	"github.com/leveretmq/leveret/queue"
)

// The kill test runs this test binary as a broker that is killed under load.
const (
	victimDir     = "LEVERET_TEST_VICTIM_DIR"
	victimQueues  = 6
	victimCycles  = 3
	victimReports = 2500 // before the kill, give or take
)

func TestMain(m *testing.M) {
	for name, run := range map[string]func(string, io.Writer) error{victimDir: runVictim, scriptDir: runScript} {
		dir := os.Getenv(name)
		if dir == "" {
			continue
		}
		if err := run(dir, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// victimMessage can be told from its queue and number.
func victimMessage(id uint32, seq uint64) *message.Message {
	sizes := []int{10, 1000, 6000, 12_000, 40_000, 300_000}
	return sized(sizes[(seq*7+uint64(id))%17%uint64(len(sizes))], int(seq)*10+int(id))
}

// runVictim publishes and acknowledges until it is killed, and reports what was
// settled: "c queue number" for a confirm, "a queue number" when it is about to
// acknowledge, "d queue number" when that is durable.
func runVictim(dir string, out io.Writer) error {
	o := quietOptions(dir)
	o.Durability = Fsync
	o.Limits.ReclaimOctets = 4 << 20 // flushes and collections all the time
	o.Limits.ReclaimIdle, o.Limits.Sweep = 20*time.Millisecond, 30*time.Millisecond
	s, err := Open(o)
	if err != nil {
		return err
	}
	var mu sync.Mutex
	report := func(kind string, id uint32, seq uint64) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Fprintln(out, kind, id, seq)
	}
	var all sync.WaitGroup
	for id := uint32(1); id <= victimQueues; id++ {
		all.Go(func() { publish(s, id, report) })
	}
	all.Wait()
	return nil
}

// publish keeps about 30 messages in a queue, and acknowledges the oldest.
func publish(s *Store, id uint32, report func(string, uint32, uint64)) {
	for seq := s.NextSequence(id); ; seq++ {
		confirmed := make(chan struct{})
		s.Submit(queue.Unit{
			Enqueue: []queue.Enqueue{enqueue(id, seq, victimMessage(id, seq))},
			Done:    func(error) { report("c", id, seq); close(confirmed) },
		})
		if seq%3 != 0 { // some wait, others stream
			<-confirmed
		}
		if old := seq - 30; seq > 30 && old%11 != 0 {
			report("a", id, old)
			s.Submit(queue.Unit{
				Ack: []queue.Ack{ack(id, old)}, Done: func(error) { report("d", id, old) },
			})
		}
	}
}

// history is what victims have reported.
type history struct {
	confirmed, asked, done, gone map[queue.Ack]bool
}

// kill runs a victim in a directory and kills it after some reports.
func (h *history) kill(t *testing.T, dir string, reports int) {
	exe, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(exe)
	// See TestSpaceIsReclaimed for what the race detector would tell.
	cmd.Env = append(os.Environ(), victimDir+"="+dir, "GORACE=log_path="+filepath.Join(t.TempDir(), "race"))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	lines := bufio.NewScanner(out)
	for n := 0; lines.Scan(); n++ {
		var kind string
		var a queue.Ack
		_, err := fmt.Sscan(lines.Text(), &kind, &a.Queue, &a.Seq)
		require.NoError(t, err)
		map[string]map[queue.Ack]bool{"c": h.confirmed, "a": h.asked, "d": h.done}[kind][a] = true
		if n == reports {
			require.NoError(t, cmd.Process.Kill())
		}
	}
	require.Error(t, cmd.Wait(), "the victim ended by itself")
}

// TestKill: nothing confirmed is lost by SIGKILL, and no settled
// acknowledgement comes back, with garbage collections running all the time.
func TestKill(t *testing.T) {
	dir := t.TempDir()
	s := openDir(t, dir)
	declareRange(t, s, victimQueues)
	closeStore(t, s)
	h := history{map[queue.Ack]bool{}, map[queue.Ack]bool{}, map[queue.Ack]bool{}, map[queue.Ack]bool{}}
	for cycle := range victimCycles {
		h.kill(t, dir, victimReports+cycle*317)
		s := openDir(t, dir)
		found := map[queue.Ack]bool{}
		for id := uint32(1); id <= victimQueues; id++ {
			last := uint64(0)
			for _, r := range recovered(t, s, id) {
				found[ack(id, r.Seq)] = true
				require.Greater(t, r.Seq, last)
				require.Equal(t, victimMessage(id, r.Seq).Body, r.Message.Body)
				require.True(t, r.Redelivered)
				last = r.Seq
			}
		}
		h.check(t, found)
		closeStore(t, s)
	}
	t.Logf("%d confirmed, %d acknowledged", len(h.confirmed), len(h.done))
}

// check compares what was found with what was reported.
func (h *history) check(t *testing.T, found map[queue.Ack]bool) {
	for a := range h.confirmed {
		require.True(t, found[a] || h.asked[a], "lost: %v", a)
		require.False(t, found[a] && h.gone[a], "back from the dead: %v", a)
		h.gone[a] = !found[a]
	}
	for a := range h.done {
		require.False(t, found[a], "back after its acknowledgement was settled: %v", a)
	}
}
