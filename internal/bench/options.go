package bench

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/leveretmq/leveret/amqp"
)

// Options say what load to make. Defaults has PerfTest's defaults; where a
// number limits something, zero means no limit.
type Options struct {
	ID   string   // of the test, in every line of output
	URLs []string // of the broker's nodes; connections take them in turns
	PIDs []int    // of the broker, if it runs on this machine

	Producers        int // each with a connection
	Consumers        int // each with a connection
	ProducerChannels int // of each producer, each publishing
	ConsumerChannels int // of each consumer, each consuming

	Exchange     string // "" is the default exchange
	ExchangeType string
	Queue        string // "" gives each consuming channel a queue of its own
	QueuePattern string // a format of one number, instead of Queue
	QueueFrom    int    // the first number
	QueueTo      int    // the last number
	RoutingKey   string // "" is the name of the queue, or a random key
	RandomKeys   bool   // a random key for each message instead
	AllQueues    bool   // each producer publishes to all queues in turns, not to one of them
	// TopicBindings is the number of bindings with patterns of eight words
	// that the queues share; each message then has one of as many keys.
	TopicBindings int

	Predeclared    bool // uses queues and exchanges that exist as they are
	SkipBinding    bool // declares queues and does not bind them
	Exclusive      bool // queues with names of the broker are exclusive
	AutoDelete     bool // of queues
	DeleteQueues   bool // deletes queues with a name at the end
	QueueArguments amqp.Table

	Size             int  // octets of a body, at least MinSize
	Persistent       bool // messages; queues are durable then
	Mandatory        bool
	Properties       amqp.PropertyList
	Confirm          int           // messages of a channel that are not confirmed yet
	ConfirmTimeout   time.Duration // how long the last confirms may take
	ProducerTx       int           // messages of a transaction; 0 means none
	Rate             float64       // messages a second of each publishing channel
	RandomStart      time.Duration // each producer begins after a random part of it
	ProducerMessages int64         // of each publishing channel
	InFlight         int           // messages of all producers that have not been received

	AutoAck           bool
	AckEvery          int // messages of one acknowledgement; 0 and 1 mean each
	Prefetch          int // of a consumer
	ChannelPrefetch   int // of all consumers of a channel
	ConsumerTx        int // messages of a transaction; 0 means none
	ConsumerRate      float64
	ConsumerLatency   time.Duration // that the work on a message takes
	ConsumerMessages  int64         // of each consuming channel
	ConsumerArguments amqp.Table

	FrameMax  uint32
	Heartbeat time.Duration

	Time     time.Duration // of the test, after the warm-up
	WarmUp   time.Duration // that the results leave out
	Interval time.Duration // between two samples
	Millis   bool          // latencies in milliseconds, between the clocks of two machines
}

const (
	// MinSize is how many octets a body has at least: a number and a time.
	MinSize = numberOctets + stampOctets
	// MaxConfirm bounds what is kept for unconfirmed messages of a channel.
	MaxConfirm = 1 << 20
)

// Defaults are the options of a test that nothing else is asked of.
func Defaults() Options {
	return Options{
		ID:               "test-" + time.Now().Format("150405.000"),
		URLs:             []string{"amqp://localhost"},
		Producers:        1,
		Consumers:        1,
		ProducerChannels: 1,
		ConsumerChannels: 1,
		Exchange:         "direct",
		ExchangeType:     "direct",
		QueueFrom:        1,
		AutoDelete:       true,
		Size:             MinSize,
		ConfirmTimeout:   30 * time.Second,
		Interval:         time.Second,
	}
}

// ErrOptions says that options contradict each other or that a number is out
// of its range.
var ErrOptions = errors.New("these options cannot be")

// Check says whether the load can be made. The error is an ErrOptions.
func (o *Options) Check() error {
	for _, n := range o.numbers() {
		if n.value < n.least || n.value > n.most {
			return fmt.Errorf("%w: %s is %v; it may be %v to %v", ErrOptions, n.name, n.value, n.least, n.most)
		}
	}
	for _, wrong := range o.contradictions() {
		if wrong.is {
			return fmt.Errorf("%w: %s", ErrOptions, wrong.text)
		}
	}
	return nil
}

