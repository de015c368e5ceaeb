package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/internal/client"
)

// drainer consumes what a filler published, with an acknowledgement for each
// message, and checks that they all come, whole, once and in order.
type drainer struct {
	url, queue     string
	messages, size int
	prefetch       uint16

	next      int // number of the message that is expected
	left      int // octets of its body that have not come
	delivered int
	acks      []byte
}

// drained is the times of the first and the last delivery.
type drained struct{ first, last time.Time }

func (d *drainer) run() (drained, error) {
	var times drained
	c, err := client.Dial(d.url, client.Options{})
	if err != nil {
		return times, err
	}
	defer c.Close()
	if err := c.Request(1, &amqp.BasicQos{PrefetchCount: d.prefetch}, amqp.IDBasicQosOk); err != nil {
		return times, err
	}
	if err := c.Request(1, &amqp.BasicConsume{Queue: d.queue, ConsumerTag: drainTag}, amqp.IDBasicConsumeOk); err != nil {
		return times, err
	}
	for d.next < d.messages {
		f, err := c.Frame()
		if err != nil {
			return times, fmt.Errorf("after %d messages of %s: %w", d.next, d.queue, err)
		}
		if times.first.IsZero() {
			times.first = time.Now()
		}
		if err := d.take(f); err != nil {
			return times, fmt.Errorf("after %d messages of %s: %w", d.next, d.queue, err)
		}
		if !c.Drained() {
			continue
		}
		if err := c.Write(d.acks); err != nil {
			return times, err
		}
		d.acks = d.acks[:0]
	}
	times.last = time.Now()
	if err := c.Write(d.acks); err != nil {
		return times, err
	}
	return times, d.checkEmpty(c)
}

const drainTag = "drain"

// take checks one frame of a delivery.
func (d *drainer) take(f amqp.Frame) error {
	switch f.Type {
	case amqp.FrameMethod:
		if id, _ := amqp.SplitMethod(f.Payload); id != amqp.IDBasicDeliver {
			return fmt.Errorf("the broker sent %s", id)
		}
		d.delivered++
		d.acks = amqp.AppendAck(d.acks, 1, amqp.BasicAck{DeliveryTag: uint64(d.delivered)})
	case amqp.FrameHeader:
		d.left = d.size
		if size := binary.BigEndian.Uint64(f.Payload[4:]); size != uint64(d.size) {
			return fmt.Errorf("a body of %d octets instead of %d", size, d.size)
		}
	case amqp.FrameBody:
		return d.takeBody(f.Payload)
	}
	return nil
}

func (d *drainer) takeBody(part []byte) error {
	if d.left == d.size {
		if number := binary.BigEndian.Uint64(part); number != uint64(d.next) {
			return fmt.Errorf("message %d came instead of %d", number, d.next)
		}
	}
	if d.left -= len(part); d.left == 0 {
		d.next++
	}
	return nil
}

// checkEmpty ends the consumer and fails if the queue has anything left.
func (d *drainer) checkEmpty(c *client.Client) error {
	if err := c.Request(1, &amqp.BasicCancel{ConsumerTag: drainTag}, amqp.IDBasicCancelOk); err != nil {
		return fmt.Errorf("after the last message of %s: %w", d.queue, err)
	}
	n, err := c.Depth(d.queue)
	if err == nil && n > 0 {
		err = errors.New("it has messages left")
	}
	if err != nil {
		return fmt.Errorf("after the last message of %s: %w", d.queue, err)
	}
	return nil
}
