package conformance

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Section 1.9 of the behaviour reference: content that does not follow its method,
// and frames on the wrong channel.

// publishMethod is basic.publish without its content.
func publishMethod(channel uint16, key string) []byte {
	return encodeMethod(channel, 60, 40, u16(0), shortStr(""), shortStr(key), u8(0))
}

const (
	wantMethod   = "UNEXPECTED_FRAME - expected method frame, got non method frame instead"
	wantHeader   = "UNEXPECTED_FRAME - expected content header for class 60, got non content header frame instead"
	wantBody     = "UNEXPECTED_FRAME - expected content body, got non content body frame instead"
	wantBasic    = "UNEXPECTED_FRAME - expected content header for class 60, got one for class 50 instead"
	unexpected16 = "UNEXPECTED_FRAME - type 3, first 16 octets = <<\"0123456789abcdef\">>"
)

func TestFraming_ContentOutOfTurnIsAConnectionError(t *testing.T) {
	rule(t, "framing")
	flow := encodeMethod(1, 20, 20, u8(1))
	body := encodeFrame(bodyFrame, 1, []byte("abc"))
	for _, c := range []struct {
		name   string
		octets []byte
		text   string
	}{
		{"header without a method", encodeHeader(1, 60, 3), wantMethod},
		{"body without a method", body, wantMethod},
		{"method for a header", join(publishMethod(1, "k"), flow), wantHeader},
		{"body for a header", join(publishMethod(1, "k"), body), wantHeader},
		{"publish for a header", join(publishMethod(1, "k"), publishMethod(1, "k")), wantHeader},
		{"header of another class", join(publishMethod(1, "k"), encodeHeader(1, 50, 3)), wantBasic},
		{"method for a body", join(publishMethod(1, "k"), encodeHeader(1, 60, 3), flow), wantBody},
		{"header for a body", join(publishMethod(1, "k"), encodeHeader(1, 60, 3), encodeHeader(1, 60, 3)), wantBody},
		{"body after an empty body", join(publishMethod(1, "k"), encodeHeader(1, 60, 0), body), wantMethod},
		{
			"header with a weight", join(publishMethod(1, "k"),
				encodeFrame(headerFrame, 1, join(u16(60), u16(1), u64(3), u16(0)))), wantHeader,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			rule(t, "framing")
			raw := rawOpen(t)
			raw.openChannel(1)
			raw.send(c.octets)
			raw.expectConnectionClose(505, c.text)
			raw.expectClosed(patience)
		})
	}
}

// A content header that is cut before its properties is no frame at all.
func TestFraming_CutContentHeaderIsAConnectionError(t *testing.T) {
	rule(t, "framing")
	raw := rawOpen(t)
	raw.openChannel(1)
	raw.send(join(publishMethod(1, "k"), encodeFrame(headerFrame, 1, u16(60))))
	raw.expectConnectionClose(501, "FRAME_ERROR - type 2, all octets = <<0,60>>: unknown_frame")
	raw.expectClosed(patience)
}

// The error names the method that waited for its content.
func TestFraming_ContentErrorNamesPublish(t *testing.T) {
	rule(t, "framing")
	raw := rawOpen(t)
	raw.openChannel(1)
	raw.send(join(publishMethod(1, "k"), publishMethod(1, "k")))
	class, method := raw.expectConnectionClose(505, wantHeader)
	require.Equal(t, [2]uint16{60, 40}, [2]uint16{class, method})
}

func TestFraming_FrameOnTheWrongChannelIsAConnectionError(t *testing.T) {
	rule(t, "framing")
	for _, c := range []struct {
		name   string
		octets []byte
		code   uint16
		text   string
	}{
		{
			"content header on channel zero", encodeHeader(0, 60, 0),
			505, "UNEXPECTED_FRAME - type 2, all octets = <<0,60,0,0,0,0,0,0,0,0,0,0,0,0>>",
		},
		{
			"body on channel zero", encodeFrame(bodyFrame, 0, []byte("0123456789abcdef-and-more")),
			505, unexpected16,
		},
		{
			"content header on an unopened channel", encodeHeader(9, 60, 0),
			505, wantMethod,
		},
		{
			"body on an unopened channel", encodeFrame(bodyFrame, 9, []byte("abc")),
			505, wantMethod,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			rule(t, "framing")
			raw := rawOpen(t)
			raw.send(c.octets)
			raw.expectConnectionClose(c.code, c.text)
			raw.expectClosed(patience)
		})
	}
}

