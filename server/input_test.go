package server

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// fill reads until n octets have been read, and consumes none.
func (in *input) fill(t *testing.T, sock net.Conn, n int) {
	t.Helper()
	for len(in.buffered()) < n {
		_, err := in.read(sock)
		require.NoError(t, err)
	}
}

// pieces writes the octets in pieces of a size, each as soon as there is room.
func pieces(sock net.Conn, octets []byte, size int) {
	for len(octets) > 0 {
		n, err := sock.Write(octets[:min(size, len(octets))])
		if err != nil {
			return
		}
		octets = octets[n:]
	}
}

func letters(n int) []byte {
	octets := make([]byte, n)
	for i := range octets {
		octets[i] = byte('a' + i%23)
	}
	return octets
}

// What comes in is there in order, however it is cut and whatever is consumed
// in between.
func TestInput_KeepsOrder(t *testing.T) {
	sent := letters(1 << 20)
	for _, c := range []struct{ piece, frame int }{{1 << 20, 1}, {1 << 20, 100_000}, {1000, 777}, {70_000, 16 << 10}, {16 << 10, 16 << 10}, {3, 5000}} {
		client, server := net.Pipe()
		go func() {
			pieces(client, sent, c.piece)
			_ = client.Close()
		}()
		var in input
		var got []byte
		for {
			for len(in.buffered()) >= c.frame {
				got = append(got, in.buffered()[:c.frame]...)
				in.consume(c.frame)
			}
			if _, err := in.read(server); err != nil {
				require.ErrorIs(t, err, io.EOF)
				break
			}
		}
		got = append(got, in.buffered()...)
		require.True(t, bytes.Equal(sent, got), "%+v", c)
	}
}

// The buffer grows while reads fill it, up to its limit; beyond that only for a
// frame that needs it.
func TestInput_Grows(t *testing.T) {
	client, server := net.Pipe()
	t.Cleanup(func() { _ = client.Close() })
	var in input
	require.Equal(t, 0, len(in.buf), "an idle connection costs nothing before its first octet")

	go pieces(client, letters(100), 100)
	in.fill(t, server, 100)
	require.Equal(t, readBufferMin, len(in.buf))
	in.consume(100)

	go pieces(client, letters(readBufferMax*4), readBufferMax*4)
	for read := 0; read < readBufferMax*4; {
		n, err := in.read(server)
		require.NoError(t, err)
		read += n
		in.consume(n)
	}
	require.Equal(t, readBufferMax, len(in.buf))

	frame := readBufferMax + 1
	go pieces(client, letters(frame), frame)
	in.fill(t, server, frame)
	require.Equal(t, 2*readBufferMax, len(in.buf))
}

// A grown buffer is given back when the connection has been idle, unless the
// start of a frame waits in it.
func TestInput_Shrinks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := net.Pipe()
		defer client.Close()
		var in input
		go pieces(client, letters(readBufferMin+1), 1<<20)
		in.fill(t, server, readBufferMin+1)

		in.consume(readBufferMin) // one octet is left
		require.NoError(t, in.arm(server))
		go func() {
			time.Sleep(time.Hour)
			pieces(client, letters(1), 1)
		}()
		in.fill(t, server, 2)
		require.False(t, in.shrink())
		in.consume(2)

		start := time.Now()
		require.NoError(t, in.arm(server))
		_, err := in.read(server)
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)
		require.Equal(t, shrinkAfter, time.Since(start))
		require.True(t, in.shrink())
		require.Zero(t, cap(in.buf))

		require.NoError(t, in.arm(server)) // without a deadline
		go func() {
			time.Sleep(time.Hour)
			pieces(client, letters(1), 1)
		}()
		in.fill(t, server, 1)
		require.Equal(t, readBufferMin, len(in.buf))
	})
}

// The end of a phase is a deadline for all reads together.
func TestInput_Deadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := net.Pipe()
		defer client.Close()
		go func() {
			for range 20 {
				time.Sleep(time.Second)
				pieces(client, letters(1), 1)
			}
		}()
		in := input{deadline: time.Now().Add(10*time.Second + time.Millisecond)}
		var err error
		for err == nil {
			require.True(t, in.early())
			require.NoError(t, in.arm(server))
			_, err = in.read(server)
		}
		require.True(t, errors.Is(err, os.ErrDeadlineExceeded))
		require.Equal(t, 10, len(in.buffered()))
		require.False(t, in.early())
		require.False(t, in.shrink())

		in.deadline = time.Time{}
		for range 10 {
			require.NoError(t, in.arm(server))
			_, err = in.read(server)
			require.NoError(t, err)
		}
	})
}
