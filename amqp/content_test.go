package amqp

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

// parseAll splits octets into frames and fails on anything that is none.
func parseAll(t testing.TB, buf []byte, frameMax uint32) []Frame {
	t.Helper()
	var frames []Frame
	for len(buf) > 0 {
		f, n, err := ParseFrame(buf, frameMax)
		require.NoError(t, err)
		require.NotZero(t, n)
		frames = append(frames, f)
		buf = buf[n:]
	}
	return frames
}

func TestAppendHeaderGolden(t *testing.T) {
	require.Equal(t, "\x02\x00\x05\x00\x00\x00\x0e\x00\x3c\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\xce",
		string(AppendHeader(nil, 5, 65536, nil)))
	require.Equal(t, "\x02\x00\x05\x00\x00\x00\x0f\x00\x3c\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x10\x00\x02\xce",
		string(AppendHeader(nil, 5, 2, Properties("\x10\x00\x02"))))
}

func TestDecodeHeader(t *testing.T) {
	payload := []byte("\x00\x3c\x00\x01\x00\x00\x00\x00\x20\x00\x00\x00\x10\x00\x02")
	h, err := DecodeHeader(payload)
	require.NoError(t, err)
	require.Equal(t, Header{Class: 60, Weight: 1, BodySize: 1 << 29, Properties: Properties("\x10\x00\x02")}, h)
	for cut := range contentHeaderSize {
		_, err := DecodeHeader(payload[:cut])
		require.ErrorIs(t, err, errHeaderSize)
	}
	h, err = DecodeHeader(payload[:contentHeaderSize])
	require.NoError(t, err)
	require.Empty(t, h.Properties)
}

// TestContentSplitsBodies checks the frames for bodies around the limits.
func TestContentSplitsBodies(t *testing.T) {
	deliver := &BasicDeliver{ConsumerTag: "c", DeliveryTag: 7, Exchange: "e", RoutingKey: "k"}
	properties := fullList().Encode()
	for _, c := range []struct {
		name     string
		size     int
		frameMax uint32
		bodies   int
	}{
		{"empty", 0, 4096, 0},
		{"one octet", 1, 4096, 1},
		{"full frame", 4088, 4096, 1},
		{"one octet more", 4089, 4096, 2},
		{"many", 100_000, 4096, 25},
		{"no limit", 128 << 10, 0, 1},
		{"no limit, large", 128<<10 + 1, 0, 2},
		{"limit without room", 10, FrameOverhead, 1},
		{"limit with least room", 10, FrameOverhead + 1, 10},
		{"largest limit", 1000, 0xffffffff, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			body := bytes.Repeat([]byte("0123456789"), c.size/10+1)[:c.size]
			wire := AppendDeliver([]byte{}, 3, deliver, properties, body, c.frameMax)
			require.Equal(t, wire, AppendContent([]byte{}, 3, deliver, properties, body, c.frameMax))

			frames := parseAll(t, wire, 0)
			require.Len(t, frames, 2+c.bodies)
			m, err := DecodeMethod(frames[0].Payload)
			require.NoError(t, err)
			require.Equal(t, deliver, m)
			h, err := DecodeHeader(frames[1].Payload)
			require.NoError(t, err)
			require.Equal(t, Header{ClassBasic, 0, uint64(c.size), properties}, h)
			var joined []byte
			for _, f := range frames[2:] {
				require.EqualValues(t, FrameBody, f.Type)
				require.EqualValues(t, 3, f.Channel)
				require.NotEmpty(t, f.Payload)
				joined = append(joined, f.Payload...)
			}
			require.True(t, bytes.Equal(body, joined))
		})
	}
}

// TestPropertiesSurviveTheWayThroughTheBroker takes headers from one frame to
// another as octets.
func TestPropertiesSurviveTheWayThroughTheBroker(t *testing.T) {
	in := AppendContent(nil, 1, &BasicPublish{RoutingKey: "q"}, fullList().Encode(), []byte("body"), 0)
	h, err := DecodeHeader(parseAll(t, in, 0)[1].Payload)
	require.NoError(t, err)
	kept := bytes.Clone(h.Properties)
	clear(in)
	out := AppendDeliver(nil, 9, &BasicDeliver{}, kept, []byte("body"), 0)
	h, err = DecodeHeader(parseAll(t, out, 0)[1].Payload)
	require.NoError(t, err)
	require.Equal(t, fullWire, string(h.Properties))
}
