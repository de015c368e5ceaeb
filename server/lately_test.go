package server

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/queue"
)

func TestFlow(t *testing.T) {
	var l lately
	at := int64(1_000_000)
	require.Equal(t, queue.Trickle, l.flow(100, at))
	require.Equal(t, queue.Trickle, l.flow(100+trickleOctets, at+10))
	require.Equal(t, queue.Flood, l.flow(200+trickleOctets, at+20))
	require.Equal(t, queue.Flood, l.flow(300+trickleOctets, at+lateTime+1), "what was before counts once more")
	require.Equal(t, queue.Trickle, l.flow(400+trickleOctets, at+lateTime+2))
	require.Equal(t, queue.Trickle, l.flow(400+9*trickleOctets, at+5*lateTime), "that was long ago")
	require.Equal(t, queue.Trickle, l.flow(400+19*trickleOctets, at-5), "the clock went back")
}
