package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"

	"github.com/leveretmq/leveret/internal/sink"
)

// relayName is the scenario that is a server for the others: a process of its
// own, as the brokers are.
const relayName = "relay"

// serveRelay prints its address and serves until the input ends.
func serveRelay(out io.Writer, in io.Reader) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "amqp://%s\n", l.Addr())
	ended := make(chan error, 1)
	go func() {
		_, err := io.Copy(io.Discard, in)
		ended <- errors.Join(err, l.Close())
	}()
	return errors.Join(sink.Serve(l, sink.Relay), <-ended)
}

// startRelay starts this program as a relay. What it returns ends it.
func startRelay() (*target, func() error, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, nil, err
	}
	command := exec.Command(self, "-scenario", relayName)
	command.Stderr = os.Stderr
	in, err := command.StdinPipe()
	if err != nil {
		return nil, nil, err
	}
	out, err := command.StdoutPipe()
	if err != nil {
		return nil, nil, err
	}
	if err := command.Start(); err != nil {
		return nil, nil, err
	}
	url, err := bufio.NewReader(out).ReadString('\n')
	end := func() error { return errors.Join(in.Close(), command.Wait()) }
	if err != nil {
		return nil, nil, errors.Join(err, end())
	}
	t := &target{name: relayName, url: strings.TrimSpace(url), pids: []int{command.Process.Pid}}
	return t, end, nil
}
