package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/internal/bench"
)

// benchFlags are the flags of leveret bench: those of PerfTest, and some more.
type benchFlags struct {
	options bench.Options
	output  benchOutput

	name, uri, uris, autoDelete          string
	queueArgs, consumerArgs, properties  string
	messageFlags                         []string
	latency                              int // microseconds
	heartbeat, frameMax                  int
	quorum                               bool
	publishingInterval                   float64 // seconds
	interval, confirmTimeout, startDelay seconds
	time, warmUp                         seconds
}

func newBenchFlags() *benchFlags {
	f := &benchFlags{options: bench.Defaults()}
	f.uri, f.autoDelete = f.options.URLs[0], "true"
	f.interval, f.confirmTimeout = seconds(f.options.Interval), seconds(f.options.ConfirmTimeout)
	return f
}

// seconds is a time in a flag: a number of seconds, as in PerfTest, or a number
// with a unit.
type seconds time.Duration

func (s *seconds) String() string { return time.Duration(*s).String() }

// Set reads "30", "0.5" or "2m".
func (s *seconds) Set(text string) error {
	if n, err := strconv.ParseFloat(text, 64); err == nil {
		*s = seconds(n * float64(time.Second))
		return nil
	}
	d, err := time.ParseDuration(text)
	*s = seconds(d)
	return err
}

// Type is what help shows.
func (s *seconds) Type() string { return "seconds" }

func (f *benchFlags) register(set *pflag.FlagSet) {
	set.Bool("help", false, "show this help (-?)") // -h is the broker's address
	set.SortFlags = false
	f.registerClients(set)
	f.registerTopology(set)
	f.registerMessages(set)
	f.registerConsumers(set)
	f.registerTest(set)
	for _, name := range unsupportedFlags() {
		set.Var(unsupported{}, name, "not supported")
		set.Lookup(name).NoOptDefVal = " "
		set.Lookup(name).Hidden = true
	}
}

func (f *benchFlags) registerClients(set *pflag.FlagSet) {
	o := &f.options
	set.StringVarP(&f.uri, "uri", "h", f.uri, "address of the broker")
	set.StringVarP(&f.uris, "uris", "H", "", "addresses of its nodes, separated by commas")
	set.IntVarP(&o.Producers, "producers", "x", o.Producers, "number of producers, each with a connection")
	set.IntVarP(&o.Consumers, "consumers", "y", o.Consumers, "number of consumers, each with a connection")
	set.IntVarP(&o.ProducerChannels, "producer-channel-count", "X", o.ProducerChannels, "channels of a producer")
	set.IntVarP(&o.ConsumerChannels, "consumer-channel-count", "Y", o.ConsumerChannels, "channels of a consumer")
	set.IntVarP(&f.heartbeat, "heartbeat", "b", 0, "interval of heartbeats in seconds")
	set.IntVarP(&f.frameMax, "framemax", "M", 0, "largest frame in octets")
}

func (f *benchFlags) registerTopology(set *pflag.FlagSet) {
	o := &f.options
	set.StringVarP(&o.Exchange, "exchange", "e", o.Exchange, "name of the exchange; amq.default is the default exchange")
	set.StringVarP(&o.ExchangeType, "type", "t", o.ExchangeType, "type of the exchange")
	set.StringVarP(&o.Queue, "queue", "u", "", "name of the queue; without it each consuming channel has one of its own")
	set.StringVar(&o.QueuePattern, "queue-pattern", "", "names of queues, with a place for a number such as %d (-qp)")
	set.IntVar(&o.QueueFrom, "queue-pattern-from", o.QueueFrom, "first number in the names (-qpf)")
	set.IntVar(&o.QueueTo, "queue-pattern-to", 0, "last number in the names (-qpt)")
	set.StringVar(&f.queueArgs, "queue-args", "", "arguments of queues: key=value,key=value (-qa)")
	set.BoolVar(&f.quorum, "quorum-queue", false, "quorum queues: -f persistent, -ad false, x-queue-type (-qq)")
	set.StringVar(&f.autoDelete, "auto-delete", f.autoDelete, "whether queues are deleted with their last consumer: true or false (-ad)")
	set.BoolVarP(&o.Exclusive, "exclusive", "E", false, "queues without a name are exclusive")
	set.BoolVarP(&o.Predeclared, "predeclared", "p", false, "use queues and exchanges that are there already as they are")
	set.BoolVar(&o.SkipBinding, "skip-binding-queues", false, "do not bind queues (-sb)")
	set.StringVarP(&o.RoutingKey, "routing-key", "k", "", "routing key; without it the name of the queue")
	set.BoolVarP(&o.RandomKeys, "random-routing-key", "K", false, "a random routing key for each message")
	set.BoolVar(&o.AllQueues, "all-queues", false, "each producer publishes to all queues in turns (not in PerfTest)")
	set.IntVar(&o.TopicBindings, "topic-bindings", 0, "bindings of eight words that the queues share, and as many keys (not in PerfTest)")
	set.BoolVar(&o.DeleteQueues, "delete-queues", false, "delete queues with a name at the end (not in PerfTest)")
}

