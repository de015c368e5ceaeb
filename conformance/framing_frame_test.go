package conformance

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Section 1.9 of the behaviour reference: frames that are none.

func rawOpenWithFrameMax(t *testing.T, frameMax uint32) *rawClient {
	t.Helper()
	raw := rawDial(t)
	raw.login()
	raw.handshakeWith(tuneValues{channelMax: 100, frameMax: frameMax})
	raw.openChannel(1)
	return raw
}

// The size in the head of a frame condemns it; the payload is not awaited.
func TestFraming_FrameAboveFrameMaxIsAConnectionError(t *testing.T) {
	rule(t, "framing")
	for _, c := range []struct {
		name     string
		frameMax uint32
		kind     byte
		size     uint32
	}{
		{"body one octet too large", 4096, bodyFrame, 4097},
		{"method one octet too large", 4096, methodFrame, 4097},
		{"header one octet too large", 4096, headerFrame, 4097},
		{"default frame_max", 131072, bodyFrame, 131073},
		{"two gigabytes", 131072, bodyFrame, 1 << 31},
		{"as large as the field allows", 131072, methodFrame, 1<<32 - 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			rule(t, "framing")
			raw := rawOpenWithFrameMax(t, c.frameMax)
			raw.send(join(u8(c.kind), u16(1), u32(c.size)))
			class, method := raw.expectConnectionClose(501, fmt.Sprintf(
				"FRAME_ERROR - type %d, all octets = <<>>: {frame_too_large,%d,%d}", c.kind, c.size, c.frameMax-8))
			require.Equal(t, [2]uint16{0, 0}, [2]uint16{class, method})
			raw.expectClosed(patience)
		})
	}
}

// frame_max counts the head and the end octet, but eight octets more are tolerated.
func TestFraming_PayloadOfFrameMaxIsAccepted(t *testing.T) {
	rule(t, "framing")
	const frameMax = 4096
	raw := rawOpenWithFrameMax(t, frameMax)
	queue := tempQueue(t, openChannel(t))
	for _, size := range []int{frameMax - 8, frameMax} {
		raw.send(encodePublish(1, "", queue, strings.Repeat("x", size)))
	}
	raw.requireAlive()
}

func TestFraming_WrongEndOctetIsAConnectionError(t *testing.T) {
	rule(t, "framing")
	for _, c := range []struct {
		name  string
		frame []byte
		text  string
	}{
		{
			"method", withEndOctet(encodeMethod(1, 20, 20, u8(1)), 0),
			"FRAME_ERROR - type 1, all octets = <<0,20,0,20,1>>: {invalid_frame_end_marker,0}",
		},
		{
			"heartbeat", withEndOctet(heartbeat(0), 0xCD),
			"FRAME_ERROR - type 8, all octets = <<>>: {invalid_frame_end_marker,205}",
		},
		{
			"long method", withEndOctet(encodeMethod(1, 50, 10, u16(0), shortStr("a-long-name"), u8(0), fieldTable()), 1),
			"FRAME_ERROR - type 1, first 16 octets = <<0,50,0,10,0,0,11,97,45,108,111,110,103,45,110,97>>: {invalid_frame_end_marker,1}",
		},
		{
			"body", withEndOctet(encodeFrame(bodyFrame, 1, []byte("abc")), 255),
			"FRAME_ERROR - type 3, all octets = <<\"abc\">>: {invalid_frame_end_marker,255}",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			rule(t, "framing")
			raw := rawOpen(t)
			raw.openChannel(1)
			raw.send(c.frame)
			class, method := raw.expectConnectionClose(501, c.text)
			require.Equal(t, [2]uint16{0, 0}, [2]uint16{class, method})
			raw.expectClosed(patience)
		})
	}
}

func TestFraming_UnknownFrameTypeIsAConnectionError(t *testing.T) {
	rule(t, "framing")
	for _, c := range []struct {
		name    string
		kind    byte
		channel uint16
	}{
		{"0", 0, 0},
		{"4", 4, 1},
		{"7", 7, 0},
		{"9", 9, 1},
		{"255", 255, 0},
		{"4 on an unopened channel", 4, 9},
	} {
		t.Run(c.name, func(t *testing.T) {
			rule(t, "framing")
			raw := rawOpen(t)
			raw.openChannel(1)
			raw.send(encodeFrame(c.kind, c.channel, []byte{1, 2}))
			class, method := raw.expectConnectionClose(501,
				fmt.Sprintf("FRAME_ERROR - type %d, all octets = <<1,2>>: unknown_frame", c.kind))
			require.Equal(t, [2]uint16{0, 0}, [2]uint16{class, method})
			raw.expectClosed(patience)
		})
	}
}

