package server

import (
	"bytes"
	"encoding/binary"

	"github.com/leveretmq/leveret/amqp"
)

// repeat is how a publish begins that differs from the last one in nothing but
// its body: the same octets have been found to be right, and mean the same.
type repeat struct {
	image      []byte // the frames of the method and of the header; empty if unknown
	properties amqp.Properties
	size       int // of the body, in octets
	persistent bool
}

// remember keeps what the publish that comes in began with.
func (p *content) remember(channel uint16) {
	r := &p.repeat
	if len(r.image) > 0 {
		return
	}
	var id [4]byte
	binary.BigEndian.PutUint32(id[:], uint32(amqp.IDBasicPublish))
	method := append(id[:], p.args...)
	r.image = amqp.AppendFrame(r.image, amqp.Frame{Type: amqp.FrameMethod, Channel: channel, Payload: method})
	r.image = amqp.AppendFrame(r.image, amqp.Frame{Type: amqp.FrameHeader, Channel: channel, Payload: p.header})
	r.properties = bytes.Clone(p.message.Properties)
	r.size, r.persistent = int(p.missing), p.message.Persistent
}

// shortcut works off what comes in great numbers, acknowledgements and
// publishes that are like the last one, without a look at each frame. It stops
// at whatever is not so simple, which goes the usual way.
func (c *connection) shortcut() error {
	ch := c.lastChannel
	if ch == nil {
		return nil
	}
	for c.state == stateRunning && ch.simple() {
		n := ch.shortAcks(c.input.buffered())
		var err error
		if n == 0 {
			n, err = ch.shortPublish(c.input.buffered())
		}
		if n == 0 {
			return nil
		}
		c.input.consume(n)
		if err = c.outcome(ch.outcome(err)); err != nil {
			return err
		}
	}
	return nil
}

// simple says that the next frame on the channel begins something new.
func (ch *channel) simple() bool {
	return !ch.closing && !ch.content.expectsFrame()
}

// ackFrame is the octets of a frame with a basic.ack: the head, which is the
// same for all of a channel, the tag, the flag and the end.
const (
	ackHead  = 11
	ackFlag  = ackHead + 8
	ackEnd   = ackFlag + 1
	ackFrame = ackEnd + 1
)

// headOfAck is how each basic.ack on the channel begins.
func headOfAck(channel uint16) (head [ackHead]byte) {
	copy(head[:], amqp.AppendAck(nil, channel, amqp.BasicAck{}))
	return head
}

// shortAcks gathers acknowledgements and returns the octets that they take.
func (ch *channel) shortAcks(octets []byte) (n int) {
	if ch.tx != nil {
		return 0
	}
	for {
		rest := octets[n:]
		if len(rest) < ackFrame || !bytes.Equal(rest[:ackHead], ch.ackHead[:]) || rest[ackEnd] != amqp.FrameEnd {
			return n
		}
		if ch.conn.acks.channel != ch {
			ch.conn.resolveAcks()
			if ch.closing {
				return n
			}
		}
		ch.gatherAck(ackTag{tag: binary.BigEndian.Uint64(rest[ackHead:]), multiple: rest[ackFlag]&1 != 0})
		n += ackFrame
	}
}

// shortPublish takes a message that begins like the last one, if all of it is
// there, and returns the octets that it takes.
func (ch *channel) shortPublish(octets []byte) (n int, err error) {
	r := &ch.content.repeat
	head := len(r.image)
	if head == 0 || len(octets) < head || !bytes.Equal(octets[:head], r.image) {
		return 0, nil
	}
	n = head
	var body []byte
	if r.size > 0 {
		f, size, err := amqp.ParseFrame(octets[head:], ch.conn.frameMax)
		if err != nil || size == 0 || f.Type != amqp.FrameBody || f.Channel != ch.id || len(f.Payload) != r.size {
			return 0, nil // a matter of the usual way
		}
		body, n = f.Payload, head+size
	}
	c := ch.conn
	if c.acks.channel != nil {
		c.resolveAcks()
	}
	if ch.closing || c.server.Broker.Alarms().State().Reason != "" {
		return 0, nil
	}
	m := ch.newMessage(r.properties, r.size, r.persistent)
	m.Body = append(m.Body, body...)
	return n, at(amqp.IDBasicPublish, ch.publish(m))
}
