package main

import (
	"bufio"
	"context"
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

// subject is the broker that a scenario starts, kills and starts again.
type subject struct {
	url string
	dir string // of its data

	path    string
	flags   []string
	within  *confinement // nil is none
	command *exec.Cmd
	log     *os.File
	ended   chan struct{} // closed when the process has been waited for
}

// startupLimit is how long a broker may need until it is ready.
const startupLimit = 10 * time.Minute

// readyLine is what a broker prints when clients can connect.
const readyLine = "Server startup complete"

// newSubject prepares a broker of this binary over a new data directory.
func newSubject(s settings) (*subject, error) {
	if s.leveret == "" {
		return nil, errors.New("this scenario starts the broker: name the binary with -leveret")
	}
	dir := s.data
	if dir == "" {
		return nil, errors.New("this scenario fills a data directory: name it with -data")
	}
	if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
		return nil, fmt.Errorf("%s is not empty", dir)
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, err
	}
	log, err := os.Create(filepath.Clean(dir) + ".log")
	if err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	address := fmt.Sprint("127.0.0.1:", port)
	var within *confinement
	if s.memory > 0 {
		if within, err = confine(s.memory); err != nil {
			return nil, err
		}
	}
	flags := append([]string{"serve", "--data-dir", dir, "--amqp-listen", address, "--http-listen", "none", "--metrics-listen", "none"}, strings.Fields(s.flags)...)
	return &subject{
		url: "amqp://guest:guest@" + address + "/", dir: dir, path: s.leveret, log: log, flags: flags, within: within,
	}, nil
}

// freePort finds a port below those that the system gives to clients: one of
// these may be taken while the broker is down.
func freePort() (int, error) {
	for range 100 {
		port := 20000 + rand.IntN(12000)
		l, err := net.Listen("tcp", fmt.Sprint("127.0.0.1:", port))
		if err == nil {
			return port, l.Close()
		}
	}
	return 0, errors.New("no port is free between 20000 and 32000")
}

// start runs the broker and returns how long it took from the start of the
// process until it was ready.
func (s *subject) start() (time.Duration, error) {
	s.command = s.within.command(s.path, s.flags)
	s.command.Stderr = s.log
	out, err := s.command.StdoutPipe()
	if err != nil {
		return 0, err
	}
	began := time.Now()
	if err := s.command.Start(); err != nil {
		return 0, err
	}
	ready := make(chan time.Duration, 1)
	s.ended = make(chan struct{})
	go func() {
		defer close(s.ended)
		s.follow(out, began, ready)
		_ = s.command.Wait() // it is killed, or tells why it ended in its log
	}()
	ctx, cancel := context.WithTimeout(context.Background(), startupLimit)
	defer cancel()
	select {
	case took := <-ready:
		return took, nil
	case <-s.ended:
		return 0, fmt.Errorf("the broker ended before it was ready; see %s", s.log.Name())
	case <-ctx.Done():
		return 0, errors.Join(fmt.Errorf("the broker was not ready within %s; see %s", startupLimit, s.log.Name()), s.kill())
	}
}

// follow reads what the broker prints, to its end.
func (s *subject) follow(out io.Reader, began time.Time, ready chan<- time.Duration) {
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if lines.Text() == readyLine {
			ready <- time.Since(began)
		}
	}
}

func (s *subject) pid() int { return s.command.Process.Pid }

// kill ends the broker as kill -9 does.
func (s *subject) kill() error { return s.end(syscall.SIGKILL) }

// stop ends the broker cleanly.
func (s *subject) stop() error { return s.end(syscall.SIGTERM) }

func (s *subject) end(signal syscall.Signal) error {
	if err := s.command.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	<-s.ended
	return nil
}

// restart kills the broker and starts it again.
func (s *subject) restart() (time.Duration, error) {
	if err := s.kill(); err != nil {
		return 0, err
	}
	return s.start()
}

// close ends the broker at the end of a scenario and removes its data.
func (s *subject) close() error {
	return errors.Join(s.kill(), s.log.Close(), s.within.close(), os.RemoveAll(s.dir))
}