// Nothing but the end of the socket tells about a method that no class knows.
func TestFraming_UnknownMethodHangsUpAtOnce(t *testing.T) {
	rule(t, "framing")
	for _, c := range []struct {
		name                   string
		channel, class, method uint16
	}{
		{"unknown class", 1, 99, 10},
		{"unknown method of basic", 1, 60, 130},
		{"unknown method of connection", 0, 10, 99},
		{"unknown class on channel zero", 0, 77, 1},
		{"unknown class on an unopened channel", 5, 99, 10},
	} {
		t.Run(c.name, func(t *testing.T) {
			rule(t, "framing")
			raw := rawOpen(t)
			raw.openChannel(1)
			raw.sendMethod(c.channel, c.class, c.method)
			raw.expectClosed(patience)
		})
	}
}

func TestFraming_GarbledArgumentsAreAConnectionError(t *testing.T) {
	rule(t, "framing")
	for _, c := range []struct {
		name          string
		class, method uint16
		args          []byte
		text          string
	}{
		{"missing", 50, 10, nil, "FRAME_ERROR - cannot decode <<>>"},
		{"cut", 60, 10, u8(0), "FRAME_ERROR - cannot decode <<0>>"},
		{"cut in a string", 40, 20, join(u16(0), u8(200), []byte("x")), "FRAME_ERROR - cannot decode <<0,0,200,120>>"},
		{"too long", 90, 10, u8(7), "FRAME_ERROR - cannot decode <<7>>"},
		{
			"table longer than the method", 50, 10, join(u16(0), shortStr("q"), u8(0), u32(9)),
			"FRAME_ERROR - cannot decode <<0,0,1,113,0,0,0,0,9>>",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			rule(t, "framing")
			raw := rawOpen(t)
			raw.openChannel(1)
			raw.sendMethod(1, c.class, c.method, c.args)
			class, method := raw.expectConnectionClose(501, c.text)
			require.Equal(t, [2]uint16{c.class, c.method}, [2]uint16{class, method})
			raw.expectClosed(patience)
		})
	}
}

// RabbitMQ hangs up without a word, as for an unknown method; a reply that the method
// cannot be decoded is as good.
func TestFraming_GarbledTableEndsTheConnection(t *testing.T) {
	rule(t, "framing")
	for _, c := range []struct {
		name string
		body []byte
	}{
		{"unknown type letter", field("k", '?')},
		{"value cut", field("k", 'I', u8(0))},
		{"string longer than the table", field("k", 'S', u32(99))},
		{"key longer than the table", []byte{200, 'k'}},
		{"inner table longer than the table", field("k", 'F', u32(99))},
		{"array cut", field("k", 'A', u32(3), u8('I'), u16(0))},
	} {
		t.Run(c.name, func(t *testing.T) {
			rule(t, "framing")
			raw := rawOpen(t)
			raw.openChannel(1)
			const exclusive = 1 << 2
			raw.sendMethod(1, 50, 10, u16(0), shortStr(uniqueName(t, "q")), u8(exclusive), fieldTable(c.body))
			if f, err := raw.tryReadFrame(patience); err == nil {
				class, method, _ := f.methodID()
				require.Equal(t, [2]uint16{10, 50}, [2]uint16{class, method}, "got %v", f)
				require.Equal(t, u16(501), f.payload[4:6], "reply code")
				raw.sendMethod(0, 10, 51)
			}
			raw.expectClosed(patience)
		})
	}
}

func TestFraming_ShortStringThatIsNotUTF8IsAConnectionError(t *testing.T) {
	rule(t, "framing")
	for _, c := range []struct{ name, queue string }{
		{"invalid octet", "q\xff"},
		{"cut rune", "q\xc3"},
		{"overlong", "\xc0\x80"},
	} {
		t.Run(c.name, func(t *testing.T) {
			rule(t, "framing")
			raw := rawOpen(t)
			raw.openChannel(1)
			raw.send(passiveDeclare(1, c.queue))
			raw.expectConnectionClose(501, "FRAME_ERROR - Malformed UTF-8 in shortstr")
			raw.expectClosed(patience)
		})
	}
}

// The exchange and the key of a message are octets: programs put binary ids there.
func TestFraming_PublishTakesNamesThatAreNotUTF8(t *testing.T) {
	rule(t, "framing")
	const key = "\xff\x00\xc3"
	raw := rawOpen(t)
	raw.openChannel(1)
	raw.send(join(
		encodeMethod(1, 60, 40, u16(0), shortStr(""), shortStr(key), u8(1)), // mandatory
		encodeHeader(1, 60, 0),
	))
	returned := raw.expectMethod(60, 50)
	require.EqualValues(t, 312, returned.u16())
	require.Equal(t, "NO_ROUTE", returned.shortStr())
	require.Empty(t, returned.shortStr(), "exchange")
	require.Equal(t, key, returned.shortStr())
}

// A frame may arrive in any pieces.
func TestFraming_FrameMayArriveOctetByOctet(t *testing.T) {
	rule(t, "framing")
	raw := rawOpen(t)
	for _, octet := range encodeMethod(1, 20, 10, shortStr("")) {
		raw.send([]byte{octet})
	}
	raw.expectMethod(20, 11)
}
