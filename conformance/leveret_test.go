package conformance

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

const (
	// startupLine is what Leveret writes once its listeners accept.
	startupLine = "Server startup complete"
	// startLimit and stopLimit bound Leveret's start and its clean stop.
	startLimit = 20 * time.Second
	stopLimit  = 20 * time.Second
	// Ports are taken below the range that kernels give to outgoing connections.
	lowestPort, highestPort = 20000, 32000
)

// leveretProcess is the broker of this repository, started for one run.
type leveretProcess struct {
	url     string
	httpURL string
	folder  string
	command *exec.Cmd
	exited  chan error
}

// startLeveret builds ./cmd/leveret and starts it on a free port with an empty data
// directory.
func startLeveret() (*leveretProcess, error) {
	folder, err := os.MkdirTemp("", "leveret-conformance-")
	if err != nil {
		return nil, err
	}
	binary := filepath.Join(folder, "leveret")
	if out, err := exec.Command("go", "build", "-o", binary, "../cmd/leveret").CombinedOutput(); err != nil {
		return nil, errors.Join(fmt.Errorf("build ./cmd/leveret: %w\n%s", err, out), os.RemoveAll(folder))
	}
	address, err := freeAddress()
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(folder))
	}
	httpAddress, err := freeAddress()
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(folder))
	}
	p := &leveretProcess{
		url:     "amqp://guest:guest@" + address + "/",
		httpURL: "http://guest:guest@" + httpAddress,
		folder:  folder,
		command: exec.Command(binary, "--data-dir", filepath.Join(folder, "data"), "--amqp-listen", address,
			"--http-listen", httpAddress, "--metrics-listen", "none"),
		exited: make(chan error, 1),
	}
	// The broker tells of itself whatever it can, as rabbitmq/instance.sh has it.
	p.command.Env = append(os.Environ(), "LEVERET_EVENT_EXCHANGE=/", "LEVERET_LOG_EXCHANGE=/", "LEVERET_TRACING=/")
	return p, p.start()
}

// freeAddress finds a loopback port that nobody listens on.
func freeAddress() (string, error) {
	const attempts = 100
	for range attempts {
		address := fmt.Sprintf("127.0.0.1:%d", lowestPort+rand.IntN(highestPort-lowestPort))
		l, err := net.Listen("tcp", address)
		if err == nil {
			return address, l.Close()
		}
	}
	return "", errors.New("no free port found")
}

// start runs the process and waits for its startup line. Its output also goes to
// the file broker.log in the folder.
func (p *leveretProcess) start() error {
	log, err := os.Create(filepath.Join(p.folder, "broker.log"))
	if err != nil {
		return err
	}
	output, writer := io.Pipe()
	p.command.Stdout, p.command.Stderr = writer, writer
	if err := p.command.Start(); err != nil {
		return fmt.Errorf("start leveret: %w", err)
	}
	go func() {
		p.exited <- p.command.Wait()
		writer.Close()
	}()
	ready := make(chan struct{})
	go copyOutput(log, output, ready)
	select {
	case <-ready:
		return nil
	case err := <-p.exited:
		return fmt.Errorf("leveret ended before it accepted (%v); its output:\n%s", err, p.outputTail())
	case <-time.After(startLimit):
		return errors.Join(fmt.Errorf("no line %q within %v; output:\n%s", startupLine, startLimit, p.outputTail()),
			p.command.Process.Kill())
	}
}

// copyOutput writes the broker's output to its log until the broker ends, and closes
// ready at the startup line.
func copyOutput(log io.WriteCloser, output io.Reader, ready chan<- struct{}) {
	defer log.Close()
	lines := bufio.NewReader(output)
	for {
		line, err := lines.ReadString('\n')
		fmt.Fprint(log, line)
		if ready != nil && strings.Contains(line, startupLine) {
			close(ready)
			ready = nil
		}
		if err != nil {
			return
		}
	}
}

// stop asks the broker to end and requires that it ends cleanly. The folder is kept
// when it does not.
func (p *leveretProcess) stop() error {
	if err := p.command.Process.Signal(syscall.SIGTERM); err != nil {
		return fmt.Errorf("leveret is gone before the end of the run (%w); its output:\n%s", err, p.outputTail())
	}
	select {
	case err := <-p.exited:
		if err != nil {
			return fmt.Errorf("leveret after SIGTERM: %w; its output (%s):\n%s", err, p.folder, p.outputTail())
		}
		return os.RemoveAll(p.folder)
	case <-time.After(stopLimit):
		return errors.Join(fmt.Errorf("leveret did not end within %v of SIGTERM; see %s", stopLimit, p.folder),
			p.command.Process.Kill())
	}
}

// outputTail is the end of what the broker wrote.
func (p *leveretProcess) outputTail() string {
	const limit = 4096
	out, err := os.ReadFile(filepath.Join(p.folder, "broker.log"))
	if err != nil {
		return err.Error()
	}
	return string(out[max(0, len(out)-limit):])
}