func TestFraming_MethodOfAChannelOnChannelZeroIsAConnectionError(t *testing.T) {
	rule(t, "framing")
	for _, c := range []struct {
		name          string
		class, method uint16
		args          []byte
	}{
		{"channel.open", 20, 10, shortStr("")},
		{"channel.close", 20, 40, join(u16(200), shortStr(""), u16(0), u16(0))},
		{"queue.declare", 50, 10, join(u16(0), shortStr("q"), u8(0), fieldTable())},
		{"basic.publish", 60, 40, join(u16(0), shortStr(""), shortStr("k"), u8(0))},
		{"basic.ack", 60, 80, join(u64(1), u8(0))},
	} {
		t.Run(c.name, func(t *testing.T) {
			rule(t, "framing")
			raw := rawOpen(t)
			raw.sendMethod(0, c.class, c.method, c.args)
			class, method := raw.expectConnectionClose(504, "CHANNEL_ERROR - unexpected method in connection state running")
			require.Equal(t, [2]uint16{c.class, c.method}, [2]uint16{class, method})
			raw.expectClosed(patience)
		})
	}
}

func TestFraming_MethodOfTheConnectionOnAChannelIsAConnectionError(t *testing.T) {
	rule(t, "framing")
	for _, c := range []struct {
		name   string
		method uint16
		args   []byte
	}{
		{"close", 50, join(u16(200), shortStr(""), u16(0), u16(0))},
		{"close-ok", 51, nil},
		{"open", 40, join(shortStr("/"), shortStr(""), u8(0))},
		{"tune-ok", 31, join(u16(1), u32(4096), u16(0))},
		{"update-secret", 70, join(longStr("s"), shortStr("r"))},
	} {
		t.Run(c.name, func(t *testing.T) {
			rule(t, "framing")
			raw := rawOpen(t)
			raw.openChannel(1)
			raw.sendMethod(1, 10, c.method, c.args)
			class, method := raw.expectConnectionClose(503, "COMMAND_INVALID - unimplemented method")
			require.Equal(t, [2]uint16{10, c.method}, [2]uint16{class, method})
			raw.expectClosed(patience)
		})
	}
}

// Properties that cannot be decoded are found when the message is handled.
func TestFraming_GarbledPropertiesAreAnInternalError(t *testing.T) {
	rule(t, "framing")
	for _, c := range []struct {
		name       string
		properties []byte
	}{
		{"content-type missing", u16(1 << 15)},
		{"content-type cut", join(u16(1<<15), u8(20), []byte("text"))},
		{"headers cut", join(u16(1<<13), u32(100))},
		{"headers with an unknown type", join(u16(1<<13), fieldTable(field("k", '?')))},
		{"timestamp cut", join(u16(1<<6), u32(1))},
		{"octets left over", join(u16(0), u8(1))},
	} {
		t.Run(c.name, func(t *testing.T) {
			rule(t, "framing")
			raw := rawOpen(t)
			raw.openChannel(1)
			raw.send(join(publishMethod(1, "k"), encodeHeader(1, 60, 0, c.properties)))
			class, method := raw.expectConnectionClose(541, "INTERNAL_ERROR")
			require.Equal(t, [2]uint16{0, 0}, [2]uint16{class, method})
			raw.expectClosed(patience)
		})
	}
}

