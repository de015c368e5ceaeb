package main

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/internal/client"
	"github.com/leveretmq/leveret/internal/process"
)

func muteOwn() settings {
	return settings{connections: 100, size: 64 << 10, messages: 16_000, queues: 1}
}

// measureMute has connections that consume everything there is, without
// acknowledgements, and never read. What they cost is memory of the broker; what is in
// the buffers of the sockets is the system's.
func measureMute(b *subject, s settings, out io.Writer) error {
	figure(out, "mute", "%d consumers that do not read %d messages of %d octets", s.connections, s.messages, s.size)
	const queue = "measure-mute"
	if err := declareQueues(b.url, []string{queue}); err != nil {
		return err
	}
	f := filler{url: b.url, key: queue, messages: s.messages, size: s.size, inFlight: s.inFlight}
	if err := f.run(); err != nil {
		return err
	}
	before := settled(b.pid(), settling)
	l := lot{url: b.url}
	defer func() { _ = l.close() }() // they are mute, and the broker ends with them
	if err := l.carry(s.connections, client.Options{}); err != nil {
		return err
	}
	for _, c := range l.carriers {
		if err := c.Write(amqp.AppendMethod(nil, 1, &amqp.BasicConsume{Queue: queue, NoAck: true})); err != nil {
			return err
		}
	}
	left, err := untilStill(b.url, queue)
	if err != nil {
		return err
	}
	watch := process.WatchMemory(b.pid())
	after := settled(b.pid(), settling)
	most := watch.End()
	figure(out, "handed out", "%d messages, of which most are with the system", s.messages-left)
	figure(out, "memory", "%s each, at most %s in all", process.MiB((after-before)/int64(s.connections)), most)
	return nil
}

// untilStill waits until the depth of a queue does not change any more.
func untilStill(url, queue string) (depth int, err error) {
	const still, patience = time.Second, time.Minute
	err = client.Once(url, func(c *client.Client) error {
		last, since := -1, time.Now()
		for began := time.Now(); time.Since(began) < patience; {
			n, err := c.Depth(queue)
			if err != nil {
				return err
			}
			if int(n) != last {
				last, since = int(n), time.Now()
			}
			if depth = last; time.Since(since) > still {
				return nil
			}
			<-time.After(still / 10)
		}
		return errors.New("the queue does not come to rest")
	})
	if err != nil {
		err = fmt.Errorf("watching %s: %w", queue, err)
	}
	return depth, err
}
