package crash

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	readyLine = "Server startup complete"
	// startDeadline is far above what a start may take, so that a slow machine
	// is told from a broker that hangs.
	startDeadline = 60 * time.Second
	// stopDeadline is how long a broker under load may take to stop.
	stopDeadline = 10 * time.Second
	// outputKept is how much of the end of the broker's output is shown, in octets.
	outputKept = 128 << 10
	// ballast is the smallest that there is: it is copied with each directory.
	ballast = "LEVERET_DISK_BALLAST=33554432"
)

// broker is one broker process after the other on one data directory and one
// address.
type broker struct {
	binary      string
	dataDir     string
	address     string
	flags       []string      // of the command, beside directory and address
	tracer      []string      // the command that runs the binary, if any
	environment []string      // beside that of the test
	slowest     time.Duration // of the starts

	process *exec.Cmd
	begun   time.Time
	output  *output
	exited  chan struct{} // closed when the process has been waited for
}

// newBroker prepares a broker for a data directory; nothing runs yet.
func newBroker(t *testing.T, dataDir string) *broker {
	t.Helper()
	b := &broker{
		binary: os.Getenv(brokerVariable), dataDir: dataDir, address: freeAddress(t),
		flags: strings.Fields(os.Getenv(flagsVariable)), environment: []string{ballast},
	}
	t.Cleanup(func() {
		if b.process != nil {
			b.kill()
		}
	})
	return b
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
	b.launch(t)
	require.True(t, b.awaitReady(t), "the broker ended while it started: %v\n%s", b.process.ProcessState, b.output)
}

// launch starts the process.
func (b *broker) launch(t *testing.T) {
	t.Helper()
	b.output = &output{ready: make(chan struct{})}
	command := append([]string{}, b.tracer...)
	command = append(command, b.binary, "serve", "--data-dir", b.dataDir, "--amqp-listen", b.address, "--log-level", "warn")
	command = append(command, b.flags...)
	b.process = exec.Command(command[0], command[1:]...)
	b.process.Env = append(append(os.Environ(), "LEVERET_HTTP_LISTEN=none", "LEVERET_METRICS_LISTEN=none"), b.environment...)
	b.process.Stdout, b.process.Stderr = b.output, b.output
	b.process.WaitDelay = time.Second // a child that holds the output must not hold the test
	b.begun = time.Now()
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
}

// awaitReady waits until the process is ready, or has ended, which it reports as
// false.
func (b *broker) awaitReady(t *testing.T) bool {
	t.Helper()
	select {
	case <-b.output.ready:
		b.slowest = max(b.slowest, time.Since(b.begun))
		return true
	case <-b.exited:
		return false
	case <-time.After(startDeadline):
		require.FailNow(t, "the broker does not get ready", "within %v\n%s", startDeadline, b.output)
		return false
	}
}

// kill ends the process without any warning and waits for its end.
func (b *broker) kill() {
	// It can have ended already; the wait below covers both.
	_ = b.process.Process.Kill()
	<-b.exited
}

// stacks ends the process and returns what its goroutines were doing.
func (b *broker) stacks() string {
	// It can have ended already, with the reason in its output.
	_ = b.process.Process.Signal(syscall.SIGQUIT)
	select {
	case <-b.exited:
	case <-time.After(stopDeadline):
		b.kill()
	}
	return b.output.String()
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

// alive gives a process that its clients have lost a moment to end, and tells
// whether it goes on.
func (b *broker) alive() bool {
	const moment = 2 * time.Second
	select {
	case <-b.exited:
		return false
	case <-time.After(moment):
		return true
	}
}

// terminate asks the process to stop and requires exit code 0 in time.
func (b *broker) terminate(t *testing.T) {
	t.Helper()
	require.NoError(t, b.process.Process.Signal(syscall.SIGTERM))
	require.Equal(t, 0, b.await(t, stopDeadline), "exit code after SIGTERM\n%s", b.output)
}

// await waits for the end of the process and returns its exit code, which is -1
// after a signal.
func (b *broker) await(t *testing.T, limit time.Duration) int {
	t.Helper()
	select {
	case <-b.exited:
	case <-time.After(limit):
		require.FailNow(t, "the broker does not end", "within %v\n%s", limit, b.stacks())
	}
	return b.process.ProcessState.ExitCode()
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
