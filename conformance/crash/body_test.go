package crash

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestBody_CarriesItsValue(t *testing.T) {
	want := Value{Publisher: 3, Origin: 5, Seq: 70_000}
	for _, size := range []int{0, MinBodySize, MinBodySize + 1, 100, 101, 20 << 10} {
		body := EncodeBody(want, size)
		require.Len(t, body, max(size, MinBodySize))
		got, err := DecodeBody(body)
		require.NoError(t, err, "%d octets", size)
		require.Equal(t, want, got)
	}
}

func TestBody_EveryAlteredOctetShows(t *testing.T) {
	body := EncodeBody(Value{Publisher: 1, Origin: 2, Seq: 3}, 100)
	for i := range body {
		body[i] ^= 0x10
		_, err := DecodeBody(body)
		require.ErrorIs(t, err, ErrForeignBody, "octet %d", i)
		body[i] ^= 0x10
	}
}

func TestBody_EveryTruncationShows(t *testing.T) {
	body := EncodeBody(Value{Publisher: 1, Origin: 2, Seq: 3}, 100)
	for size := range body {
		_, err := DecodeBody(body[:size])
		require.ErrorIs(t, err, ErrForeignBody, "%d octets", size)
	}
}