// number is one option with its range.
type number struct {
	name        string
	value       float64
	least, most float64
}

func (o *Options) numbers() []number {
	const many = math.MaxInt32
	return []number{
		{"the number of producers", float64(o.Producers), 0, many},
		{"the number of consumers", float64(o.Consumers), 0, many},
		{"the number of channels of a producer", float64(o.ProducerChannels), 1, math.MaxUint16 - 1},
		{"the number of channels of a consumer", float64(o.ConsumerChannels), 1, math.MaxUint16 - 1},
		{"the size of a message", float64(o.Size), 0, many},
		{"the number of unconfirmed messages", float64(o.Confirm), 0, MaxConfirm},
		{"the size of a producer's transaction", float64(o.ProducerTx), 0, many},
		{"the size of a consumer's transaction", float64(o.ConsumerTx), 0, many},
		{"the number of messages of an acknowledgement", float64(o.AckEvery), 0, many},
		{"the prefetch", float64(o.Prefetch), 0, math.MaxUint16},
		{"the prefetch of a channel", float64(o.ChannelPrefetch), 0, math.MaxUint16},
		{"the rate", o.Rate, 0, 1e9},
		{"the rate of a consumer", o.ConsumerRate, 0, 1e9},
		{"the number of messages in flight", float64(o.InFlight), 0, many},
		{"the number of bindings", float64(o.TopicBindings), 0, maxTopics},
		{"the interval in seconds", o.Interval.Seconds(), 0.01, many},
		{"the heartbeat in seconds", o.Heartbeat.Seconds(), 0, math.MaxUint16},
	}
}

func (o *Options) contradictions() []struct {
	is   bool
	text string
} {
	return []struct {
		is   bool
		text string
	}{
		{len(o.URLs) == 0, "there is no address of a broker"},
		{o.ProducerTx > 0 && o.Confirm > 0, "a producer has transactions or confirms, not both"},
		{!o.AutoAck && o.Prefetch > 0 && o.AckEvery > o.Prefetch, "acknowledgements of more messages than the prefetch would be waited for forever"},
		{o.AutoAck && o.ConsumerTx > 0, "a consumer with automatic acknowledgements has no transactions"},
		{o.Queue != "" && o.QueuePattern != "", "there is a queue or a pattern of queues, not both"},
		{o.QueuePattern != "" && o.QueueTo < o.QueueFrom, "the pattern of queues ends before it begins"},
		{o.QueuePattern != "" && strings.Contains(fmt.Sprintf(o.QueuePattern, 1), "%!"), "the pattern of queues needs one place for a number, such as %d"},
		{o.Queue == "" && o.QueuePattern == "" && o.quorum(), "a quorum queue needs a name"},
		{o.Queue == "" && o.QueuePattern == "" && o.Predeclared, "queues that are there already have names"},
		{o.InFlight > 0 && (o.Consumers == 0 || o.Producers == 0), "messages in flight need producers and consumers"},
		{o.TopicBindings > 0 && (o.ExchangeType != "topic" || len(o.queues()) == 0), "bindings with patterns need an exchange of the type topic, and queues with names"},
	}
}

func (o *Options) quorum() bool {
	return slices.Contains(o.QueueArguments, amqp.Field{Key: "x-queue-type", Value: "quorum"})
}

// queues are the names of the queues; none if the broker names them.
func (o *Options) queues() []string {
	if o.QueuePattern == "" {
		if o.Queue == "" {
			return nil
		}
		return []string{o.Queue}
	}
	var names []string
	for n := o.QueueFrom; n <= o.QueueTo; n++ {
		names = append(names, fmt.Sprintf(o.QueuePattern, n))
	}
	return names
}

// copies is how many queues a message goes to.
func (o *Options) copies() int {
	named := len(o.queues())
	switch {
	case named == 0:
		return max(1, o.Consumers*o.ConsumerChannels)
	case o.ExchangeType == "fanout" && o.Exchange != "":
		return named
	}
	return 1
}
