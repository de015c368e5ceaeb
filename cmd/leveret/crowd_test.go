package main

import (
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestCrowd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(3, 0)
		conns := make([]net.Conn, 6)
		for i := range conns {
			conns[i], _ = net.Pipe()
		}
		for i := range 3 {
			require.Nil(t, c.change(conns[i], http.StateNew))
			time.Sleep(time.Second)
		}
		require.Nil(t, c.change(conns[0], http.StateActive))
		require.Equal(t, conns[1], c.change(conns[3], http.StateNew), "the one that waits for the longest time")
		require.Nil(t, c.change(conns[1], http.StateClosed))
		require.Nil(t, c.change(conns[2], http.StateActive))
		require.Nil(t, c.change(conns[3], http.StateActive))
		require.Equal(t, conns[4], c.change(conns[4], http.StateNew), "all are busy")
		require.Nil(t, c.change(conns[4], http.StateClosed))
		require.Nil(t, c.change(conns[0], http.StateIdle))
		require.Equal(t, conns[0], c.change(conns[5], http.StateNew))
		require.Nil(t, c.change(conns[2], http.StateIdle))
		time.Sleep(time.Second)
		require.Equal(t, conns[5], c.change(conns[4], http.StateNew), "what never had a request goes before what had one")
		for _, conn := range conns {
			require.Nil(t, c.change(conn, http.StateClosed))
		}
		require.Empty(t, c.waiting)
		require.Empty(t, c.busy)
	})
}

func TestCrowd_KeepsToTheLimitOfFiles(t *testing.T) {
	require.Equal(t, 1000, newCrowd(1000, 0).most)
	require.Equal(t, 1000, newCrowd(1000, 1<<20).most)
	require.Equal(t, 128, newCrowd(1000, 1024).most)
	require.Equal(t, 128, newCrowd(0, 1024).most)
	require.Zero(t, newCrowd(0, 0).most)
	require.Equal(t, 5, newCrowd(5, 1024).most)
}
