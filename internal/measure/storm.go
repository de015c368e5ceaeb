package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/leveretmq/leveret/internal/client"
	"github.com/leveretmq/leveret/internal/process"
)

func stormOwn() settings { return settings{connections: 5000, size: 1, messages: 1, queues: 1} }

const (
	// stormTime is how long a storm of logins lasts that is spread evenly.
	stormTime = 20 * time.Second
	// stormRate is the logins a second of a smaller storm.
	stormRate = 250
)

// measureStorm logs in over many connections, spread evenly over the time, and keeps
// them all open. Each says who it is, and opens a channel.
func measureStorm(b *subject, s settings, out io.Writer) error {
	within := min(stormTime, time.Duration(s.connections)*time.Second/stormRate)
	figure(out, "storm", "%d logins in %s", s.connections, within)
	opened, took, failed := make([]*client.Client, s.connections), make([]time.Duration, s.connections), make([]error, s.connections)
	before := process.CPU(b.pid())
	began := time.Now()
	var all sync.WaitGroup
	for i := range s.connections {
		due := began.Add(within * time.Duration(i) / time.Duration(s.connections))
		all.Go(func() {
			<-time.After(time.Until(due))
			opened[i], failed[i] = client.Dial(b.url, client.Options{})
			took[i] = time.Since(due)
		})
	}
	all.Wait()
	busy := process.CPU(b.pid()) - before
	for _, c := range opened {
		if c != nil {
			failed = append(failed, c.Close())
		}
	}
	if err := errors.Join(failed...); err != nil {
		return err
	}
	slices.Sort(took)
	figure(out, "login", "%s", spread50And99(took))
	figure(out, "processor", "%.2f ms a login", busy.Seconds()*1000/float64(s.connections))
	figure(out, "memory", "%s with all of them", process.MemoryOf(b.pid()))
	return nil
}

// spread50And99 tells of sorted times.
func spread50And99(sorted []time.Duration) string {
	at := func(share float64) time.Duration {
		return sorted[min(len(sorted)-1, int(share*float64(len(sorted))))].Round(time.Microsecond)
	}
	return fmt.Sprintf("half within %s, 99 of 100 within %s, the last within %s", at(0.5), at(0.99), at(1))
}
