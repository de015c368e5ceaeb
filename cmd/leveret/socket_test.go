package main_test

import (
	"net"
	"path/filepath"
	"testing"

	amqp091 "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

// A client may come over a socket of this machine, as guest, too.
func TestUnixSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "amqp")
	stale, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	require.NoError(t, err)
	stale.SetUnlinkOnClose(false)
	require.NoError(t, stale.Close(), "an earlier broker has left it")

	p := start(t, nil, "--amqp-listen", "unix:"+path, "--amqp-listen", anyPort)
	require.Contains(t, p.ready(), path)
	connection, err := amqp091.DialConfig("amqp://guest:guest@localhost/", amqp091.Config{
		Dial: func(string, string) (net.Conn, error) { return net.Dial("unix", path) },
	})
	require.NoError(t, err)
	channel, err := connection.Channel()
	require.NoError(t, err)
	_, err = channel.QueueDeclare("q", false, true, true, false, nil)
	require.NoError(t, err)
	require.NoError(t, connection.Close())

	start(t, nil, "--amqp-listen", "unix:"+path).wantFailure(3, path)
}

// Who listens for other machines and has only guest is told what to do.
func TestGreetingAdvisesOnAPublicAddress(t *testing.T) {
	require.Contains(t, start(t, nil, "--amqp-listen", "0.0.0.0:0").ready(), "add a user with a password of its own")
	require.NotContains(t, start(t, nil, "--amqp-listen", anyPort).ready(), "other machines")
	require.NotContains(t, start(t, []string{"LEVERET_USERS=[{name: app, password: s3cret}]"}, "--amqp-listen", "0.0.0.0:0").ready(), "other machines")
}