func (f *benchFlags) registerMessages(set *pflag.FlagSet) {
	o := &f.options
	set.IntVarP(&o.Size, "size", "s", o.Size, "octets of a message; 12 at least, for a number and a time")
	set.StringSliceVarP(&f.messageFlags, "flag", "f", nil, "persistent, mandatory; persistent makes queues durable")
	set.StringVar(&f.properties, "message-properties", "", "properties and headers: key=value,key=value (-mp)")
	set.IntVarP(&o.Confirm, "confirm", "c", 0, "publisher confirms, with so many unconfirmed messages of a channel")
	set.Var(&f.confirmTimeout, "confirm-timeout", "how long the last confirms may take (-ct)")
	set.IntVarP(&o.ProducerTx, "ptxsize", "m", 0, "messages of a producer's transaction")
	set.Float64VarP(&o.Rate, "rate", "r", 0, "messages a second of each publishing channel; 0 has no limit")
	set.Float64VarP(&f.publishingInterval, "publishing-interval", "P", 0, "seconds between two messages, instead of a rate")
	set.Var(&f.startDelay, "producer-random-start-delay", "producers begin at random times within this one (-prsd)")
	set.Int64VarP(&o.ProducerMessages, "pmessages", "C", 0, "messages of each publishing channel; 0 has no limit")
	set.IntVar(&o.InFlight, "in-flight", 0, "messages that are published and have not arrived, of all producers; 0 has no limit (not in PerfTest)")
}

func (f *benchFlags) registerConsumers(set *pflag.FlagSet) {
	o := &f.options
	set.BoolVarP(&o.AutoAck, "autoack", "a", false, "automatic acknowledgements")
	set.IntVarP(&o.AckEvery, "multi-ack-every", "A", 0, "acknowledge so many messages at once")
	set.IntVarP(&o.Prefetch, "qos", "q", 0, "prefetch of a consumer; 0 has no limit")
	set.IntVarP(&o.ChannelPrefetch, "global-qos", "Q", 0, "prefetch of a channel; 0 has no limit")
	set.IntVarP(&o.ConsumerTx, "ctxsize", "n", 0, "messages of a consumer's transaction")
	set.Float64VarP(&o.ConsumerRate, "consumer-rate", "R", 0, "messages a second of each consuming channel; 0 has no limit")
	set.IntVarP(&f.latency, "consumer-latency", "L", 0, "microseconds that the work on a message takes")
	set.Int64VarP(&o.ConsumerMessages, "cmessages", "D", 0, "messages of each consuming channel; 0 has no limit")
	set.StringVar(&f.consumerArgs, "consumer-args", "", "arguments of consumers: key=value,key=value (-ca)")
}

func (f *benchFlags) registerTest(set *pflag.FlagSet) {
	o := &f.options
	set.StringVarP(&f.name, "id", "d", "", "name of the test in its output")
	set.VarP(&f.time, "time", "z", "length of the test; 0 has no limit")
	set.Var(&f.warmUp, "warm-up", "time before that, which the averages leave out (not in PerfTest)")
	set.VarP(&f.interval, "interval", "i", "time between two lines")
	set.BoolVar(&o.Millis, "use-millis", false, "latencies in milliseconds, between the clocks of two machines (-ms)")
	set.IntSliceVar(&o.PIDs, "pid", nil, "processes of the broker; without it, the one that listens on its port (not in PerfTest)")
	f.output.register(set)
}

func (b *benchOutput) register(set *pflag.FlagSet) {
	set.StringVar(&b.json, "json", "", "file for the results as JSON (not in PerfTest)")
	set.StringVarP(&b.csv, "output-file", "o", "", "file for the results as CSV")
	set.StringVar(&b.csv, "csv", "", "the same")
}

// id is the name of the test, or the given one.
func (f *benchFlags) id(given string) string {
	if f.name == "" {
		return given
	}
	return f.name
}

// parsed is the options that the flags ask for.
func (f *benchFlags) parsed() (bench.Options, error) {
	o := f.options
	o.URLs = []string{f.uri}
	if f.uris != "" {
		o.URLs = strings.Split(f.uris, ",")
	}
	o.Time, o.WarmUp, o.Interval = time.Duration(f.time), time.Duration(f.warmUp), time.Duration(f.interval)
	o.ConfirmTimeout, o.RandomStart = time.Duration(f.confirmTimeout), time.Duration(f.startDelay)
	o.ConsumerLatency = time.Duration(f.latency) * time.Microsecond
	o.Heartbeat = time.Duration(f.heartbeat) * time.Second
	o.FrameMax = uint32(max(0, f.frameMax))
	if f.publishingInterval > 0 {
		o.Rate = 1 / f.publishingInterval
	}
	if o.Exchange == "amq.default" {
		o.Exchange = ""
	}
	err := errors.Join(f.parseFlags(&o), f.parseTables(&o))
	if f.quorum {
		o.Persistent, o.AutoDelete = true, false
		o.QueueArguments = append(o.QueueArguments, amqp.Field{Key: "x-queue-type", Value: "quorum"})
	}
	if err == nil {
		err = o.Check()
	}
	return o, err
}

func (f *benchFlags) parseFlags(o *bench.Options) (err error) {
	o.Persistent = slices.Contains(f.messageFlags, "persistent")
	o.Mandatory = slices.Contains(f.messageFlags, "mandatory")
	for _, flag := range f.messageFlags {
		if flag != "persistent" && flag != "mandatory" {
			return fmt.Errorf("--flag %s: there are persistent and mandatory", flag)
		}
	}
	if o.AutoDelete, err = strconv.ParseBool(f.autoDelete); err != nil {
		return fmt.Errorf("--auto-delete %s: it is true or false", f.autoDelete)
	}
	return nil
}
