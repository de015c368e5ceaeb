package bench

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/internal/sink"
)

func TestMessagesGoThrough(t *testing.T) {
	const messages = 10_000
	for name, change := range map[string]func(*Options){
		"plain":            func(*Options) {},
		"own queues":       func(o *Options) { o.Queue = "" },
		"acknowledgements": func(o *Options) { o.AutoAck, o.AckEvery = false, 7 },
		"in flight":        func(o *Options) { o.InFlight = 100 },
		"confirms":         func(o *Options) { o.Confirm = 10 },
		"large":            func(o *Options) { o.Size = 200_000; o.ConsumerMessages, o.ProducerMessages = 100, 100 },
		"two channels": func(o *Options) {
			o.ProducerChannels, o.ConsumerChannels, o.ConsumerMessages = 2, 2, o.ProducerMessages
		},
		"random keys":  func(o *Options) { o.RandomKeys = true },
		"transactions": func(o *Options) { o.ProducerTx, o.ProducerMessages, o.ConsumerMessages = 10, 105, 105 },
		"many at once": func(o *Options) { o.Queue, o.QueuePattern, o.QueueTo, o.AllQueues = "", "q-%d", 20, true },
		"heartbeats":   func(o *Options) { o.Heartbeat = time.Second },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := small(server(t, sink.Relay))
			o.ProducerMessages, o.ConsumerMessages = messages, messages
			change(&o)
			var report Report
			summary, err := Run(t.Context(), o, &report)
			require.NoError(t, err)
			require.Equal(t, o.ConsumerMessages*int64(o.ConsumerChannels), summary.Messages)
			require.Equal(t, summary.Messages, summary.Consumer.Count)
			require.Equal(t, "all messages are through", summary.Reason)
			require.Equal(t, summary, report.Summary)
			if o.Confirm > 0 {
				require.EqualValues(t, messages, summary.Confirm.Count)
			}
		})
	}
}

func TestTimeEndsATest(t *testing.T) {
	o := small(server(t, sink.Relay))
	o.WarmUp, o.Time, o.Interval = 50*time.Millisecond, 300*time.Millisecond, 100*time.Millisecond
	o.Rate = 1000
	var report Report
	summary, err := Run(t.Context(), o, &report)
	require.NoError(t, err)
	require.Equal(t, "the time is over", summary.Reason)
	require.InDelta(t, 0.3, summary.Seconds, 0.2)
	require.NotEmpty(t, report.Samples)
	// The machine may be busy, but a generator that catches up sends them all.
	require.InDelta(t, 1000*summary.Seconds, float64(summary.Messages), 150)
}

func TestContextEndsATest(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	o := small(server(t, sink.Discard))
	o.Confirm, o.Interval = 100, 20*time.Millisecond
	summary, err := Run(ctx, o, ending{end: cancel})
	require.NoError(t, err)
	require.Equal(t, "it was interrupted", summary.Reason)
}

// ending ends a test with its first sample.
type ending struct {
	Report
	end func()
}

func (e ending) Sampled(Sample)      { e.end() }
func (e ending) Progressed(Progress) {}
func (e ending) Ended(Summary)       {}

func TestFailures(t *testing.T) {
	_, err := Run(t.Context(), small("amqp://127.0.0.1:1"), &Report{})
	require.ErrorContains(t, err, "127.0.0.1:1")
	o := small(server(t, sink.Relay))
	o.Producers = -1
	_, err = Run(t.Context(), o, &Report{})
	require.ErrorIs(t, err, ErrOptions)
}

// TestLatenessCounts has a consumer that stands still: what it gets afterwards
// was sent in time, or should have been, and is late by that.
func TestLatenessCounts(t *testing.T) {
	o := small(server(t, sink.Relay))
	o.Rate, o.InFlight, o.ConsumerLatency = 1000, 1, 50*time.Millisecond
	o.ProducerMessages, o.ConsumerMessages = 10, 10
	summary, err := Run(t.Context(), o, &Report{})
	require.NoError(t, err)
	// Sent 50 ms apart but due 1 ms apart: the last one is 450 ms late or more.
	require.GreaterOrEqual(t, summary.Consumer.Max, int64(400_000))
}

func TestNothingIsAllocatedForAMessage(t *testing.T) {
	r := newRun(Defaults(), nil)
	c := &consumer{run: r, shard: r.consumerLatency.shard(0), every: 1}
	reel := newReel(&r.Options, 1, 131072, []string{"k"})
	n := reel.run(100)
	l := &link{clock: r.clock}
	l.add(c)
	octets := reel.wind(n)
	require.Zero(t, testing.AllocsPerRun(100, func() {
		for rest := octets; len(rest) > 0; {
			f, size, err := amqp.ParseFrame(rest, 0)
			if err != nil || l.take(f, 1) != nil {
				t.Fail()
			}
			rest = rest[size:]
		}
		c.out, c.spells, c.acked = c.out[:0], c.spells[:0], 0
	}))
}
