package main_test

import (
	"bytes"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/internal/ctl"
)

// TestEveryCommandOfRabbitMQ calls each command of RabbitMQ 3.10's and 4.0's programs at a
// broker. A line of the table is the exit status and the command.
func TestEveryCommandOfRabbitMQ(t *testing.T) {
	dir, err := os.MkdirTemp("", "ctl") // the path of a socket has to be short
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	address := freeAddress(t)
	_, port, err := net.SplitHostPort(address)
	require.NoError(t, err)
	p := start(t, nil, "--data-dir", dir, "--amqp-listen", address, "--log-file", filepath.Join(t.TempDir(), "log"))
	p.ready()
	called := func(program string, args ...string) (status int, output string) {
		var out bytes.Buffer
		status = ctl.Run(program, args, ctl.Environment{
			Stdin: strings.NewReader(`{"queues":[{"vhost":"/","name":"q","durable":true},
				{"vhost":"/","name":"qq","durable":true,"arguments":{"x-queue-type":"quorum"}}]}`),
			Stdout: &out, Stderr: &out, Getenv: os.Getenv, DataDir: dir, Version: "test",
		})
		return status, out.String()
	}
	status, out := called(ctl.OwnName, "import", "-")
	require.Zero(t, status, out)

	filled := strings.NewReplacer("{file}", filepath.Join(t.TempDir(), "d.json"), "{pid}", strconv.Itoa(p.command.Process.Pid), "{port}", port)
	seen := map[string]bool{"stop": true, "shutdown": true, "help": true, "autocomplete": true}
	for _, line := range linesOf(t, "testdata/rabbitmq-commands.txt") {
		words := strings.Fields(filled.Replace(line))
		seen[words[1]+" "+words[2]] = true
		status, out := called(words[1], words[2:]...)
		require.Equal(t, words[0], strconv.Itoa(status), "%s\n%s", line, out)
		require.NotContains(t, out, "not found", line)
		if words[0] == "64" {
			require.Regexp(t, "is not supported: |disk is always watched", out, line)
		}
	}
	for _, line := range linesOf(t, "../../internal/ctl/testdata/commands.txt") {
		require.True(t, seen[line] || seen[strings.Fields(line)[1]], line)
	}
}

func linesOf(t *testing.T, file string) []string {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	return strings.Split(strings.TrimSpace(string(text)), "\n")
}

// freeAddress is one that nobody listened on a moment ago: the broker tells of its ports as
// they are configured.
func freeAddress(t *testing.T) string {
	t.Helper()
	socket, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, socket.Close())
	return socket.Addr().String()
}
