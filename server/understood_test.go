package server_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
)

// utterance is one thing that the server has said: a method with its content,
// or another frame. Confirms that follow each other become one, since it is a
// matter of chance how many share a frame.
type utterance struct {
	sentence
	channel uint16
	left    uint64 // octets of the body that have not come yet
}

// understood puts frames together. The frames of a content have to follow each
// other.
func understood(t testing.TB, frames []amqp.Frame) []*utterance {
	var list []*utterance
	var open *utterance // waits for its header or its body
	for _, f := range frames {
		if open != nil {
			require.Equal(t, open.channel, f.Channel, "frames of another channel within a content")
			if open.add(t, f) {
				open = nil
			}
			continue
		}
		u := begun(t, f)
		list = append(list, u)
		if u.content {
			open = u
		}
	}
	require.Nil(t, open, "a content is not complete")
	return list
}

func begun(t testing.TB, f amqp.Frame) *utterance {
	u := &utterance{channel: f.Channel}
	if f.Type != amqp.FrameMethod {
		u.frame, u.body = &bareFrame{Type: f.Type}, f.Payload
		return u
	}
	m, err := amqp.DecodeMethod(f.Payload)
	require.NoError(t, err)
	u.method, u.content = m, m.ID().HasContent()
	return u
}

// add takes the next frame of a content and says whether that was all.
func (u *utterance) add(t testing.TB, f amqp.Frame) bool {
	if u.properties == nil {
		require.EqualValues(t, amqp.FrameHeader, f.Type)
		h, err := amqp.DecodeHeader(f.Payload)
		require.NoError(t, err)
		require.NoError(t, h.Properties.Validate())
		u.properties, u.left = h.Properties, h.BodySize
		return u.left == 0
	}
	require.EqualValues(t, amqp.FrameBody, f.Type)
	u.body = append(u.body, f.Payload...)
	u.bodies++
	u.left -= uint64(len(f.Payload))
	return u.left == 0
}

// joins says that two confirms are told as one.
func (u *utterance) joins(previous *utterance) bool {
	if u.method == nil || previous.method == nil || u.channel != previous.channel {
		return false
	}
	id := u.method.ID()
	return id == previous.method.ID() && (id == amqp.IDBasicAck || id == amqp.IDBasicNack)
}

// String shows confirms by their last tag.
func (u *utterance) String() string {
	switch m := u.method.(type) {
	case *amqp.BasicAck:
		return fmt.Sprintf("basic.ack up to %d", m.DeliveryTag)
	case *amqp.BasicNack:
		return fmt.Sprintf("basic.nack up to %d", m.DeliveryTag)
	}
	return u.sentence.String()
}
