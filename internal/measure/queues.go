package main

import (
	"fmt"
	"io"
	"time"

	"github.com/leveretmq/leveret/internal/client"
	"github.com/leveretmq/leveret/internal/process"
)

func queuesOwn() settings { return settings{queues: 100_000, connections: 100, size: 1024} }

// measureQueues declares many durable queues and restarts the broker with them.
func measureQueues(b *subject, s settings, out io.Writer) error {
	figure(out, "queues", "%d durable ones, declared over %d connections", s.queues, s.connections)
	empty, list := process.MemoryOf(b.pid()), names("queue", s.queues)
	watch, began := process.WatchMemory(b.pid()), time.Now()
	err := spread(b.url, s.connections, list, (*client.Client).Declare)
	took, most := time.Since(began), watch.End()
	if err != nil {
		return err
	}
	figure(out, "declared", "%.0f queues a second, %s in all", rate(s.queues, took), took.Round(time.Millisecond))
	figure(out, "memory while declaring", "at most %s", most)
	tellMemory(out, "memory then", b, empty, s.queues)
	if err := bindQueues(b, s, list, out); err != nil {
		return err
	}
	if err := fillQueues(b, s, list, out); err != nil {
		return err
	}
	if err := restartQueues(b, s, empty, out); err != nil {
		return err
	}
	return checkQueues(b, s, list)
}

const bindExchange = "measure-topic"

// bindQueues gives each queue its bindings, with keys of their own.
func bindQueues(b *subject, s settings, queues []string, out io.Writer) error {
	if s.bindings == 0 {
		return nil
	}
	before := process.MemoryOf(b.pid())
	if err := declareExchange(b.url, bindExchange, "topic"); err != nil {
		return err
	}
	began := time.Now()
	err := spread(b.url, s.connections, queues, func(c *client.Client, queue string) error {
		for i := range s.bindings {
			if err := c.Bind(queue, bindExchange, fmt.Sprintf("%s.%d", queue, i)); err != nil {
				return err
			}
		}
		return nil
	})
	took := time.Since(began)
	if err != nil {
		return err
	}
	figure(out, "bound", "%.0f bindings a second, %s in all", rate(s.queues*s.bindings, took), took.Round(time.Millisecond))
	tellMemory(out, "memory with the bindings", b, before, s.queues*s.bindings)
	return nil
}

// fillQueues publishes messages to all of the queues in turns.
func fillQueues(b *subject, s settings, queues []string, out io.Writer) error {
	if s.messages == 0 {
		return nil
	}
	watch, began := process.WatchMemory(b.pid()), time.Now()
	f := filler{url: b.url, keys: queues, messages: s.messages, size: s.size, inFlight: s.inFlight}
	err := f.run()
	took, most := time.Since(began), watch.End()
	if err != nil {
		return err
	}
	figure(out, "confirmed", "%.0f messages a second, %s in all", rate(s.messages, took), took.Round(time.Millisecond))
	figure(out, "memory while filling", "at most %s", most)
	return nil
}

// restartQueues kills the broker, starts it, stops it cleanly and starts it.
func restartQueues(b *subject, s settings, empty process.Memory, out io.Writer) error {
	use, err := diskUse(b.dir)
	if err != nil {
		return err
	}
	figure(out, "disk", "%s", process.MiB(use))
	for _, how := range []struct {
		name string
		end  func() error
	}{{"kill", b.kill}, {"clean stop", b.stop}} {
		if err := how.end(); err != nil {
			return err
		}
		took, err := b.start()
		if err != nil {
			return err
		}
		figure(out, "ready", "%s after the start that followed a %s", took.Round(time.Millisecond), how.name)
		tellMemory(out, "memory after the restart", b, empty, s.queues)
	}
	return nil
}

// checkQueues looks for all queues, each with its share of the messages.
func checkQueues(b *subject, s settings, queues []string) error {
	share := uint32(s.messages / s.queues)
	return spread(b.url, s.connections, queues, func(c *client.Client, queue string) error {
		n, err := c.Depth(queue)
		if err == nil && n < share {
			err = fmt.Errorf("it has %d messages instead of %d", n, share)
		}
		if err != nil {
			return fmt.Errorf("%s did not come back: %w", queue, err)
		}
		return nil
	})
}

// tellMemory prints the memory, and what n things have added to it.
func tellMemory(out io.Writer, name string, b *subject, before process.Memory, n int) {
	now := process.MemoryOf(b.pid())
	figure(out, name, "%s; anonymous grew by %d octets for each", now, (now.Anonymous-before.Anonymous)/int64(n))
}
