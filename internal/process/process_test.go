package process

import (
	"net"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// onLinux says whether there is a /proc to read.
func onLinux() bool { return runtime.GOOS == "linux" }

func TestOwnProcess(t *testing.T) {
	if !onLinux() {
		require.Zero(t, CPU(os.Getpid()))
		require.Zero(t, MemoryOf(os.Getpid()))
		return
	}
	require.Positive(t, MemoryOf(os.Getpid()).Resident)
	began := CPU(os.Getpid())
	for deadline := time.Now().Add(time.Minute); CPU(os.Getpid()) == began; {
		require.True(t, time.Now().Before(deadline), "no time passed")
	}
	watch := WatchMemory(os.Getpid())
	require.Positive(t, watch.End().Anonymous)
}

func TestListeningProcess(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	pid, err := Listening(l.Addr().String())
	if !onLinux() {
		require.ErrorIs(t, err, ErrNotHere)
		return
	}
	require.NoError(t, err)
	require.Equal(t, os.Getpid(), pid)
	require.NoError(t, l.Close())
	_, err = Listening(l.Addr().String())
	require.ErrorIs(t, err, ErrNotHere)
}
