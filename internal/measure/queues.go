package main

import (
	"fmt"
	"io"
	"time"
)

func queuesOwn() settings { return settings{queues: 100_000, connections: 100} }

// measureQueues declares many durable queues and restarts the broker with them.
func measureQueues(b *subject, s settings, out io.Writer) error {
	figure(out, "queues", "%d durable ones, declared over %d connections", s.queues, s.connections)
	empty, list := memoryOf(b.pid()), names("queue", s.queues)
	watch, began := watchMemory(b.pid()), time.Now()
	err := spread(b.url, s.connections, list, (*client).declare)
	took, most := time.Since(began), watch.end()
	if err != nil {
		return err
	}
	figure(out, "declared", "%.0f queues a second, %s in all", rate(s.queues, took), took.Round(time.Millisecond))
	figure(out, "memory while declaring", "at most %s", most)
	tellMemory(out, "memory then", b, empty, s.queues)
	if err := bindQueues(b, s, list, out); err != nil {
		return err
	}
	use, err := diskUse(b.dir)
	if err != nil {
		return err
	}
	figure(out, "disk", "%s", octets(use))
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
	return spread(b.url, 1, []string{list[0], list[s.queues-1]}, func(c *client, queue string) error {
		if _, err := c.depth(queue); err != nil {
			return fmt.Errorf("%s did not come back: %w", queue, err)
		}
		return nil
	})
}

const bindExchange = "measure-topic"

// bindQueues gives each queue its bindings, with keys of their own.
func bindQueues(b *subject, s settings, queues []string, out io.Writer) error {
	if s.bindings == 0 {
		return nil
	}
	before := memoryOf(b.pid())
	if err := declareExchange(b.url, bindExchange, "topic"); err != nil {
		return err
	}
	began := time.Now()
	err := spread(b.url, s.connections, queues, func(c *client, queue string) error {
		for i := range s.bindings {
			if err := c.bind(queue, bindExchange, fmt.Sprintf("%s.%d", queue, i)); err != nil {
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

// tellMemory prints the memory, and what n things have added to it.
func tellMemory(out io.Writer, name string, b *subject, before memory, n int) {
	now := memoryOf(b.pid())
	figure(out, name, "%s; anonymous grew by %d octets for each", now, (now.anonymous-before.anonymous)/int64(n))
}
