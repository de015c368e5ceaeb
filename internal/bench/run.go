package bench

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/internal/client"
	"github.com/leveretmq/leveret/internal/process"
)

// run is one test.
type run struct {
	Options
	clock    clock
	observer Observer
	key      string // of messages to queues that the broker names

	counts          counts
	consumerLatency *latencies
	confirmLatency  *latencies
	flight          *flight

	producers     []*producer
	producerLinks []*link
	consumerLinks []*link

	done     chan struct{} // closed when the test ends
	stopOnce sync.Once
	failures chan error
	opening  *countdown // consuming channels that the broker has not answered yet
	limited  *countdown // channels that have not done what they were asked for
}

// countdown counts down to zero.
type countdown struct {
	left atomic.Int64
	zero chan struct{} // closed then; never if it begins there
}

func newCountdown(from int) *countdown {
	c := &countdown{zero: make(chan struct{})}
	c.left.Store(int64(from))
	return c
}

func (c *countdown) down() {
	if c.left.Add(-1) == 0 {
		close(c.zero)
	}
}

// counts are the messages so far.
type counts struct {
	sent, received, confirmed, nacked, returned atomic.Int64
}

// Run makes the load until its time is over, its messages have been sent or
// received, or the context ends; all of these end it cleanly. The observer is
// told from one goroutine. The error is ErrOptions for options that cannot be.
func Run(ctx context.Context, o Options, observer Observer) (Summary, error) {
	if err := o.Check(); err != nil {
		return Summary{}, err
	}
	r := newRun(o, observer)
	defer r.stop()
	if err := r.declare(); err != nil {
		return Summary{}, fmt.Errorf("declaring queues and exchanges: %w", err)
	}
	if err := r.connect(ctx); err != nil {
		r.hangUp()
		return Summary{}, fmt.Errorf("connecting: %w", err)
	}
	samples := r.newSampler()
	publishing := r.publish()
	summary, err := samples.watch(ctx)
	r.stop()
	publishing.Wait()
	r.hangUp()
	if err = errors.Join(err, r.deleteQueues()); err == nil {
		observer.Ended(summary)
	}
	return summary, err
}

func newRun(o Options, observer Observer) *run {
	r := &run{
		Options:         o,
		clock:           newClock(&o),
		observer:        observer,
		key:             fmt.Sprintf("%016x", rand.Uint64()),
		consumerLatency: newLatencies(),
		confirmLatency:  newLatencies(),
		flight:          newFlight(&o),
		done:            make(chan struct{}),
	}
	producers, consumers := o.Producers*o.ProducerChannels, o.Consumers*o.ConsumerChannels
	r.failures = make(chan error, 2*(producers+consumers)+1)
	r.opening = newCountdown(consumers)
	limited := 0
	if o.ProducerMessages > 0 {
		limited += producers
	}
	if o.ConsumerMessages > 0 {
		limited += consumers
	}
	r.limited = newCountdown(limited)
	if len(r.PIDs) == 0 {
		r.PIDs = brokers(o.URLs)
	}
	return r
}

// brokers are the processes of the broker's nodes that run on this machine.
func brokers(urls []string) (pids []int) {
	for _, url := range urls {
		host, err := client.Host(url)
		if err != nil {
			continue // connecting tells
		}
		if pid, err := process.Listening(host); err == nil && pid != os.Getpid() {
			pids = append(pids, pid)
		}
	}
	return pids
}

// connectors is how many connections are opened at once.
const connectors = 32

// connect opens all connections and begins to consume.
func (r *run) connect(ctx context.Context) error {
	var err error
	if r.consumerLinks, err = r.dialAll(ctx, r.Consumers, r.dialConsumer); err != nil {
		return err
	}
	if err := r.awaitConsumers(ctx); err != nil {
		return err
	}
	if r.producerLinks, err = r.dialAll(ctx, r.Producers, r.dialProducer); err != nil {
		return err
	}
	for _, l := range r.producerLinks {
		for _, s := range l.channels {
			r.producers = append(r.producers, s.receiver.(*producer))
		}
	}
	r.beat()
	return nil
}

// awaitConsumers waits until the broker knows all consumers, so that it does not
// begin with a backlog.
func (r *run) awaitConsumers(ctx context.Context) error {
	if r.Consumers == 0 {
		return nil
	}
	select {
	case <-r.opening.zero:
		return nil
	case err := <-r.failures:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// dialAll opens n connections, several at once. Those that were opened are
// returned with an error, too.
func (r *run) dialAll(ctx context.Context, n int, dial func(number int) (*link, error)) ([]*link, error) {
	links, failed := make([]*link, n), make([]error, min(n, connectors))
	var all sync.WaitGroup
	for i := range failed {
		all.Go(func() {
			for at := i; at < n && failed[i] == nil; at += len(failed) {
				if failed[i] = ctx.Err(); failed[i] == nil {
					links[at], failed[i] = dial(at)
				}
			}
		})
	}
	all.Wait()
	var open []*link
	for _, l := range links {
		if l != nil {
			open = append(open, l)
		}
	}
	return open, errors.Join(failed...)
}

// publish starts all producers; the group ends when they do.
func (r *run) publish() *sync.WaitGroup {
	var all sync.WaitGroup
	for _, p := range r.producers {
		all.Go(func() {
			err := p.publish()
			switch {
			case err != nil:
				r.failures <- fmt.Errorf("publishing: %w", err)
			case r.ProducerMessages > 0 && p.sent == r.ProducerMessages:
				r.limited.down()
			}
		})
	}
	return &all
}

func (r *run) stopped() bool {
	select {
	case <-r.done:
		return true
	default:
		return false
	}
}

// stop ends all producers and all waiting.
func (r *run) stop() {
	r.stopOnce.Do(func() {
		close(r.done)
		r.flight.close()
		for _, p := range r.producers {
			if p.confirms != nil {
				p.confirms.close()
			}
		}
		for _, l := range r.producerLinks {
			// It fails for a connection that is gone, where nobody writes.
			_ = l.client.StopWriting()
		}
	})
}

// hangUp closes all connections, those of producers first.
func (r *run) hangUp() {
	r.stop()
	for _, links := range [][]*link{r.producerLinks, r.consumerLinks} {
		var all sync.WaitGroup
		for part := range connectors {
			all.Go(func() {
				for at := part; at < len(links); at += connectors {
					links[at].close()
				}
			})
		}
		all.Wait()
	}
}

// beat sends heartbeats over all connections, if there are to be any.
func (r *run) beat() {
	if r.Heartbeat == 0 {
		return
	}
	go func() {
		ticks := time.NewTicker(r.Heartbeat / 2)
		defer ticks.Stop()
		frame := amqp.AppendHeartbeat(nil)
		for {
			select {
			case <-r.done:
				return
			case <-ticks.C:
			}
			for _, links := range [][]*link{r.producerLinks, r.consumerLinks} {
				for _, l := range links {
					_ = l.client.Write(frame) // the reader tells of a broken connection
				}
			}
		}
	}()
}
