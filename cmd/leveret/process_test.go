package main_test

import (
	"bufio"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// patience is how long a test waits for the program before it gives up.
const patience = 30 * time.Second

// program is a run of the leveret command.
type program struct {
	t       *testing.T
	command *exec.Cmd
	stderr  strings.Builder
	seen    []string      // lines of standard output
	lines   chan string   // of standard output; closed at its end
	ended   chan struct{} // closed when the program has been waited for
	err     error         // of the wait; set before ended is closed
}

// binary is the leveret command, built once for all tests of the process.
func binary(t *testing.T) string {
	t.Helper()
	path := os.Getenv(binaryVariable)
	require.NotEmpty(t, path)
	return path
}

// start starts the program with a directory of its own to work in.
func start(t *testing.T, environment []string, args ...string) *program {
	t.Helper()
	p := &program{t: t, lines: make(chan string, 64), ended: make(chan struct{})}
	p.command = exec.Command(binary(t), args...)
	p.command.Dir = t.TempDir()
	// Other tests run at the same time, and each has only these ports by default.
	p.command.Env = append(append(os.Environ(), "LEVERET_HTTP_LISTEN=none", "LEVERET_METRICS_LISTEN=none"), environment...)
	p.command.Stderr = &p.stderr
	stdout, err := p.command.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, p.command.Start())
	go p.follow(stdout)
	t.Cleanup(func() {
		// It has ended already, unless the test failed.
		_ = p.command.Process.Kill()
		<-p.ended
	})
	return p
}

// follow passes the output on, then waits for the program.
func (p *program) follow(stdout io.Reader) {
	scanner := bufio.NewScanner(stdout)
	for scanner.Scan() {
		p.lines <- scanner.Text()
	}
	close(p.lines)
	p.err = p.command.Wait()
	close(p.ended)
}

// ready waits for the startup line and gives all that came before it.
func (p *program) ready() string {
	p.t.Helper()
	deadline := time.After(patience)
	for {
		select {
		case line, ok := <-p.lines:
			if !ok {
				<-p.ended
				require.FailNow(p.t, "the program ended before it was ready", "%v\n%s", p.seen, p.stderr.String())
			}
			if line == "Server startup complete" {
				return strings.Join(p.seen, "\n")
			}
			p.seen = append(p.seen, line)
		case <-deadline:
			require.FailNow(p.t, "no startup line", "%v", p.seen)
		}
	}
}

// wait waits for the end and gives the exit status and all of the output.
func (p *program) wait() (status int, stdout, stderr string) {
	p.t.Helper()
	select {
	case <-p.ended:
	case <-time.After(patience):
		require.FailNow(p.t, "the program does not end", "%v", p.seen)
	}
	for line := range p.lines {
		p.seen = append(p.seen, line)
	}
	var exit *exec.ExitError
	if p.err != nil && !errors.As(p.err, &exit) {
		require.NoError(p.t, p.err)
	}
	return p.command.ProcessState.ExitCode(), strings.Join(p.seen, "\n"), p.stderr.String()
}

// wantFailure checks that the program ends with the status and one line on
// standard error with all of the texts.
func (p *program) wantFailure(status int, texts ...string) {
	p.t.Helper()
	got, _, stderr := p.wait()
	require.Equal(p.t, status, got, stderr)
	require.Equal(p.t, 1, strings.Count(stderr, "\n"), "one line: %s", stderr)
	require.True(p.t, strings.HasPrefix(stderr, "leveret: "), stderr)
	for _, text := range texts {
		require.Contains(p.t, stderr, text)
	}
}
