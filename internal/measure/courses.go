package main

import "github.com/leveretmq/leveret/internal/bench"

// course is how the cost of a message grows with the number of something.
type course struct {
	name, about string
	counts      []int
	options     func(n int) bench.Options
	before      func(n int) bench.Options // a test that comes first; nil if there is none
}

func courses() []course {
	return []course{
		{"topics", "bindings of a topic exchange, keys of 8 words, 10 queues and consumers", []int{1, 10, 100, 1000, 10_000, 100_000, 1_000_000}, growTopics, nil},
		{"fan-out", "queues of a fan-out, up to 10 connections that consume", []int{1, 10, 100, 1000}, growFanout, nil},
		{"publishers", "publishers to one queue with one consumer", []int{1, 3, 10, 30, 100}, growPublishers, nil},
		{"queues", "queues that one publisher takes in turns, up to 10 connections that consume", []int{1, 10, 100, 1000}, growQueues, nil},
		{"backlog", "messages that wait in a durable queue; 1 KiB persistent, confirms", []int{1, 1000, 10_000, 100_000, 1_000_000}, growBacklog, fillBefore},
	}
}

const (
	// growthSize is the octets of a message, unless it says something else.
	growthSize = 128
	// growthInFlight is how many messages are on their way, those to many queues
	// counted for each.
	growthInFlight = 20_000
	// fewest is how many messages are on their way at least.
	fewest = 100
	// consumingConnections is over how many connections many consumers are spread.
	consumingConnections = 10
)

// growing is the options that all courses begin with.
func growing() bench.Options {
	o := bench.Defaults()
	o.Exchange, o.Size, o.AutoAck, o.InFlight = "", growthSize, true, growthInFlight
	return o
}

// consumeFrom has a consumer for each of n queues.
func consumeFrom(o *bench.Options, n int) {
	o.Consumers = min(n, consumingConnections)
	o.ConsumerChannels = (n + o.Consumers - 1) / o.Consumers
}

func growTopics(n int) bench.Options {
	o := growing()
	o.Exchange, o.ExchangeType, o.TopicBindings = "growth", "topic", n
	o.QueuePattern, o.QueueTo, o.Consumers = "growth-%d", 10, 10
	return o
}

func growFanout(n int) bench.Options {
	o := growing()
	o.Exchange, o.ExchangeType = "growth", "fanout"
	o.InFlight = max(fewest, growthInFlight/n)
	consumeFrom(&o, n)
	return o
}

func growPublishers(n int) bench.Options {
	o := growing()
	o.Queue, o.Producers = "growth", n
	return o
}

func growQueues(n int) bench.Options {
	o := growing()
	o.QueuePattern, o.QueueTo, o.AllQueues = "growth-%d", n, true
	consumeFrom(&o, n)
	return o
}

// backlogged is the options of both tests of a backlog.
func backlogged() bench.Options {
	o := growing()
	o.Queue, o.Size, o.Persistent, o.AutoDelete = "growth", 1024, true, false
	o.AutoAck, o.AckEvery, o.Prefetch, o.Confirm = false, 10, 1000, 1000
	return o
}

func growBacklog(int) bench.Options { return backlogged() }

func fillBefore(n int) bench.Options {
	o := backlogged()
	o.Consumers, o.InFlight, o.ProducerMessages = 0, 0, int64(n)
	return o
}
