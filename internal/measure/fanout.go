package main

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/leveretmq/leveret/internal/client"
	"github.com/leveretmq/leveret/internal/process"
)

func fanoutOwn() settings { return settings{queues: 1000, connections: 10, size: 1 << 20, messages: 1} }

const fanoutExchange = "measure-fanout"

// measureFanout publishes messages to many durable queues, one at a time.
func measureFanout(b *subject, s settings, out io.Writer) error {
	figure(out, "fanout", "%d messages of %d octets to %d durable queues each", s.messages, s.size, s.queues)
	queues := names("fanout", s.queues)
	if err := bindAll(b.url, s.connections, queues); err != nil {
		return err
	}
	before, err := diskUse(b.dir)
	if err != nil {
		return err
	}
	watch, began := process.WatchMemory(b.pid()), time.Now()
	f := filler{url: b.url, exchange: fanoutExchange, messages: s.messages, size: s.size, inFlight: 1}
	err = f.run()
	took, most := time.Since(began), watch.End()
	if err != nil {
		return err
	}
	figure(out, "confirm", "%s for each message, its publishing and the connection included", (took / time.Duration(s.messages)).Round(time.Millisecond/10))
	figure(out, "memory", "at most %s", most)
	after, err := diskUse(b.dir)
	if err != nil {
		return err
	}
	bodies := float64(s.size) * float64(s.messages)
	figure(out, "disk", "grew by %s, which is %.2f of the bodies", process.MiB(after-before), float64(after-before)/bodies)
	return checkFanout(b, s, queues, out)
}

// checkFanout restarts the broker and looks for the messages in all queues.
func checkFanout(b *subject, s settings, queues []string, out io.Writer) error {
	took, err := b.restart()
	if err != nil {
		return err
	}
	figure(out, "ready", "%s after the start that followed a kill", took.Round(time.Millisecond))
	figure(out, "memory when ready", "%s", process.MemoryOf(b.pid()))
	watch, began := process.WatchMemory(b.pid()), time.Now()
	for _, queue := range queues {
		d := drainer{url: b.url, queue: queue, messages: s.messages, size: s.size, prefetch: uint16(s.prefetch)}
		if _, err := d.run(); err != nil {
			return errors.Join(err, fmt.Errorf("the memory is at most %s", watch.End()))
		}
	}
	took = time.Since(began)
	figure(out, "consumed", "all queues had all messages, %.0f a second", rate(s.messages*s.queues, took))
	figure(out, "memory while draining", "at most %s", watch.End())
	return nil
}

func bindAll(url string, connections int, queues []string) error {
	if err := declareExchange(url, fanoutExchange, "fanout"); err != nil {
		return err
	}
	return spread(url, connections, queues, func(c *client.Client, queue string) error {
		if err := c.Declare(queue); err != nil {
			return err
		}
		return c.Bind(queue, fanoutExchange, "")
	})
}
