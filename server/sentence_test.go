package server_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/leveretmq/leveret/amqp"
)

// sentence is one line of a transcript after the channel: a method, with its
// content or without, or a frame of its own.
type sentence struct {
	method     amqp.Method
	content    bool // header and body belong to it
	properties amqp.Properties
	body       []byte
	bodies     int // frames that the body came in, if they were more than one
	header     *contentHeader
	frame      *bareFrame
}

// contentHeader is the header of a content alone.
type contentHeader struct {
	Class    uint16
	Weight   uint16
	BodySize uint64
}

// bareFrame is any frame that is no method and no header.
type bareFrame struct {
	Type uint8
	// End is the octet in the place of the frame end, if it is another.
	End uint8
	// Size is what the frame says of itself, if that is not the truth.
	Size uint32
}

func (s *sentence) String() string {
	switch {
	case s.header != nil:
		return strings.TrimSpace(written("header", *s.header, "{", "}") + " " + writtenProperties(s.properties))
	case s.frame != nil && *s.frame == bareFrame{Type: amqp.FrameBody}:
		return "body " + writtenBody(s.body)
	case s.frame != nil && *s.frame == bareFrame{Type: amqp.FrameHeartbeat}:
		return "heartbeat"
	case s.frame != nil:
		return written("frame", *s.frame, "{", "}") + " " + writtenBody(s.body)
	case !s.content:
		return writtenMethod(s.method)
	}
	text := writtenMethod(s.method) + " " + writtenProperties(s.properties) + writtenBody(s.body)
	if s.bodies > 1 {
		text += fmt.Sprintf(" in %d frames", s.bodies)
	}
	return text
}

// octets is what the sentence is on the wire.
func (s *sentence) octets(channel uint16, frameMax uint32) []byte {
	switch {
	case s.header != nil:
		payload := binary.BigEndian.AppendUint16(nil, s.header.Class)
		payload = binary.BigEndian.AppendUint16(payload, s.header.Weight)
		payload = binary.BigEndian.AppendUint64(payload, s.header.BodySize)
		if payload = append(payload, s.properties...); len(s.properties) == 0 {
			payload = append(payload, 0, 0)
		}
		return amqp.AppendFrame(nil, amqp.Frame{Type: amqp.FrameHeader, Channel: channel, Payload: payload})
	case s.frame != nil:
		octets := amqp.AppendFrame(nil, amqp.Frame{Type: s.frame.Type, Channel: channel, Payload: s.body})
		if s.frame.End != 0 {
			octets[len(octets)-1] = s.frame.End
		}
		if s.frame.Size != 0 {
			binary.BigEndian.PutUint32(octets[3:], s.frame.Size)
		}
		return octets
	case s.content:
		return amqp.AppendContent(nil, channel, s.method, s.properties, s.body, frameMax)
	}
	return amqp.AppendMethod(nil, channel, s.method)
}

// methods are all methods by their names, each as an empty struct.
func methods() map[string]amqp.Method {
	byName := make(map[string]amqp.Method)
	for class := uint32(10); class <= 90; class += 5 { // 85 is confirm
		for method := uint32(10); method <= 120; method++ {
			if m := emptyMethod(amqp.MethodID(class<<16 | method)); m != nil {
				byName[m.ID().String()] = m
			}
		}
	}
	return byName
}

// emptyMethod decodes arguments that are all zero, however many the method
// has.
func emptyMethod(id amqp.MethodID) amqp.Method {
	const mostOctets = 32
	for n := range mostOctets {
		payload := append(binary.BigEndian.AppendUint32(nil, uint32(id)), make([]byte, n)...)
		m, err := amqp.DecodeMethod(payload)
		if err == nil {
			return reflect.New(reflect.TypeOf(m).Elem()).Interface().(amqp.Method)
		}
		if errors.Is(err, amqp.ErrUnknownMethod) {
			return nil
		}
	}
	return nil
}
