package persistence

import (
	"encoding/hex"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/message"
)

// arrivals are two messages of one millisecond, one that came before them by the
// clock, one that came after them, and the same once more.
func arrivals() []item {
	times := []int64{1_700_000_000_000, 1_700_000_000_000, 1_699_999_999_999, 1_700_000_000_700}
	var items []item
	for i, at := range times {
		m := text("b")
		m.Arrived = at
		items = append(items, item{seq: uint64(i + 1), message: m})
	}
	return append(items, item{seq: 5, message: items[3].message})
}

// The octets of a block must not change by accident: directories are full of them.
func TestBlockIsWhatItWas(t *testing.T) {
	_, payload := encodeOwn(arrivals())
	require.Equal(t, ""+
		"0041"+"0178"+"036b6579"+"020000"+"80a0abfef962"+"0162"+ // all that there is to tell
		"010f"+"0162"+ // nothing but the body is another one
		"014f"+"01"+"0162"+ // one millisecond before
		"014f"+"fa0a"+"0162"+ // 701 milliseconds after
		"010f"+"0162",
		hex.EncodeToString(payload))

	e := encoder{seen: map[*message.Message]uint32{}}
	e.appendMixed([]group{{queue: 5, items: arrivals()[2:4]}, {queue: 300, items: arrivals()[:1]}})
	require.Equal(t, ""+
		"05"+"02"+"03"+"0041"+"0178"+"036b6579"+"020000"+"fe9fabfef962"+"0162"+"014f"+"fa0a"+"0162"+
		"ac02"+"01"+"01"+"004f"+"f70a"+"0162",
		hex.EncodeToString(e.buf))
}

// Blocks that were written before arrivals were kept can be read.
func TestBlockWithoutArrivals(t *testing.T) {
	payload, err := hex.DecodeString("0001" + "0178" + "036b6579" + "020000" + "0162" + "010f" + "0163" + "0120" + "00")
	require.NoError(t, err)
	records, _, err := decodeBlock(&block{queue: 1, first: 7, count: 3}, payload)
	require.NoError(t, err)
	for i, body := range []string{"b", "c", "b"} {
		require.Equal(t, text(body), records[i].message)
		require.EqualValues(t, 7+i, records[i].seq)
	}
}

// A clock may say anything.
func TestArrivalsRoundTrip(t *testing.T) {
	times := []int64{math.MinInt64, math.MaxInt64, 0, -1, 1, math.MaxInt64, math.MinInt64, 0, 0}
	var items []item
	for i, at := range times {
		m := text("b")
		m.Arrived = at
		items = append(items, item{seq: uint64(i), message: m})
	}
	b, payload := encodeOwn(items)
	records, _, err := decodeBlock(b, payload)
	require.NoError(t, err)
	for i := range items {
		require.Equal(t, items[i].message, records[i].message)
	}
	require.LessOrEqual(t, len(payload), len(items)*items[0].size(), "the bound of a record")
}
