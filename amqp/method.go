package amqp

import (
	"encoding/binary"
	"fmt"
)

// MethodID names a method: the class id in the upper half, the method id in
// the lower.
type MethodID uint32

// Class is the class id, 60 for the basic class.
func (id MethodID) Class() uint16 { return uint16(id >> 16) }

// Method is the method id within the class.
func (id MethodID) Method() uint16 { return uint16(id) }

// String returns the name as RabbitMQ and the specification write it, like
// "basic.publish"; an unknown id gives its two numbers.
func (id MethodID) String() string {
	if name := methodName(id); name != "" {
		return name
	}
	return fmt.Sprintf("%d.%d", id.Class(), id.Method())
}

// Method is the arguments of one method. The generated structs implement it
// on their pointers.
type Method interface {
	// ID names the method.
	ID() MethodID
	// AppendArguments appends the arguments as they are on the wire, without
	// class and method id. Strings longer than their wire type are cut.
	AppendArguments(dst []byte) []byte
	// DecodeArguments fills the struct from the octets after class and method
	// id. It keeps no reference to args. Errors are *Error with
	// CodeFrameError; they leave the struct in an undefined state. A struct
	// that is decoded into again keeps the strings that did not change, which
	// spares their copies.
	DecodeArguments(args []byte) error
}

// SplitMethod splits the payload of a method frame into the id and the
// arguments, which alias the payload. It allows to decode the methods of the
// hot path into a struct that is at hand. The payload must come from
// ParseFrame; one that is too short gives the id zero, which is no method.
func SplitMethod(payload []byte) (id MethodID, args []byte) {
	if len(payload) < methodHeaderSize {
		return 0, nil
	}
	return MethodID(binary.BigEndian.Uint32(payload)), payload[methodHeaderSize:]
}

// DecodeMethod decodes the payload of a method frame into a new struct. The
// error is ErrUnknownMethod (with errors.Is) for ids that are none of ours, and
// an *Error with CodeFrameError for arguments that cannot be decoded.
func DecodeMethod(payload []byte) (Method, error) {
	id, args := SplitMethod(payload)
	m := newMethod(id)
	if m == nil {
		return nil, fmt.Errorf("%w: class %d, method %d", ErrUnknownMethod, id.Class(), id.Method())
	}
	if err := m.DecodeArguments(args); err != nil {
		return nil, err
	}
	return m, nil
}

// AppendMethod appends a complete method frame.
func AppendMethod(dst []byte, channel uint16, m Method) []byte {
	dst, start := beginMethod(dst, channel, m.ID())
	return endFrame(m.AppendArguments(dst), start)
}

// AppendAck appends a basic.ack frame. It takes the struct by value so that,
// unlike AppendMethod, it allocates nothing.
func AppendAck(dst []byte, channel uint16, m BasicAck) []byte {
	dst, start := beginMethod(dst, channel, IDBasicAck)
	return endFrame(m.AppendArguments(dst), start)
}

// AppendNack appends a basic.nack frame, and allocates nothing.
func AppendNack(dst []byte, channel uint16, m BasicNack) []byte {
	dst, start := beginMethod(dst, channel, IDBasicNack)
	return endFrame(m.AppendArguments(dst), start)
}

// beginMethod appends the start of a method frame, and returns where its
// payload begins.
func beginMethod(dst []byte, channel uint16, id MethodID) (grown []byte, start int) {
	dst = beginFrame(dst, FrameMethod, channel)
	start = len(dst)
	return appendLong(dst, uint32(id)), start
}
