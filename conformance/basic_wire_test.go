package conformance

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"
)

// Steps over the raw client that the tests of basic, confirm and tx share, for what
// is about octets, about the order of frames, or hidden by client libraries.

// Class and method numbers.
const (
	basicClass   = 60
	confirmClass = 85
	txClass      = 90
)

// basicWireChannel is the channel that these tests use.
const basicWireChannel = 1

// Bits of basic.publish.
const (
	basicMandatoryBit  = 1
	basicImmediateBit  = 2
	basicDeliverMethod = 60
	basicGetOkMethod   = 71
	basicReturnMethod  = 50
)

// Bits of basic.consume.
const (
	basicConsumeNoAck  = 2
	basicConsumeNoWait = 8
)

// basicWireOpen is a raw client with an open channel.
func basicWireOpen(t *testing.T) *rawClient {
	t.Helper()
	c := rawOpen(t)
	c.openChannel(basicWireChannel)
	return c
}

// basicWireQueue declares a queue that ends with the connection.
func basicWireQueue(c *rawClient) string {
	c.t.Helper()
	const exclusive = 4
	queue := uniqueName(c.t, "q")
	c.sendMethod(basicWireChannel, 50, 10, u16(0), shortStr(queue), u8(exclusive), fieldTable())
	c.expectMethod(50, 11)
	return queue
}

// basicWirePublication is a publish to the default exchange unless it says otherwise.
type basicWirePublication struct {
	exchange, key string
	bits          byte
	properties    []byte // flags and values; nil for none
	body          string
}

// encode gives the method, header and body frames; the body is in one frame.
func (p basicWirePublication) encode() []byte {
	properties := p.properties
	if properties == nil {
		properties = u16(0)
	}
	frames := join(
		encodeMethod(basicWireChannel, basicClass, 40, u16(0), shortStr(p.exchange), shortStr(p.key), u8(p.bits)),
		encodeHeader(basicWireChannel, basicClass, uint64(len(p.body)), properties),
	)
	if p.body == "" {
		return frames
	}
	return append(frames, encodeFrame(bodyFrame, basicWireChannel, []byte(p.body))...)
}

// basicWireConsume consumes and reads consume-ok.
func basicWireConsume(c *rawClient, queue, tag string, bits byte) (consumerTag string) {
	c.t.Helper()
	c.send(basicEncodeConsume(queue, tag, bits))
	m := c.expectMethod(basicClass, 21)
	return m.shortStr()
}

func basicEncodeConsume(queue, tag string, bits byte) []byte {
	return encodeMethod(basicWireChannel, basicClass, 20, u16(0), shortStr(queue), shortStr(tag), u8(bits), fieldTable())
}

func basicEncodeGet(queue string) []byte {
	return encodeMethod(basicWireChannel, basicClass, 70, u16(0), shortStr(queue), u8(0))
}

func basicEncodeAck(tag uint64) []byte {
	return encodeMethod(basicWireChannel, basicClass, 80, u64(tag), u8(0))
}

// basicWireContent is a received method with content.
type basicWireContent struct {
	code          uint16 // of basic.return
	text          string // of basic.return
	consumer      string // of basic.deliver
	tag           uint64 // of basic.deliver and basic.get-ok
	redelivered   bool
	exchange, key string
	remaining     uint32 // of basic.get-ok
	properties    []byte // flags and values
	body          []byte
	frames        []int // size of each body frame
}

// basicExpectDelivery reads basic.deliver and its content.
func basicExpectDelivery(c *rawClient) basicWireContent {
	c.t.Helper()
	return basicExpectContent(c, basicDeliverMethod)
}

// basicExpectReturn reads basic.return and its content.
func basicExpectReturn(c *rawClient) basicWireContent {
	c.t.Helper()
	return basicExpectContent(c, basicReturnMethod)
}

// basicExpectGetOk reads basic.get-ok and its content.
func basicExpectGetOk(c *rawClient) basicWireContent {
	c.t.Helper()
	return basicExpectContent(c, basicGetOkMethod)
}

func basicExpectContent(c *rawClient, method uint16) basicWireContent {
	c.t.Helper()
	var content basicWireContent
	m := c.expectMethod(basicClass, method)
	require.EqualValues(c.t, basicWireChannel, m.channel, "channel of the content")
	switch method {
	case basicDeliverMethod:
		content.consumer = m.shortStr()
		content.tag, content.redelivered = m.u64(), m.u8() == 1
	case basicGetOkMethod:
		content.tag, content.redelivered = m.u64(), m.u8() == 1
	case basicReturnMethod:
		content.code, content.text = m.u16(), m.shortStr()
	}
	content.exchange, content.key = m.shortStr(), m.shortStr()
	if method == basicGetOkMethod {
		content.remaining = m.u32()
	}
	require.Empty(c.t, m.rest, "octets after the arguments")
	content.readPayload(c)
	return content
}

// readPayload reads the content header and the body frames.
func (b *basicWireContent) readPayload(c *rawClient) {
	c.t.Helper()
	const fixedPart = 12 // class, weight and body size
	header := c.readFrame()
	require.EqualValues(c.t, headerFrame, header.kind, "expected the content header, got %v", header)
	require.GreaterOrEqual(c.t, len(header.payload), fixedPart, "the content header is too short")
	require.EqualValues(c.t, basicClass, binary.BigEndian.Uint16(header.payload), "class of the content header")
	size := binary.BigEndian.Uint64(header.payload[4:])
	b.properties = header.payload[fixedPart:]
	for uint64(len(b.body)) < size {
		f := c.readFrame()
		require.EqualValues(c.t, bodyFrame, f.kind, "expected a body frame, got %v", f)
		b.body = append(b.body, f.payload...)
		b.frames = append(b.frames, len(f.payload))
	}
	require.EqualValues(c.t, size, len(b.body), "length of the body")
}

// basicRequireNothingMore requires that the broker has nothing more to say on the
// channel: the next answer is that of a round trip.
func basicRequireNothingMore(c *rawClient) {
	c.t.Helper()
	barrier(c.t)
	const passive = 1
	c.sendMethod(basicWireChannel, 40, 10, u16(0), shortStr("amq.direct"), shortStr("direct"), u8(passive), fieldTable())
	c.expectMethod(40, 11)
}
