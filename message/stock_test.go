package message

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestClasses_CoverAllSizes(t *testing.T) {
	require.Equal(t, largestPooled, largest.size())
	require.Equal(t, unpooled, classOf(largestPooled+1))
	last := unpooled
	for octets := range largestPooled + 1 {
		c := classOf(octets)
		require.GreaterOrEqual(t, c.size(), octets)
		require.LessOrEqual(t, last, c)
		if c > smallest {
			require.Less(t, (c - 1).size(), octets, "a smaller class would do")
		}
		last = c
	}
	require.Equal(t, largest, last)
}
