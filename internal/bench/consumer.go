package bench

import (
	"encoding/binary"
	"time"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/internal/client"
)

// consumer is one consuming channel. All of it belongs to the goroutine that
// reads the connection.
type consumer struct {
	run     *run
	link    *link
	channel uint16
	shard   *shard
	every   uint64 // messages of an acknowledgement; 0 if they are automatic

	tag   uint64 // of the last message
	acked uint64 // tag of the last acknowledged message
	left  uint64 // octets of its body that have not come
	whole bool   // its body has not begun
	inTx  int

	received int64
	first    int64 // when the first message came, for a rate

	// Until the next flush:
	spells []spell
	count  int64
	out    []byte
}

// take is given the frames of deliveries.
func (c *consumer) take(f amqp.Frame, now int64) error {
	switch f.Type {
	case amqp.FrameBody:
		return c.body(f.Payload, now)
	case amqp.FrameHeader:
		c.left, c.whole = binary.BigEndian.Uint64(f.Payload[4:]), true
		if c.left == 0 {
			return c.arrived(now)
		}
		return nil
	}
	switch id, args := amqp.SplitMethod(f.Payload); id {
	case amqp.IDBasicDeliver:
		// The tag follows that of the consumer, which is a shortstr.
		if len(args) > 0 && len(args) >= 1+int(args[0])+8 {
			c.tag = binary.BigEndian.Uint64(args[1+int(args[0]):])
		}
		return nil
	case amqp.IDBasicConsumeOk:
		c.run.opening.down()
		return nil
	case amqp.IDBasicPublish, amqp.IDTxCommitOk:
		return nil // a plain relay passes publishes on as they are
	}
	return client.Unexpected(f, amqp.IDBasicDeliver)
}

func (c *consumer) body(part []byte, now int64) error {
	if c.whole && len(part) >= MinSize {
		c.spells = extend(c.spells, now-int64(binary.BigEndian.Uint64(part[numberOctets:])))
	}
	c.whole = false
	if c.left -= min(c.left, uint64(len(part))); c.left > 0 {
		return nil
	}
	return c.arrived(now)
}

// arrived takes up a whole message.
func (c *consumer) arrived(now int64) error {
	if limit := c.run.ConsumerMessages; limit > 0 && c.received == limit {
		return nil // more came than were asked for; the broker gets them back
	}
	c.received++
	c.count++
	if c.run.ConsumerLatency > 0 || c.run.ConsumerRate > 0 {
		if err := c.work(now); err != nil {
			return err
		}
	}
	if c.every > 0 {
		c.acknowledge()
	}
	if c.received == c.run.ConsumerMessages {
		return c.last(now)
	}
	return nil
}

// work takes the time that a message is to take, after everything before it
// has gone to the broker.
func (c *consumer) work(now int64) error {
	if c.first == 0 {
		c.first = now
	}
	pause := c.run.ConsumerLatency
	if rate := c.run.ConsumerRate; rate > 0 {
		due := c.first + int64(float64(c.received)*float64(time.Second)/rate)
		pause = max(pause, time.Duration(due-c.run.clock.now()))
	}
	if pause <= 0 {
		return nil
	}
	if err := c.flush(now); err != nil {
		return err
	}
	c.run.pause(pause)
	return nil
}

func (c *consumer) acknowledge() {
	c.inTx++
	commit := c.run.ConsumerTx > 0 && c.inTx >= c.run.ConsumerTx
	if c.tag-c.acked >= c.every || commit {
		c.out = amqp.AppendAck(c.out, c.channel, amqp.BasicAck{DeliveryTag: c.tag, Multiple: c.tag-c.acked > 1})
		c.acked = c.tag
	}
	if commit {
		c.inTx = 0
		c.out = amqp.AppendMethod(c.out, c.channel, &amqp.TxCommit{})
	}
}

// last acknowledges what is left when all messages have come.
func (c *consumer) last(now int64) error {
	if c.every > 0 && c.acked < c.tag {
		c.out = amqp.AppendAck(c.out, c.channel, amqp.BasicAck{DeliveryTag: c.tag, Multiple: true})
		c.acked = c.tag
	}
	if c.run.ConsumerTx > 0 {
		c.out = amqp.AppendMethod(c.out, c.channel, &amqp.TxCommit{})
	}
	err := c.flush(now)
	c.run.limited.down()
	return err
}

// flush sends the acknowledgements of what one read has brought, in one write.
func (c *consumer) flush(int64) error {
	c.shard.record(c.spells)
	c.run.counts.received.Add(c.count)
	c.run.flight.arrived(c.count)
	c.spells, c.count = c.spells[:0], 0
	if len(c.out) == 0 {
		return nil
	}
	err := c.link.client.Write(c.out)
	c.out = c.out[:0]
	return err
}
