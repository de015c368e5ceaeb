//go:build !windows

package main_test

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// manager is a service manager that hears what a program tells.
type manager struct {
	t    *testing.T
	conn *net.UnixConn
}

func startManager(t *testing.T) (m *manager, socket string) {
	t.Helper()
	// The path of a socket has a hundred octets at most, which that of a
	// test's directory may exceed.
	dir, err := os.MkdirTemp("", "leveret-")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	socket = filepath.Join(dir, "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return &manager{t: t, conn: conn}, socket
}

// heard is the next datagram.
func (m *manager) heard() string {
	m.t.Helper()
	require.NoError(m.t, m.conn.SetReadDeadline(time.Now().Add(patience)))
	octets := make([]byte, 4096)
	n, err := m.conn.Read(octets)
	require.NoError(m.t, err)
	return string(octets[:n])
}

func TestServiceManagerIsTold(t *testing.T) {
	m, socket := startManager(t)
	p := start(t, []string{"NOTIFY_SOCKET=" + socket}, "--amqp-listen", anyPort)
	said := m.heard()
	for strings.Contains(said, "EXTEND_TIMEOUT_USEC=") {
		said = m.heard() // a slow machine
	}
	require.Equal(t, []string{"READY=1", "STATUS=Serving AMQP"}, strings.Split(said, "\n"))
	connectURL(t, p.ready())
	require.NoError(t, p.command.Process.Signal(syscall.SIGTERM))
	require.Contains(t, strings.Split(m.heard(), "\n"), "STOPPING=1")
	status, _, stderr := p.wait()
	require.Zero(t, status, stderr)
}

func TestServiceManagerThatIsGoneIsNoReasonToStop(t *testing.T) {
	start(t, []string{"NOTIFY_SOCKET=" + filepath.Join(t.TempDir(), "gone")}, "--amqp-listen", anyPort).ready()
}
