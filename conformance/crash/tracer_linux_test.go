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

// holdBack is how long a call is held back, in microseconds: enough to look at
// the log a few times.
const holdBack = "10000"

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

// crashAt makes later processes of b end at the n-th call, counted over all
// threads. strace counts in each thread only, so it holds every call back before
// it is made, until what was made before has been counted.
func (s *tracer) crashAt(b *broker, n int) {
	if n == 1 {
		s.inject(b, "signal=SIGKILL", "1")
		return
	}
	s.inject(b, "delay_enter="+holdBack, "1+")
}

// watch ends the running process of b when it has made n-1 calls.
func (s *tracer) watch(b *broker, n int) error {
	look := time.NewTicker(time.Millisecond)
	defer look.Stop()
	for n > 1 {
		select {
		case <-b.exited:
			return nil
		case <-look.C:
		}
		made, err := s.made()
		if err != nil || made >= n-1 {
			b.kill()
			return err
		}
	}
	return nil
}

// release runs later processes without faults.
func (*tracer) release(b *broker) { b.tracer = nil }

// made counts the calls of the last process that were made, of all threads.
func (s *tracer) made() (count int, err error) {
	text, err := os.ReadFile(s.log)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		// A call that another thread's interrupts has two lines, and a result in
		// the second; one that the end of the process interrupts has none.
		if _, result, ok := strings.Cut(line, " = "); ok && !strings.HasPrefix(result, "?") {
			count++
		}
	}
	return count, nil
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
