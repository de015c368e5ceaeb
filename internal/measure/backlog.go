package main

import (
	"fmt"
	"io"
	"time"

	"github.com/leveretmq/leveret/internal/process"
)

// backlogOwn is a backlog far above what fits memory.
func backlogOwn() settings { return settings{messages: 10_000_000, size: 1024, queues: 1} }

// measureBacklog fills queues, restarts the broker, drains the queues, and waits
// for the disk.
func measureBacklog(b *subject, s settings, out io.Writer) error {
	figure(out, "backlog", "%d messages of %d octets in %d queues", s.messages, s.size, s.queues)
	if err := fillBacklog(b, s, out); err != nil {
		return fmt.Errorf("filling: %w", err)
	}
	ready, err := restartBacklog(b, s, out)
	if err != nil {
		return fmt.Errorf("restarting: %w", err)
	}
	if err := drainBacklog(b, s, ready, out); err != nil {
		return fmt.Errorf("draining: %w", err)
	}
	use, took, err := awaitDisk(b.dir, s.floor, s.patience)
	if err != nil {
		return err
	}
	figure(out, "disk after draining", "%s after %s, the floor is %s", process.MiB(use), took.Round(time.Millisecond), process.MiB(s.floor))
	figure(out, "memory at the end", "%s", process.MemoryOf(b.pid()))
	return nil
}

func fillBacklog(b *subject, s settings, out io.Writer) error {
	if err := declareQueues(b.url, backlogQueues(s)); err != nil {
		return err
	}
	watch, began := process.WatchMemory(b.pid()), time.Now()
	err := each(backlogQueues(s), func(queue string) error {
		return filler{
			url: b.url, key: queue, messages: s.messages / s.queues, size: s.size, inFlight: max(1, s.inFlight/s.queues),
		}.run()
	})
	took, most := time.Since(began), watch.End()
	if err != nil {
		return err
	}
	figure(out, "confirmed", "%.0f messages a second, %s in all", rate(s.messages, took), took.Round(time.Millisecond))
	figure(out, "memory while filling", "at most %s", most)
	use, err := diskUse(b.dir)
	figure(out, "disk with the backlog", "%s", process.MiB(use))
	return err
}

// restartBacklog returns the time at which the broker was ready.
func restartBacklog(b *subject, s settings, out io.Writer) (time.Time, error) {
	switch s.restart {
	case restartNone:
		return time.Now(), nil
	case restartStop:
		began := time.Now()
		if err := b.stop(); err != nil {
			return time.Time{}, err
		}
		figure(out, "clean stop", "%s", time.Since(began).Round(time.Millisecond))
	case restartKill:
		if err := b.kill(); err != nil {
			return time.Time{}, err
		}
	default:
		return time.Time{}, fmt.Errorf("no restart %q: there are kill, stop and none", s.restart)
	}
	took, err := b.start()
	ready := time.Now()
	if err == nil {
		figure(out, "ready", "%s after the start that followed a %s", took.Round(time.Millisecond), s.restart)
		figure(out, "memory when ready", "%s", process.MemoryOf(b.pid()))
	}
	return ready, err
}

func drainBacklog(b *subject, s settings, ready time.Time, out io.Writer) error {
	watch, began := process.WatchMemory(b.pid()), time.Now()
	first := make(chan time.Time, s.queues)
	err := each(backlogQueues(s), func(queue string) error {
		d := drainer{
			url: b.url, queue: queue, messages: s.messages / s.queues, size: s.size, prefetch: uint16(s.prefetch),
		}
		times, err := d.run()
		first <- times.first
		return err
	})
	took, most := time.Since(began), watch.End()
	if err != nil {
		return err
	}
	figure(out, "first delivery", "%s after ready, of the slowest queue", latest(first).Sub(ready).Round(time.Millisecond))
	figure(out, "consumed", "%.0f messages a second, %s in all, complete and in order", rate(s.messages, took), took.Round(time.Millisecond))
	figure(out, "memory while draining", "at most %s", most)
	return nil
}

// latest is the latest of as many times as the channel holds.
func latest(times chan time.Time) time.Time {
	close(times)
	var last time.Time
	for t := range times {
		if t.After(last) {
			last = t
		}
	}
	return last
}

func backlogQueues(s settings) []string { return names("backlog", s.queues) }
