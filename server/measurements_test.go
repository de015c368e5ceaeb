package server

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// One publish at a time is measured, from its arrival to its confirm.
func TestSample_OneAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s sample
		_, ended := s.end(100)
		require.False(t, ended)
		s.begin(7, time.Now())
		time.Sleep(time.Second)
		s.begin(8, time.Now())
		_, ended = s.end(7)
		require.False(t, ended, "the seventh is not confirmed")
		time.Sleep(time.Second)
		took, ended := s.end(8)
		require.True(t, ended)
		require.Equal(t, 2*time.Second, took)
		_, ended = s.end(9)
		require.False(t, ended)
	})
}
