package conformance

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

// basicFrameMax is what RabbitMQ offers and the client library accepts, octets.
const basicFrameMax = 131072

// basicPatternBody is a body of a size in which no two frames are alike.
func basicPatternBody(size int) []byte {
	body := make([]byte, size)
	for i := range body {
		body[i] = byte(i ^ i>>8 ^ i>>16)
	}
	return body
}

func TestBasic_BodiesComeBackAsSent(t *testing.T) {
	rule(t, "basic")
	const inFrame = basicFrameMax - 8
	for _, size := range []int{0, 1, inFrame - 1, inFrame, inFrame + 1, 2*inFrame - 1, 2 * inFrame, 2*inFrame + 1, 1 << 20, 16 << 20} {
		t.Run(fmt.Sprintf("%d octets", size), func(t *testing.T) {
			rule(t, "basic")
			ch := openChannel(t)
			queue := tempQueue(t, ch)
			body := basicPatternBody(size)
			publish(t, ch, "", queue, string(body))
			d := receive(t, basicConsumer{noAck: true}.startOn(t, ch, queue))
			require.True(t, bytes.Equal(body, d.Body), "the delivered body of %d octets differs", len(d.Body))
			publish(t, ch, "", queue, "next")
		})
	}
}

func TestBasic_BodyLargerThanTheLimitIsRefused(t *testing.T) {
	rule(t, "basic")
	limit := oneOf(128<<20, 16<<20)
	if !brokerIsRabbitMQ(t) {
		limit = 128 << 20 // the permissive side (section 13)
	}
	body := make([]byte, limit+1)
	text := fmt.Sprintf("PRECONDITION_FAILED - message size %d is larger than configured max size %d", limit+1, limit)
	t.Run("after the whole body", func(t *testing.T) {
		rule(t, "basic")
		ch := openChannel(t)
		queue := tempQueue(t, ch)
		requireChannelError(t, ch, basicPublishing(ch, "", queue, amqp091.Publishing{Body: body}), 406, text)
		requireEmpty(t, openChannel(t), queue)
	})
	t.Run("before the exchange is looked for", func(t *testing.T) {
		rule(t, "basic")
		ch := openChannel(t)
		requireChannelError(t, ch,
			basicPublishing(ch, uniqueName(t, "missing"), "", amqp091.Publishing{Body: body}), 406, text)
	})
}

// basicSmallFrames is the smallest frame_max that every version accepts, octets.
const basicSmallFrames = 8192

// basicWireOpenSmall is a raw client with small frames.
func basicWireOpenSmall(t *testing.T) *rawClient {
	t.Helper()
	c := rawDial(t)
	tune := c.login()
	tune.frameMax, tune.heartbeat = basicSmallFrames, 0
	c.handshakeWith(tune)
	c.openChannel(basicWireChannel)
	return c
}

func TestBasic_BodyIsSentInTheLargestFrames(t *testing.T) {
	rule(t, "basic")
	const inFrame = basicSmallFrames - 8
	cases := []struct {
		size   int
		frames []int
	}{
		{0, nil},
		{1, []int{1}},
		{inFrame, []int{inFrame}},
		{inFrame + 1, []int{inFrame, 1}},
		{2*inFrame + 5, []int{inFrame, inFrame, 5}},
	}
	for _, tc := range cases {
		t.Run(fmt.Sprintf("%d octets", tc.size), func(t *testing.T) {
			rule(t, "basic")
			c := basicWireOpenSmall(t)
			queue := basicWireQueue(c)
			publish(t, openChannel(t), "", queue, string(basicPatternBody(tc.size)))
			basicWireConsume(c, queue, "", basicConsumeNoAck)
			require.Equal(t, tc.frames, basicExpectDelivery(c).frames)
		})
	}
}

func TestBasic_BodyIsTakenInAnyFrames(t *testing.T) {
	rule(t, "basic")
	cases := []struct {
		name  string
		parts []string
	}{
		{"one octet each", []string{"a", "b", "c"}},
		{"uneven", []string{"long enough", "x", "and more"}},
		{"empty frames between", []string{"", "a", "", "", "b"}},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			rule(t, "basic")
			c := basicWireOpen(t)
			queue := basicWireQueue(c)
			var body string
			var frames []byte
			for _, part := range tc.parts {
				body += part
				frames = append(frames, encodeFrame(bodyFrame, basicWireChannel, []byte(part))...)
			}
			c.send(join(
				encodeMethod(basicWireChannel, basicClass, 40, u16(0), shortStr(""), shortStr(queue), u8(0)),
				encodeHeader(basicWireChannel, basicClass, uint64(len(body))), frames, basicEncodeGet(queue),
			))
			require.Equal(t, body, string(basicExpectGetOk(c).body))
		})
	}
}

// Frames of other channels may stand between those of one content.
func TestBasic_ContentsOfTwoChannelsInterleave(t *testing.T) {
	rule(t, "basic")
	const other = basicWireChannel + 1
	c := basicWireOpen(t)
	c.openChannel(other)
	queue := basicWireQueue(c)
	begin := func(channel uint16) []byte {
		return join(
			encodeMethod(channel, basicClass, 40, u16(0), shortStr(""), shortStr(queue), u8(0)),
			encodeHeader(channel, basicClass, 4),
		)
	}
	body := func(channel uint16, octets string) []byte { return encodeFrame(bodyFrame, channel, []byte(octets)) }
	c.send(join(
		begin(basicWireChannel), body(basicWireChannel, "on"), begin(other), body(other, "tw"),
		body(basicWireChannel, "e1"), body(other, "o2"),
	))
	basicWireConsume(c, queue, "", basicConsumeNoAck)
	bodies := []string{string(basicExpectDelivery(c).body), string(basicExpectDelivery(c).body)}
	require.ElementsMatch(t, []string{"one1", "two2"}, bodies)
}
