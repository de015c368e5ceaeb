package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"time"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/internal/client"
)

func fairOwn() settings { return settings{messages: 2000, size: 1024, queues: 1, connections: 1} }

const (
	// probeInterval is the time between two messages of the quiet pair.
	probeInterval = 2 * time.Millisecond
	probeQueue    = "measure-fair"
	noiseQueue    = "measure-noise"
)

// noise is what others do beside the quiet pair, until the context ends.
type noise struct {
	name, about string
	make        func(ctx context.Context, url string, size int) error
}

func noises() []noise {
	return []noise{
		{"flood", "a publisher without confirms, and a consumer", flood},
		{"backlog", "a publisher without confirms to a queue that nobody consumes", pile},
		{"churn", "connections that come and go", churn},
		{"declare", "queues that come and go", declareAndDelete},
	}
}

// measureFair measures a quiet pair alone, beside each noise, and alone once more.
func measureFair(b *subject, s settings, out io.Writer) (err error) {
	figure(out, "fair", "%d messages of %d octets each time, one every %s", s.messages, s.size, probeInterval)
	if err := declareQueues(b.url, []string{probeQueue, noiseQueue}); err != nil {
		return err
	}
	other, err := startOther(s)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, other.close()) }()
	quiet, err := probe(b.url, s)
	if err != nil {
		return err
	}
	figure(out, "alone", "%s", spread50And99(quiet))
	for _, n := range noises() {
		elsewhere, err := probeBeside(b.url, other.url, s, n)
		if err != nil {
			return fmt.Errorf("%s elsewhere: %w", n.name, err)
		}
		beside, err := probeBeside(b.url, b.url, s, n)
		if err != nil {
			return fmt.Errorf("%s: %w", n.name, err)
		}
		figure(out, n.name, "%s; the 99th is %.1f times that alone, %.1f times that with the noise at another broker (%s)",
			spread50And99(beside), share(beside, quiet), share(beside, elsewhere), n.about)
	}
	return nil
}

// startOther starts another broker, whose noise shows what sharing the machine costs.
func startOther(s settings) (*subject, error) {
	s.data += "-other"
	other, err := newSubject(s)
	if err != nil {
		return nil, err
	}
	if _, err := other.start(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(other.dir))
	}
	return other, declareQueues(other.url, []string{noiseQueue})
}

// share is how much later the 99th of 100 comes.
func share(took, beside []time.Duration) float64 {
	return ninetyNinth(took).Seconds() / ninetyNinth(beside).Seconds()
}

func ninetyNinth(sorted []time.Duration) time.Duration { return sorted[len(sorted)*99/100] }

// probeBeside probes one broker while another process makes noise at the same or at
// another one.
func probeBeside(url, noisy string, s settings, n noise) ([]time.Duration, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	command := exec.Command(self, "-scenario", noiseName, "-only", n.name, "-broker", "noise="+noisy, "-size", strconv.Itoa(s.size))
	command.Stderr = os.Stderr
	in, err := command.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := command.Start(); err != nil {
		return nil, err
	}
	<-time.After(time.Second) // it has to be at its full
	took, err := probe(url, s)
	return took, errors.Join(err, in.Close(), command.Wait())
}

// noiseName is the scenario that makes noise for another process.
const noiseName = "noise"

// makeNoise makes the noise of that name until the input ends.
func makeNoise(name, url string, size int, in io.Reader) error {
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		_, _ = io.Copy(io.Discard, in) // its end is what matters
		cancel()
	}()
	for _, n := range noises() {
		if n.name == name {
			return n.make(ctx, url, size)
		}
	}
	return fmt.Errorf("no noise %q", name)
}

// probe sends messages one after the other from one connection to another, and
// returns how long they took, sorted.
func probe(url string, s settings) ([]time.Duration, error) {
	from, err := client.Dial(url, client.Options{})
	if err != nil {
		return nil, err
	}
	defer from.Close()
	to, err := client.Dial(url, client.Options{})
	if err != nil {
		return nil, err
	}
	defer to.Close()
	if err := to.Request(1, &amqp.BasicConsume{Queue: probeQueue, NoAck: true}, amqp.IDBasicConsumeOk); err != nil {
		return nil, err
	}
	message := publication("", probeQueue, s.size)
	took := make([]time.Duration, 0, s.messages)
	ticks := time.NewTicker(probeInterval)
	defer ticks.Stop()
	for range s.messages {
		<-ticks.C
		began := time.Now()
		if err := from.Write(message); err != nil {
			return nil, err
		}
		if err := untilBody(to); err != nil {
			return nil, err
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	return took, nil
}

// publication is the frames of a transient message.
func publication(exchange, key string, size int) []byte {
	return amqp.AppendContent(nil, 1, &amqp.BasicPublish{Exchange: exchange, RoutingKey: key},
		amqp.PropertyList{}.Encode(), make([]byte, size), client.DefaultFrameMax)
}

// untilBody reads to the end of a message of one frame.
func untilBody(c *client.Client) error {
	for {
		f, err := c.Frame()
		if err != nil || f.Type == amqp.FrameBody {
			return err
		}
	}
}

// flood publishes as fast as it may, and consumes what it publishes.
func flood(ctx context.Context, url string, size int) error {
	to, err := client.Dial(url, client.Options{})
	if err != nil {
		return err
	}
	defer to.Close()
	if err := to.Request(1, &amqp.BasicConsume{Queue: noiseQueue, NoAck: true}, amqp.IDBasicConsumeOk); err != nil {
		return err
	}
	go func() {
		for {
			if _, err := to.Frame(); err != nil {
				return // it was closed
			}
		}
	}()
	return pile(ctx, url, size)
}

// pile publishes as fast as it may.
func pile(ctx context.Context, url string, size int) error {
	c, err := client.Dial(url, client.Options{})
	if err != nil {
		return err
	}
	defer c.Close()
	stop := context.AfterFunc(ctx, func() { _ = c.StopWriting() })
	defer stop()
	out := slices.Repeat(publication("", noiseQueue, size), 64)
	for ctx.Err() == nil {
		if err := c.Write(out); err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			return err
		}
	}
	return nil
}

// churn opens connections and closes them.
func churn(ctx context.Context, url string, _ int) error {
	for ctx.Err() == nil {
		c, err := client.Dial(url, client.Options{})
		if err != nil {
			return err
		}
		if err := c.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			return err
		}
	}
	return nil
}

// declareAndDelete makes durable queues and deletes them.
func declareAndDelete(ctx context.Context, url string, _ int) error {
	return client.Once(url, func(c *client.Client) error {
		for ctx.Err() == nil {
			if err := c.Declare("measure-fair-passing"); err != nil {
				return err
			}
			if err := c.Request(1, &amqp.QueueDelete{Queue: "measure-fair-passing"}, amqp.IDQueueDeleteOk); err != nil {
				return err
			}
		}
		return nil
	})
}
