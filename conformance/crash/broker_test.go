package crash

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	brokerPackage = "github.com/leveretmq/leveret/cmd/leveret"
	readyLine     = "Server startup complete"
	// startDeadline is far above what a start may take, so that a slow machine
	// is told from a broker that hangs.
	startDeadline = 60 * time.Second
	// outputKept is how much of the end of the broker's output is shown, in octets.
	outputKept = 16 << 10
)

// broker is one broker process after the other on one data directory and one
// address.
type broker struct {
	binary  string
	dataDir string
	address string
	slowest time.Duration // of the starts

	process *exec.Cmd
	output  *output
	exited  chan struct{} // closed when the process has been waited for
}

// newBroker prepares a broker with an empty data directory; nothing runs yet.
func newBroker(t *testing.T) *broker {
	t.Helper()
	b := &broker{binary: os.Getenv("CRASH_BROKER"), dataDir: t.TempDir(), address: freeAddress(t)}
	if b.binary == "" {
		b.binary = buildBroker(t)
	}
	t.Cleanup(func() {
		if b.process != nil {
			b.kill()
		}
	})
	return b
}

func buildBroker(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "leveret")
	text, err := exec.Command("go", "build", "-o", binary, brokerPackage).CombinedOutput()
	require.NoError(t, err, "building the broker:\n%s", text)
	return binary
}

// freeAddress takes a port below the range from which the system serves
// outgoing connections: a client that dials while the broker is down could
// otherwise connect to itself.
func freeAddress(t *testing.T) string {
	t.Helper()
	const lowest, highest, tries = 20_000, 32_000, 100
	for range tries {
		address := fmt.Sprintf("127.0.0.1:%d", lowest+rand.IntN(highest-lowest))
		listener, err := net.Listen("tcp", address)
		if err == nil {
			require.NoError(t, listener.Close())
			return address
		}
	}
	require.FailNow(t, "no free port", "between %d and %d", lowest, highest)
	return ""
}

func (b *broker) url() string { return "amqp://guest:guest@" + b.address + "/" }

// start starts the process and waits until it says that it is ready.
func (b *broker) start(t *testing.T) {
	t.Helper()
	b.output = &output{ready: make(chan struct{})}
	b.process = exec.Command(b.binary, "--data-dir", b.dataDir, "--amqp-listen", b.address)
	b.process.Stdout, b.process.Stderr = b.output, b.output
	b.process.WaitDelay = time.Second // a child that holds the output must not hold the test
	begun := time.Now()
	require.NoError(t, b.process.Start())
	b.exited = make(chan struct{})
	go func(process *exec.Cmd, exited chan struct{}) {
		defer close(exited)
		var status *exec.ExitError
		err := process.Wait()
		if err != nil && !errors.As(err, &status) && !errors.Is(err, exec.ErrWaitDelay) {
			t.Errorf("waiting for the broker: %v", err)
		}
	}(b.process, b.exited)

	select {
	case <-b.output.ready:
		b.slowest = max(b.slowest, time.Since(begun))
	case <-b.exited:
		require.FailNow(t, "the broker ended while it started", "%v\n%s", b.process.ProcessState, b.output)
	case <-time.After(startDeadline):
		require.FailNow(t, "the broker does not get ready", "within %v\n%s", startDeadline, b.output)
	}
}

// kill ends the process without any warning and waits for its end.
func (b *broker) kill() {
	// It can have ended already; the wait below covers both.
	_ = b.process.Process.Kill()
	<-b.exited
}

// requireAlive fails the test if the process has ended by itself.
func (b *broker) requireAlive(t *testing.T) {
	t.Helper()
	select {
	case <-b.exited:
		require.FailNow(t, "the broker ended by itself", "%v\n%s", b.process.ProcessState, b.output)
	default:
	}
}

// terminate asks the process to stop and requires exit code 0 in time.
func (b *broker) terminate(t *testing.T, limit time.Duration) {
	t.Helper()
	require.NoError(t, b.process.Process.Signal(syscall.SIGTERM))
	select {
	case <-b.exited:
	case <-time.After(limit):
		require.FailNow(t, "the broker did not stop", "within %v of SIGTERM\n%s", limit, b.output)
	}
	require.Equal(t, 0, b.process.ProcessState.ExitCode(), "exit code after SIGTERM\n%s", b.output)
}

// output keeps the end of what a process prints and notices the ready line.
type output struct {
	ready chan struct{} // closed once the ready line has been printed

	mu      sync.Mutex
	tail    []byte // guarded by mu
	isReady bool   // guarded by mu
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.tail = append(o.tail, p...)
	if !o.isReady && bytes.Contains(o.tail, []byte(readyLine)) {
		o.isReady = true
		close(o.ready)
	}
	if excess := len(o.tail) - outputKept; excess > 0 {
		o.tail = append(o.tail[:0], o.tail[excess:]...)
	}
	return len(p), nil
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return string(o.tail)
}
