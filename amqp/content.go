package amqp

import "encoding/binary"

// ClassBasic is the class id of every content header (specification, section
// 4.2.6.1: the class of the method that the content belongs to).
const ClassBasic = 60

// Header is a content header.
type Header struct {
	Class    uint16
	Weight   uint16
	BodySize uint64
	// Properties alias the payload, and nothing has validated them.
	Properties Properties
}

// DecodeHeader reads the payload of a content header frame. It does not look
// into the properties and allocates nothing. It cannot fail for a frame that
// ParseFrame has returned.
func DecodeHeader(payload []byte) (Header, error) {
	if len(payload) < contentHeaderSize {
		return Header{}, errHeaderSize
	}
	return Header{
		Class:      binary.BigEndian.Uint16(payload),
		Weight:     binary.BigEndian.Uint16(payload[2:]),
		BodySize:   binary.BigEndian.Uint64(payload[4:]),
		Properties: Properties(payload[contentHeaderSize:]),
	}, nil
}

// AppendHeader appends a content header frame of the basic class. It is never
// split, as AMQP has no way to.
func AppendHeader(dst []byte, channel uint16, bodySize uint64, p Properties) []byte {
	dst = beginFrame(dst, FrameHeader, channel)
	start := len(dst)
	dst = append(dst, 0, ClassBasic, 0, 0)
	dst = appendLonglong(dst, bodySize)
	if len(p) == 0 {
		dst = append(dst, 0, 0)
	}
	dst = append(dst, p...)
	return endFrame(dst, start)
}

// AppendContent appends a method, its content header and the body in as many
// frames as frameMax, in octets with overhead, asks for; 0 means that the peer
// has no limit.
func AppendContent(dst []byte, channel uint16, m Method, p Properties, body []byte, frameMax uint32) []byte {
	dst = AppendMethod(dst, channel, m)
	dst = AppendHeader(dst, channel, uint64(len(body)), p)
	return appendBody(dst, channel, body, frameMax)
}

// AppendDeliver does what AppendContent does, for basic.deliver, and allocates
// nothing.
func AppendDeliver(dst []byte, channel uint16, m *BasicDeliver, p Properties, body []byte, frameMax uint32) []byte {
	dst, start := beginMethod(dst, channel, IDBasicDeliver)
	dst = endFrame(m.AppendArguments(dst), start)
	dst = AppendHeader(dst, channel, uint64(len(body)), p)
	return appendBody(dst, channel, body, frameMax)
}

// appendBody appends body frames; none for an empty body.
func appendBody(dst []byte, channel uint16, body []byte, frameMax uint32) []byte {
	limit := bodyLimit(frameMax)
	for len(body) > limit {
		dst = appendBodyFrame(dst, channel, body[:limit])
		body = body[limit:]
	}
	if len(body) > 0 {
		dst = appendBodyFrame(dst, channel, body)
	}
	return dst
}

func appendBodyFrame(dst []byte, channel uint16, body []byte) []byte {
	dst = appendFrameHeader(dst, FrameBody, channel, len(body))
	dst = append(dst, body...)
	return append(dst, FrameEnd)
}

// bodyLimit is how many body octets fit one frame. A limit that leaves no room
// for a single octet cannot be negotiated and counts as none.
func bodyLimit(frameMax uint32) int {
	if frameMax <= FrameOverhead {
		return maxUnlimitedBody
	}
	return int(min(frameMax, 1<<30)) - FrameOverhead
}
