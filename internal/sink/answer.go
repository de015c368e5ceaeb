package sink

import (
	"fmt"

	"github.com/leveretmq/leveret/amqp"
)

// answer appends the answer to a method that has one.
func (c *connection) answer(f amqp.Frame) error {
	if f.Type == amqp.FrameHeartbeat {
		return nil
	}
	m, err := amqp.DecodeMethod(f.Payload)
	if err != nil {
		return err
	}
	if reply := c.reply(m); reply != nil {
		c.out = amqp.AppendMethod(c.out, f.Channel, reply)
	}
	return c.flush()
}

// reply is the answer to a method, nil if it has none.
func (c *connection) reply(m amqp.Method) amqp.Method {
	switch m := m.(type) {
	case *amqp.ConnectionStartOk:
		return &amqp.ConnectionTune{ChannelMax: channelMax, FrameMax: frameMax}
	case *amqp.ConnectionOpen:
		return &amqp.ConnectionOpenOk{}
	case *amqp.ConnectionClose:
		return &amqp.ConnectionCloseOk{}
	case *amqp.ChannelOpen:
		return &amqp.ChannelOpenOk{}
	case *amqp.ConfirmSelect:
		c.confirming, c.published = true, 0
		return &amqp.ConfirmSelectOk{}
	case *amqp.TxSelect:
		return &amqp.TxSelectOk{}
	case *amqp.TxCommit:
		return &amqp.TxCommitOk{}
	case *amqp.BasicQos:
		return &amqp.BasicQosOk{}
	case *amqp.BasicConsume:
		c.server.consumer.Store(&c.sock)
		if m.NoWait {
			return nil
		}
		return &amqp.BasicConsumeOk{ConsumerTag: m.ConsumerTag}
	}
	return c.declaration(m)
}

// declaration is the answer to a method about topology: there is none.
func (c *connection) declaration(m amqp.Method) amqp.Method {
	switch m := m.(type) {
	case *amqp.ExchangeDeclare:
		return &amqp.ExchangeDeclareOk{}
	case *amqp.QueueDeclare:
		c.declared++
		if m.Queue == "" {
			m.Queue = fmt.Sprintf("sink-%p-%d", c, c.declared)
		}
		return &amqp.QueueDeclareOk{Queue: m.Queue}
	case *amqp.QueueBind:
		return &amqp.QueueBindOk{}
	case *amqp.QueueDelete:
		return &amqp.QueueDeleteOk{}
	}
	return nil // basic.ack and the like
}
