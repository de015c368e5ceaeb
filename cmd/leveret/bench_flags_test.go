package main

import (
	"io"
	"testing"
	"time"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/internal/bench"
)

// parseBench is the options that a command line asks for.
func parseBench(t *testing.T, args ...string) (bench.Options, error) {
	t.Helper()
	flags, set := newBenchFlags(), pflag.NewFlagSet("bench", pflag.ContinueOnError)
	flags.register(set)
	spelled := spelling(newCommand(io.Discard, io.Discard), append([]string{"bench"}, args...))
	if err := set.Parse(spelled[1:]); err != nil {
		return bench.Options{}, err
	}
	return flags.parsed()
}

func TestBenchFlags(t *testing.T) {
	quorum := amqp.Field{Key: "x-queue-type", Value: "quorum"}
	for _, c := range []struct {
		args   []string
		change func(*bench.Options)
	}{
		{nil, func(*bench.Options) {}},
		{[]string{"-h", "amqp://b", "-x", "2", "-y3", "-u", "q", "-s", "1000"}, func(o *bench.Options) {
			o.URLs, o.Producers, o.Consumers, o.Queue, o.Size = []string{"amqp://b"}, 2, 3, "q", 1000
		}},
		{[]string{"--uri", "amqp://b", "--producers", "2", "-consumers", "3", "-queue=q", "--size=1000"}, func(o *bench.Options) {
			o.URLs, o.Producers, o.Consumers, o.Queue, o.Size = []string{"amqp://b"}, 2, 3, "q", 1000
		}},
		{[]string{"-H", "amqp://a,amqp://b", "-X", "4", "-Y", "5"}, func(o *bench.Options) {
			o.URLs, o.ProducerChannels, o.ConsumerChannels = []string{"amqp://a", "amqp://b"}, 4, 5
		}},
		{[]string{"-c", "100", "-ct", "5", "-q", "200", "-Q", "300", "-A", "10"}, func(o *bench.Options) {
			o.Confirm, o.ConfirmTimeout, o.Prefetch, o.ChannelPrefetch, o.AckEvery = 100, 5*time.Second, 200, 300, 10
		}},
		{[]string{"-a", "-r", "1000", "-R", "0.5", "-z", "30", "-i", "0.5", "-C", "7", "-D", "8", "-L", "1000"}, func(o *bench.Options) {
			o.AutoAck, o.Rate, o.ConsumerRate, o.Time, o.Interval = true, 1000, 0.5, 30*time.Second, 500*time.Millisecond
			o.ProducerMessages, o.ConsumerMessages, o.ConsumerLatency = 7, 8, time.Millisecond
		}},
		{[]string{"-P", "5", "-prsd", "120", "-z", "2m", "--warm-up", "1s"}, func(o *bench.Options) {
			o.Rate, o.RandomStart, o.Time, o.WarmUp = 0.2, 2*time.Minute, 2*time.Minute, time.Second
		}},
		{[]string{"-f", "persistent", "-f", "mandatory", "-m", "10", "-n", "20"}, func(o *bench.Options) {
			o.Persistent, o.Mandatory, o.ProducerTx, o.ConsumerTx = true, true, 10, 20
		}},
		{[]string{"-qp", "q-%d", "-qpf", "2", "--queue-pattern-to", "9", "-ad", "false", "-sb", "-p", "--all-queues"}, func(o *bench.Options) {
			o.QueuePattern, o.QueueFrom, o.QueueTo, o.AutoDelete = "q-%d", 2, 9, false
			o.SkipBinding, o.Predeclared, o.AllQueues = true, true, true
		}},
		{[]string{"-qq", "-u", "q", "-qa", "x-max-length=10,x-overflow=reject-publish"}, func(o *bench.Options) {
			o.Queue, o.Persistent, o.AutoDelete = "q", true, false
			o.QueueArguments = amqp.Table{{Key: "x-max-length", Value: int64(10)}, {Key: "x-overflow", Value: "reject-publish"}, quorum}
		}},
		{[]string{"-e", "amq.default", "-t", "topic", "-k", "key", "-K", "-E", "-ms", "-M", "4096", "-b", "10"}, func(o *bench.Options) {
			o.Exchange, o.ExchangeType, o.RoutingKey, o.RandomKeys, o.Exclusive = "", "topic", "key", true, true
			o.Millis, o.FrameMax, o.Heartbeat = true, 4096, 10*time.Second
		}},
		{[]string{"-ca", "x-priority=10", "--pid", "1,2", "--in-flight", "9"}, func(o *bench.Options) {
			o.ConsumerArguments = amqp.Table{{Key: "x-priority", Value: int64(10)}}
			o.PIDs, o.InFlight = []int{1, 2}, 9
		}},
		{[]string{"-mp", "priority=5,contentType=text/plain,timestamp=2007-12-03T10:15:30+01:00,tries=3,by=me"}, func(o *bench.Options) {
			o.Properties = amqp.PropertyList{Priority: 5, ContentType: "text/plain", Timestamp: 1196673330}
			o.Properties.Headers = amqp.Table{{Key: "tries", Value: int64(3)}, {Key: "by", Value: "me"}}
		}},
	} {
		want := bench.Defaults()
		c.change(&want)
		got, err := parseBench(t, c.args...)
		require.NoError(t, err, c.args)
		want.ID = got.ID
		require.Equal(t, want, got, c.args)
	}
}

func TestBenchFlagsThatAreWrong(t *testing.T) {
	for text, args := range map[string][]string{
		"unknown flag: --produces":                {"--produces", "1"},
		"unknown shorthand flag: 'g'":             {"-g"},
		"PerfTest has it, leveret bench does not": {"-vr", "100:10"},
		"persistent and mandatory":                {"-f", "fast"},
		"true or false":                           {"-ad", "maybe"},
		"key=value":                               {"-qa", "x-max-length"},
		"--message-properties priority=300":       {"-mp", "priority=300"},
		"it may be 0 to 65535":                    {"-q", "65536"},
		"transactions or confirms":                {"-m", "1", "-c", "1"},
		"invalid argument \"soon\"":               {"-z", "soon"},
	} {
		_, err := parseBench(t, args...)
		require.ErrorContains(t, err, text, args)
	}
}

func TestEachShortNameHasItsFlag(t *testing.T) {
	flags, set := newBenchFlags(), pflag.NewFlagSet("bench", pflag.ContinueOnError)
	flags.register(set) // panics for a flag that is there twice
	for short, long := range shortNames() {
		require.NotNil(t, set.Lookup(long), short)
	}
}

func TestOnlyBenchIsSpelledAsPerfTestIs(t *testing.T) {
	root := newCommand(io.Discard, io.Discard)
	for _, args := range [][]string{nil, {"serve", "-qp"}, {"-qp"}, {"bench", "-q", "1", "-z30", "--qp", "-"}} {
		require.Equal(t, args, spelling(root, args))
	}
	require.Equal(t, []string{"bench", "--help", "--queue-pattern=%d"}, spelling(root, []string{"bench", "-?", "-qp=%d"}))
}
