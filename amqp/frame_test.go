package amqp

import (
	"encoding/binary"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParseFrame(t *testing.T) {
	cases := []struct {
		name string
		wire string
		want Frame
	}{
		{"method", "\x01\x00\x01\x00\x00\x00\x04\x00\x14\x00\x29\xce",
			Frame{FrameMethod, 1, []byte{0, 20, 0, 41}}},
		{"body", "\x03\xff\xfe\x00\x00\x00\x02hi\xce", Frame{FrameBody, 65534, []byte("hi")}},
		{"empty body", "\x03\x00\x01\x00\x00\x00\x00\xce", Frame{FrameBody, 1, []byte{}}},
		{"heartbeat", "\x08\x00\x00\x00\x00\x00\x00\xce", Frame{FrameHeartbeat, 0, []byte{}}},
		{"end octets inside", "\x03\x00\x01\x00\x00\x00\x03\xce\xce\xce\xce", Frame{FrameBody, 1, []byte{0xce, 0xce, 0xce}}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			f, n, err := ParseFrame([]byte(c.wire+"next frame"), FrameMinSize)
			require.NoError(t, err)
			require.Equal(t, len(c.wire), n)
			require.Equal(t, c.want, f)
			require.Equal(t, c.wire, string(AppendFrame(nil, f)))
			for cut := range len(c.wire) {
				f, n, err := ParseFrame([]byte(c.wire[:cut]), FrameMinSize)
				require.NoError(t, err)
				require.Zero(t, n)
				require.Empty(t, f)
			}
		})
	}
	require.Equal(t, cases[3].wire, string(AppendHeartbeat(nil)))
}

// TestParseFrameErrors has the texts of RabbitMQ.
func TestParseFrameErrors(t *testing.T) {
	cases := []struct {
		name     string
		wire     string
		frameMax uint32
		text     string
	}{
		{"too large, seen before the payload comes", "\x41\x00\x00\x50\x00\x00\x01", 131072,
			"type 65, all octets = <<>>: {frame_too_large,1342177281,131064}"},
		{"one octet more than the slack", "\x03\x00\x01\x00\x00\x10\x01", 4096,
			"type 3, all octets = <<>>: {frame_too_large,4097,4088}"},
		{"wrong end", "\x01\x00\x01\x00\x00\x00\x04\x00\x14\x00\x29\x42", 0,
			"type 1, all octets = <<0,20,0,41>>: {invalid_frame_end_marker,66}"},
		{"wrong end after more than the snippet", "\x03\x00\x01\x00\x00\x00\x11\x00234567890123456!\x00", 0,
			"type 3, first 16 octets = <<0,50,51,52,53,54,55,56,57,48,49,50,51,52,53,54>>: {invalid_frame_end_marker,0}"},
		{"wrong end after text", "\x03\x00\x01\x00\x00\x00\x111234567890123456!\x00", 0,
			`type 3, first 16 octets = <<"1234567890123456">>: {invalid_frame_end_marker,0}`},
		{"unknown type", "\x07\x00\x01\x00\x00\x00\x01x\xce", 0, `type 7, all octets = <<"x">>: unknown_frame`},
		{"unknown type without octets", "\x00\x00\x01\x00\x00\x00\x00\xce", 0, `type 0, all octets = <<>>: unknown_frame`},
		{"heartbeat with a payload", "\x08\x00\x00\x00\x00\x00\x01\x01\xce", 0, `type 8, all octets = <<1>>: unknown_frame`},
		{"method without its id", "\x01\x00\x00\x00\x00\x00\x03\x00\x0a\x00\xce", 0,
			`type 1, all octets = <<0,10,0>>: unknown_frame`},
		{"header without its size", "\x02\x00\x01\x00\x00\x00\x04\x00\x3c\x00\x00\xce", 0,
			`type 2, all octets = <<0,60,0,0>>: unknown_frame`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			f, n, err := ParseFrame([]byte(c.wire), c.frameMax)
			require.Zero(t, n)
			require.Empty(t, f)
			var amqpErr *Error
			require.ErrorAs(t, err, &amqpErr)
			require.Equal(t, &Error{Code: CodeFrameError, Text: c.text}, amqpErr)
		})
	}
}

// TestParseFrameSizeLimit checks RabbitMQ's slack: a payload may be as large
// as the negotiated size of the whole frame.
func TestParseFrameSizeLimit(t *testing.T) {
	frame := func(size uint32) []byte {
		return append(binary.BigEndian.AppendUint32([]byte{FrameBody, 0, 1}, size), make([]byte, size)...)
	}
	full := append(frame(4096), FrameEnd)
	_, n, err := ParseFrame(full, 4096)
	require.NoError(t, err)
	require.Equal(t, len(full), n)

	_, _, err = ParseFrame(frame(4097), 4096)
	require.Error(t, err)

	huge := []byte("\x03\x00\x01\xff\xff\xff\xff12345")
	_, n, err = ParseFrame(huge, 0)
	require.NoError(t, err, "without a limit the frame is waited for")
	require.Zero(t, n)
	_, _, err = ParseFrame(huge, 0xffffffff)
	require.NoError(t, err)
	_, _, err = ParseFrame(huge, 0xfffffffe)
	require.Error(t, err)
}

// TestParseFramePayloadCannotGrow protects the next frame in the buffer from
// an append to the payload of this one.
func TestParseFramePayloadCannotGrow(t *testing.T) {
	buf := AppendHeartbeat(AppendFrame(nil, Frame{FrameBody, 1, []byte("body")}))
	f, n, err := ParseFrame(buf, 0)
	require.NoError(t, err)
	grown := append(f.Payload, "overwritten"...)
	require.Len(t, grown, 15)
	require.Equal(t, AppendHeartbeat(nil), buf[n:])
}

func TestUnexpectedFrame(t *testing.T) {
	e := UnexpectedFrame(Frame{Type: FrameHeartbeat, Channel: 1})
	require.Equal(t, "UNEXPECTED_FRAME - type 8, all octets = <<>>", e.ReplyText())
	e = UnexpectedFrame(Frame{Type: FrameBody, Payload: []byte(strings.Repeat("\x01", 17))})
	require.Equal(t, "UNEXPECTED_FRAME - type 3, first 16 octets = <<"+strings.Repeat("1,", 15)+"1>>", e.ReplyText())
}
