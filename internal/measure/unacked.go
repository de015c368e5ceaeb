package main

import (
	"fmt"
	"io"
	"time"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/internal/client"
	"github.com/leveretmq/leveret/internal/process"
)

func unackedOwn() settings {
	return settings{messages: 1_000_000, size: 1024, queues: 1, connections: 1}
}

// measureUnacked has one consumer take all messages and acknowledge none, then all
// with one acknowledgement.
func measureUnacked(b *subject, s settings, out io.Writer) error {
	figure(out, "unacked", "%d persistent messages of %d octets", s.messages, s.size)
	const queue = "measure-unacked"
	if err := declareQueues(b.url, []string{queue}); err != nil {
		return err
	}
	f := filler{url: b.url, key: queue, messages: s.messages, size: s.size, inFlight: s.inFlight}
	if err := f.run(); err != nil {
		return err
	}
	before := settled(b.pid(), settling)
	c, err := client.Dial(b.url, client.Options{})
	if err != nil {
		return err
	}
	defer c.Close()
	watch, began := process.WatchMemory(b.pid()), time.Now()
	if err := takeAll(c, queue, s.messages); err != nil {
		return err
	}
	took, most := time.Since(began), watch.End()
	after := settled(b.pid(), settling)
	figure(out, "delivered", "%.0f a second", rate(s.messages, took))
	figure(out, "memory", "%.0f octets a message, at most %s", float64(after-before)/float64(s.messages), most)

	began = time.Now()
	if err := c.Write(amqp.AppendMethod(nil, 1, &amqp.BasicAck{Multiple: true})); err != nil {
		return err
	}
	// The answer to a request comes when what was sent before is done.
	if err := c.Request(1, &amqp.BasicQos{PrefetchCount: 1}, amqp.IDBasicQosOk); err != nil {
		return err
	}
	figure(out, "acknowledged", "all at once in %s", time.Since(began).Round(time.Millisecond))
	figure(out, "memory afterwards", "%s", process.MiB(settled(b.pid(), settling)))
	return nil
}

// takeAll consumes without acknowledging.
func takeAll(c *client.Client, queue string, messages int) error {
	if err := c.Request(1, &amqp.BasicConsume{Queue: queue}, amqp.IDBasicConsumeOk); err != nil {
		return err
	}
	for taken := range messages {
		if err := untilBody(c); err != nil {
			return fmt.Errorf("after %d messages: %w", taken, err)
		}
	}
	return nil
}
