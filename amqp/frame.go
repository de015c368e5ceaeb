package amqp

import (
	"encoding/binary"
	"fmt"
)

// The types of frames, and the octet that ends each of them.
const (
	FrameMethod    = 1
	FrameHeader    = 2
	FrameBody      = 3
	FrameHeartbeat = 8
	FrameEnd       = 0xCE
)

// Frame is one frame as it was read.
type Frame struct {
	Type    uint8
	Channel uint16
	// Payload aliases the buffer that the frame was parsed from.
	Payload []byte
}

// ParseFrame reads the frame at the start of buf and returns the number of
// octets that it takes. n == 0 without an error means that more octets are
// needed. frameMax is the negotiated limit in octets, overhead included; 0
// means none.
//
// The size is checked as soon as it is there, before the payload is waited
// for. All errors are *Error with CodeFrameError and RabbitMQ's texts, after
// which RabbitMQ drops the connection without waiting for close-ok: the input
// cannot be trusted any more. ParseFrame allocates only for errors.
func ParseFrame(buf []byte, frameMax uint32) (f Frame, n int, err error) {
	if len(buf) < frameHeaderSize {
		return Frame{}, 0, nil
	}
	size := uint64(binary.BigEndian.Uint32(buf[3:]))
	if frameMax != 0 && size+FrameOverhead > uint64(frameMax)+frameSizeSlack {
		return Frame{}, 0, frameTooLarge(buf[0], size, frameMax)
	}
	if uint64(len(buf)) < size+FrameOverhead {
		return Frame{}, 0, nil
	}
	end := frameHeaderSize + int(size)
	f = Frame{
		Type:    buf[0],
		Channel: binary.BigEndian.Uint16(buf[1:]),
		Payload: buf[frameHeaderSize:end:end],
	}
	if buf[end] != FrameEnd {
		return Frame{}, 0, invalidFrameEnd(f, buf[end])
	}
	if !f.wellFormed() {
		return Frame{}, 0, unknownFrame(f)
	}
	return f, end + 1, nil
}

// wellFormed reports whether the type is known and the payload long enough for
// it to be told apart (RabbitMQ behaviour: a method without its ids, a content
// header without its body size and a heartbeat with a payload are unknown
// frames).
func (f Frame) wellFormed() bool {
	switch f.Type {
	case FrameMethod:
		return len(f.Payload) >= methodHeaderSize
	case FrameHeader:
		return len(f.Payload) >= contentHeaderSize
	case FrameBody:
		return true
	case FrameHeartbeat:
		return len(f.Payload) == 0
	}
	return false
}

func frameTooLarge(frameType uint8, size uint64, frameMax uint32) *Error {
	return Errorf(CodeFrameError, "type %d, all octets = <<>>: {frame_too_large,%d,%d}",
		frameType, size, int64(frameMax)-FrameOverhead)
}

func invalidFrameEnd(f Frame, end byte) *Error {
	return Errorf(CodeFrameError, "%s: {invalid_frame_end_marker,%d}", f.describe(), end)
}

func unknownFrame(f Frame) *Error {
	return Errorf(CodeFrameError, "%s: unknown_frame", f.describe())
}

// UnexpectedFrame is the error for a well-formed frame that has no business
// where it arrives: a heartbeat on a channel, content on channel 0, a method
// for a channel before the connection is open.
func UnexpectedFrame(f Frame) *Error {
	return Errorf(CodeUnexpectedFrame, "%s", f.describe())
}

// describe shows the type and the first octets in RabbitMQ's words.
func (f Frame) describe() string {
	snippet, which := f.Payload, "all"
	if len(snippet) > snippetSize {
		snippet, which = snippet[:snippetSize], "first 16"
	}
	return fmt.Sprintf("type %d, %s octets = %s", f.Type, which, Term(snippet))
}

// AppendFrame appends a frame around the payload.
func AppendFrame(dst []byte, f Frame) []byte {
	dst = appendFrameHeader(dst, f.Type, f.Channel, len(f.Payload))
	dst = append(dst, f.Payload...)
	return append(dst, FrameEnd)
}

// AppendHeartbeat appends a heartbeat frame.
func AppendHeartbeat(dst []byte) []byte {
	return append(dst, FrameHeartbeat, 0, 0, 0, 0, 0, 0, FrameEnd)
}

func appendFrameHeader(dst []byte, frameType uint8, channel uint16, size int) []byte {
	return append(dst, frameType, uint8(channel>>8), uint8(channel),
		uint8(size>>24), uint8(size>>16), uint8(size>>8), uint8(size))
}

// beginFrame appends a frame header whose size is not known yet; endFrame
// writes the size and the end octet.
func beginFrame(dst []byte, frameType uint8, channel uint16) []byte {
	return appendFrameHeader(dst, frameType, channel, 0)
}

// endFrame completes the frame whose payload begins at start.
func endFrame(dst []byte, start int) []byte {
	patchLength(dst, start)
	return append(dst, FrameEnd)
}
