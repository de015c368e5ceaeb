package client

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWindowHoldsThePublisherBack(t *testing.T) {
	w := NewWindow(3)
	require.EqualValues(t, 2, w.Claim(2))
	require.EqualValues(t, 1, w.Claim(2))
	waited := make(chan int64)
	go func() { waited <- w.Claim(2) }()
	w.Settle(2)
	require.EqualValues(t, 2, <-waited)
	go w.Settle(3)
	require.NoError(t, w.Drain())
	require.EqualValues(t, 1, w.Claim(1))
	w.Close()
	require.ErrorIs(t, w.Drain(), ErrUnsettled)
	require.Zero(t, w.Claim(1))
}
