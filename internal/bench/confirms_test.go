package bench

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/internal/client"
)

func TestConfirmsSettleOnceInAnyOrder(t *testing.T) {
	c := newConfirms(4)
	require.Equal(t, 4, c.claim(10))
	c.publish(4, 100)
	spells, n := c.settle(3, false, 150, nil)
	require.EqualValues(t, 1, n)
	require.Equal(t, []spell{{50, 1}}, spells)
	_, n = c.settle(3, false, 160, nil)
	require.Zero(t, n, "settled before")
	require.Equal(t, 1, c.claim(10))
	c.publish(1, 110)
	spells, n = c.settle(5, true, 200, nil)
	require.EqualValues(t, 4, n)
	require.Equal(t, []spell{{100, 3}, {90, 1}}, spells)
	_, n = c.settle(6, true, 200, nil)
	require.Zero(t, n, "nobody has published that")
	require.NoError(t, c.drain())
}

func TestConfirmsHoldBackWhatIsTooFarAhead(t *testing.T) {
	c := newConfirms(1)
	c.publish(1, 1)
	for tag := uint64(2); tag <= uint64(len(c.published)); tag++ {
		c.publish(1, 1)
		_, n := c.settle(tag, false, 2, nil)
		require.EqualValues(t, 1, n)
	}
	claimed := make(chan int)
	go func() { claimed <- c.claim(1) }()
	_, n := c.settle(1, false, 2, nil)
	require.EqualValues(t, 1, n)
	require.Equal(t, 1, <-claimed)
}

func TestConfirmsEndWithTheChannel(t *testing.T) {
	c := newConfirms(1)
	c.publish(1, 1)
	go c.close()
	require.Zero(t, c.claim(1))
	require.ErrorIs(t, c.drain(), client.ErrUnsettled)
}

func TestFlightCountsCopies(t *testing.T) {
	o := Defaults()
	o.Consumers, o.InFlight = 3, 2
	f := newFlight(&o)
	require.Equal(t, 2, f.claim(5))
	f.arrived(2)
	claimed := make(chan int)
	go func() { claimed <- f.claim(5) }()
	f.arrived(2)
	require.Equal(t, 1, <-claimed)
	f.close()
	require.Zero(t, f.claim(1))

	var none *flight
	require.Equal(t, 7, none.claim(7))
	none.arrived(1)
	none.close()
}
