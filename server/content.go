package server

import (
	"bytes"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/message"
)

// content gathers the frames of one publish: method, header, bodies.
type content struct {
	stage   stage
	publish amqp.BasicPublish
	args    []byte // of the last publish as they were on the wire, to recognize the next
	message *message.Message
	missing uint64 // octets of the body that are still to come
	header  []byte // of the last publish as it was on the wire
	repeat  repeat // of both
}

// stage is which frame comes next.
type stage int

const (
	stageMethod stage = iota
	stageHeader
	stageBody
)

// expectsFrame says that a publish is under way.
func (p *content) expectsFrame() bool { return p.stage != stageMethod }

// forget makes sure that the next publish is not taken for a repetition.
func (p *content) forget() {
	p.header, p.repeat.image = p.header[:0], p.repeat.image[:0]
}

// beginPublish takes the method. A channel mostly repeats itself: the same
// octets mean the same exchange and key, and need no new strings.
func (ch *channel) beginPublish(args []byte) error {
	p := &ch.content
	if !bytes.Equal(args, p.args) || len(args) == 0 {
		if err := p.publish.DecodeArguments(args); err != nil {
			p.args = p.args[:0]
			return err
		}
		p.args = append(p.args[:0], args...)
		p.header, p.repeat = p.header[:0], repeat{image: p.repeat.image[:0]}
	}
	p.stage = stageHeader
	return nil
}

// receiveContent takes the header or a body frame.
func (ch *channel) receiveContent(f amqp.Frame) error {
	var err error
	if ch.content.stage == stageHeader {
		err = ch.receiveHeader(f)
	} else {
		err = at(amqp.IDBasicPublish, ch.receiveBody(f))
	}
	if err != nil {
		return err
	}
	if ch.content.missing > 0 {
		return nil
	}
	ch.content.stage = stageMethod
	m := ch.content.message
	ch.content.message = nil
	return at(amqp.IDBasicPublish, ch.publish(m))
}

func (ch *channel) receiveHeader(f amqp.Frame) error {
	header, err := ch.decodeHeader(f)
	if err != nil {
		return at(amqp.IDBasicPublish, err)
	}
	if err := header.Properties.Validate(); err != nil {
		// RabbitMQ crashes here and so reports no more than this, for no
		// particular method.
		ch.conn.log.Error("cannot decode content properties", "channel", ch.id, "error", err)
		return &amqp.Error{Code: amqp.CodeInternalError}
	}
	header.Properties = ch.addressed(header.Properties)
	p := &ch.content
	ch.begin(header)
	if bytes.Equal(f.Payload, p.header) {
		p.remember(ch.id)
	} else {
		p.header = append(p.header[:0], f.Payload...)
		p.repeat.image = p.repeat.image[:0]
	}
	return nil
}

func (ch *channel) decodeHeader(f amqp.Frame) (amqp.Header, error) {
	const expected = "expected content header for class 60, got "
	if f.Type != amqp.FrameHeader {
		return amqp.Header{}, amqp.Errorf(amqp.CodeUnexpectedFrame, expected+"non content header frame instead")
	}
	header, err := amqp.DecodeHeader(f.Payload)
	if err != nil {
		return header, err
	}
	switch {
	case header.Weight != 0: // RabbitMQ does not take it for a content header
		return header, amqp.Errorf(amqp.CodeUnexpectedFrame, expected+"non content header frame instead")
	case header.Class != amqp.ClassBasic:
		return header, amqp.Errorf(amqp.CodeUnexpectedFrame, expected+"one for class %d instead", header.Class)
	}
	if limit := ch.conn.server.MaxHeaderSize; limit > 0 && len(header.Properties) > limit {
		return header, amqp.Errorf(amqp.CodePreconditionFailed, "properties of %d octets are larger than configured max size %d",
			len(header.Properties), limit)
	}
	return header, ch.checkSize(header.BodySize)
}

// hardMaxMessageSize is the size above which RabbitMQ takes the content header
// for broken, in octets.
const hardMaxMessageSize = 512 << 20

// checkSize refuses a body before its first octet arrives; RabbitMQ reads all
// of it first.
func (ch *channel) checkSize(size uint64) error {
	if size > hardMaxMessageSize {
		return amqp.Errorf(amqp.CodeFrameError, "content body size %d exceeds maximum allowed size %d", size, hardMaxMessageSize)
	}
	if limit := ch.conn.server.MaxMessageSize; size > limit {
		return amqp.Errorf(amqp.CodePreconditionFailed, "message size %d is larger than configured max size %d", size, limit)
	}
	return nil
}

// begin makes the message.
func (ch *channel) begin(h amqp.Header) {
	p := &ch.content
	persistent := h.Properties.DeliveryMode() == persistentMode
	p.message = ch.newMessage(h.Properties, int(h.BodySize), persistent)
	p.missing = h.BodySize
	p.stage = stageBody
}

// newMessage makes the message of the publish that comes in, for a body of the
// given size. That is only a number on the wire: a large body grows with what
// arrives.
func (ch *channel) newMessage(properties amqp.Properties, size int, persistent bool) *message.Message {
	var m *message.Message
	if persistent {
		m = message.New(properties, size) // which the store will keep
	} else {
		m = ch.conn.stock.Make(properties, size)
	}
	m.Exchange, m.RoutingKey = ch.content.publish.Exchange, ch.content.publish.RoutingKey
	m.Persistent, m.Arrived = persistent, ch.conn.arrived
	return m
}

// persistentMode is the delivery mode of messages that survive a restart.
const persistentMode = 2

func (ch *channel) receiveBody(f amqp.Frame) error {
	p := &ch.content
	if f.Type != amqp.FrameBody {
		return amqp.Errorf(amqp.CodeUnexpectedFrame, "expected content body, got non content body frame instead")
	}
	if uint64(len(f.Payload)) > p.missing {
		return amqp.Errorf(amqp.CodeFrameError, "content body frame exceeds remaining content size")
	}
	p.message.Body = append(p.message.Body, f.Payload...)
	p.missing -= uint64(len(f.Payload))
	return nil
}