func TestFraming_EmptyBodyFramesAreAccepted(t *testing.T) {
	rule(t, "framing")
	ch := openChannel(t)
	queue := tempQueue(t, ch)
	raw := rawOpen(t)
	raw.openChannel(1)
	empty := encodeFrame(bodyFrame, 1, nil)
	raw.send(join(
		publishMethod(1, queue), encodeHeader(1, 60, 3),
		empty, encodeFrame(bodyFrame, 1, []byte("ab")), empty, empty, encodeFrame(bodyFrame, 1, []byte("c")),
	))
	eventually(t, "the message is there", func() bool { return readyCount(t, ch, queue) == 1 })
	require.Equal(t, "abc", getBody(t, ch, queue))
}

func TestFraming_EmptyContentHasNoBodyFrame(t *testing.T) {
	rule(t, "framing")
	ch := openChannel(t)
	queue := tempQueue(t, ch)
	raw := rawOpen(t)
	raw.openChannel(1)
	raw.send(join(publishMethod(1, queue), encodeHeader(1, 60, 0)))
	raw.requireAlive()
	eventually(t, "the message is there", func() bool { return readyCount(t, ch, queue) == 1 })
	raw.sendMethod(1, 60, 70, u16(0), shortStr(queue), u8(1))
	raw.expectMethod(60, 71)
	header := raw.readFrame()
	require.EqualValues(t, headerFrame, header.kind)
	require.Equal(t, u64(0), header.payload[4:12])
	raw.requireAlive()
}

// Frames of other channels may stand between the frames of one content.
func TestFraming_ContentsOfTwoChannelsMayInterleave(t *testing.T) {
	rule(t, "framing")
	ch := openChannel(t)
	one, two := tempQueue(t, ch), tempQueue(t, ch)
	raw := rawOpen(t)
	raw.openChannel(1)
	raw.openChannel(2)
	raw.send(join(
		publishMethod(1, one), publishMethod(2, two),
		encodeHeader(2, 60, 3), heartbeat(0), encodeHeader(1, 60, 3),
		encodeFrame(bodyFrame, 1, []byte("on")), encodeFrame(bodyFrame, 2, []byte("tw")),
		encodeFrame(bodyFrame, 1, []byte("e")), encodeFrame(bodyFrame, 2, []byte("o")),
	))
	for queue, body := range map[string]string{one: "one", two: "two"} {
		eventually(t, "the message is there", func() bool { return readyCount(t, ch, queue) == 1 })
		require.Equal(t, body, getBody(t, ch, queue))
	}
}

// A content that is never completed is forgotten with its channel.
func TestFraming_UnfinishedContentEndsWithItsConnection(t *testing.T) {
	rule(t, "framing")
	ch := openChannel(t)
	queue := tempQueue(t, ch)
	raw := rawOpen(t)
	raw.openChannel(1)
	raw.send(join(publishMethod(1, queue), encodeHeader(1, 60, 10), encodeFrame(bodyFrame, 1, []byte("half"))))
	require.NoError(t, raw.conn.Close())
	barrier(t)
	requireEmpty(t, ch, queue)
}

// A body longer than its header announces: newer versions of RabbitMQ refuse it as
// they do a header that announces more than 512 MiB.
func TestFraming_BodyLongerThanAnnounced(t *testing.T) {
	rule(t, "framing")
	raw := rawOpen(t)
	raw.openChannel(1)
	raw.send(join(publishMethod(1, "k"), encodeHeader(1, 60, 2), encodeFrame(bodyFrame, 1, []byte("abc"))))
	raw.expectConnectionClose(501, "FRAME_ERROR - content body frame exceeds remaining content size")
	raw.expectClosed(patience)
}

func TestFraming_BodyLargerThanTheMaximumIsRefusedByItsHeader(t *testing.T) {
	rule(t, "framing")
	raw := rawOpen(t)
	raw.openChannel(1)
	raw.send(join(publishMethod(1, "k"), encodeHeader(1, 60, 536870913)))
	raw.expectConnectionClose(501, "FRAME_ERROR - content body size 536870913 exceeds maximum allowed size 536870912")
	raw.expectClosed(patience)
}
