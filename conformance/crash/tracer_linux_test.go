package crash

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// tracer runs a broker under strace, which makes system calls fail.
type tracer struct {
	calls string // as strace names them
	log   string // file with the calls made so far
}

func newTracer(t *testing.T, calls string) *tracer {
	t.Helper()
	_, err := exec.LookPath("strace")
	require.NoError(t, err, "tests that inject faults need strace (Debian: strace), and leave to trace: "+
		"root, or 0 in /proc/sys/kernel/yama/ptrace_scope")
	return &tracer{calls: calls, log: filepath.Join(t.TempDir(), "calls")}
}

// inject makes later processes of b run the broker with a fault at calls that match when. Those
// are counted in each thread: one processor makes that few.
func (s *tracer) inject(b *broker, fault, when string) {
	b.tracer = []string{
		// The traced process stays our child, so that it can be killed, and its
		// exit status seen.
		"strace", "--env=GOMAXPROCS=1", "--daemonize", "--follow-forks", "--quiet=all", "--output=" + s.log,
		"--absolute-timestamps=format:unix,precision:us", "--signal=none", "--trace=" + s.calls, "--inject=" + s.calls + ":" + fault + ":when=" + when,
	}
}

// release runs later processes without faults.
func (*tracer) release(b *broker) { b.tracer = nil }

// made counts the calls of the last process, of all threads and of the one with
// the most.
func (s *tracer) made(t *testing.T) (all, busiest int) {
	t.Helper()
	text, err := os.ReadFile(s.log)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, 0
	}
	require.NoError(t, err)
	threads := make(map[string]int)
	for line := range strings.Lines(string(text)) {
		// thread, time, call; one that another thread's interrupts has a second
		// line.
		fields := strings.Fields(line)
		if len(fields) < 3 || fields[2] == "<..." {
			continue
		}
		all++
		threads[fields[0]]++
		busiest = max(busiest, threads[fields[0]])
	}
	return all, busiest
}

// firstFault returns when the first call failed, or false.
func (s *tracer) firstFault(t *testing.T) (time.Time, bool) {
	t.Helper()
	text, err := os.ReadFile(s.log)
	require.NoError(t, err)
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); strings.Contains(line, "(INJECTED)") {
			seconds, err := strconv.ParseFloat(fields[1], 64)
			require.NoError(t, err)
			return time.UnixMicro(int64(seconds * 1e6)), true
		}
	}
	return time.Time{}, false
}
