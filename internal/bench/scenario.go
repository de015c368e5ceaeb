package bench

import (
	"fmt"
	"time"
)

// Case is a ready-made test.
type Case struct {
	Name    string // short, for tables and files
	About   string // what happens, in a line
	Options Options
}

// Scale is how large and long the ready-made tests are.
type Scale struct {
	Connections int // of the scenario connections
	Queues      int // of the scenario queues
	Messages    int // of the scenario backlog
	Bindings    int // of the scenario topics
	Rate        int // messages a second of the scenario latency
	Time        time.Duration
	WarmUp      time.Duration
}

// DefaultScale is what the figures of the manual were measured with.
func DefaultScale() Scale {
	return Scale{
		Connections: 10_000, Queues: 100_000, Messages: 1_000_000, Bindings: 10_000, Rate: 10_000,
		Time: 10 * time.Second, WarmUp: 2 * time.Second,
	}
}

// Scenario is a series of ready-made tests about one subject.
type Scenario struct {
	Name  string
	About string
	Cases func(Scale) []Case
}

// Scenarios are all of them.
func Scenarios() []Scenario {
	return []Scenario{
		{"throughput", "transient messages of 16 B, 1 KiB and 64 KiB through one queue", throughput},
		{"durable", "persistent messages of 1 KiB through durable queues, with confirms and without", persistent},
		{"latency", "transient messages of 1 KiB at a steady rate", latency},
		{"fanout", "each message to 50 queues", fanout},
		{"topics", "a topic exchange with many bindings and keys of eight words", topics},
		{"connections", "many idle connections with a channel and a consumer each", connections},
		{"queues", "many idle durable queues", queues},
		{"backlog", "a durable queue that is filled, then drained", backlog},
	}
}

const (
	// transientInFlight keeps a broker busy without growing a backlog in it.
	transientInFlight = 20_000
	// largeInFlight does the same for messages of 64 KiB.
	largeInFlight = 200
	kibibyte      = 1024
)

// prepared is the options that all ready-made tests begin with.
func (s Scale) prepared(queue string) Options {
	o := Defaults()
	o.Queue, o.Exchange = queue, ""
	o.Time, o.WarmUp = s.Time, s.WarmUp
	return o
}

func throughput(s Scale) []Case {
	small := s.prepared("bench-throughput")
	small.Size, small.AutoAck, small.InFlight = 16, true, transientInFlight
	acked := small
	acked.AutoAck, acked.Prefetch = false, 1000
	medium := small
	medium.Size = kibibyte
	large := small
	large.Size, large.InFlight = 64*kibibyte, largeInFlight
	return []Case{
		{"transient-16", "16 B transient, 1 publisher, 1 consumer, automatic acknowledgement", small},
		{"transient-16-ack", "16 B transient, each acknowledged, prefetch 1000", acked},
		{"transient-1k", "1 KiB transient, automatic acknowledgement", medium},
		{"transient-64k", "64 KiB transient, automatic acknowledgement", large},
	}
}

func persistent(s Scale) []Case {
	plain := s.prepared("bench-durable")
	plain.Size, plain.Persistent, plain.DeleteQueues = kibibyte, true, true
	plain.AckEvery, plain.Prefetch, plain.InFlight = 100, 1000, transientInFlight
	confirmed := plain
	confirmed.Confirm, confirmed.AckEvery = 1000, 10
	many := confirmed
	many.Producers, many.Consumers, many.Confirm = 10, 10, 100
	single := confirmed
	single.Confirm, single.AckEvery = 1, 1
	return []Case{
		{"durable", "1 KiB persistent, no confirms, acknowledged every 100", plain},
		{"durable-confirm", "1 KiB persistent, confirms with 1,000 in flight, acknowledged every 10", confirmed},
		{"durable-confirm-10", "the same, 10 publishers and 10 consumers with 100 in flight each", many},
		{"durable-confirm-1", "1 KiB persistent, confirms one at a time", single},
	}
}

func latency(s Scale) []Case {
	o := s.prepared("bench-latency")
	o.Size, o.AutoAck, o.Rate = kibibyte, true, float64(s.Rate)
	return []Case{{"latency", fmt.Sprintf("1 KiB transient, %d messages a second, automatic acknowledgement", s.Rate), o}}
}

func fanout(s Scale) []Case {
	o := s.prepared("")
	o.Exchange, o.ExchangeType = "bench-fanout", "fanout"
	o.Size, o.AutoAck, o.Consumers, o.InFlight = 128, true, 50, 2000
	return []Case{{"fanout-50", "128 B transient to 50 queues with a consumer each", o}}
}

func topics(s Scale) []Case {
	o := s.prepared("")
	o.Exchange, o.ExchangeType, o.TopicBindings = "bench-topics", "topic", s.Bindings
	o.QueuePattern, o.QueueFrom, o.QueueTo = "bench-topics-%d", 1, 10
	o.Size, o.AutoAck, o.Consumers, o.InFlight, o.DeleteQueues = 128, true, 10, transientInFlight, true
	return []Case{{"topics", fmt.Sprintf("128 B transient, topic exchange with %d bindings, keys of 8 words, 10 consumers", s.Bindings), o}}
}

func connections(s Scale) []Case {
	o := s.prepared("bench-connections")
	o.Producers, o.Consumers = 0, s.Connections
	return []Case{{"connections", fmt.Sprintf("%d idle connections, one channel and one consumer each", s.Connections), o}}
}

func queues(s Scale) []Case {
	o := s.prepared("")
	o.QueuePattern, o.QueueFrom, o.QueueTo = "bench-queue-%d", 1, s.Queues
	o.Producers, o.Consumers = 0, 0
	o.Persistent, o.AutoDelete, o.DeleteQueues = true, false, true
	return []Case{{"queues", fmt.Sprintf("%d idle durable queues", s.Queues), o}}
}

func backlog(s Scale) []Case {
	fill := s.prepared("bench-backlog")
	fill.Size, fill.Persistent, fill.AutoDelete = kibibyte, true, false
	fill.Consumers, fill.Confirm, fill.ProducerMessages = 0, 5000, int64(s.Messages)
	fill.Time, fill.WarmUp = 0, 0
	drain := fill
	drain.Producers, drain.Consumers, drain.Confirm, drain.ProducerMessages = 0, 1, 0, 0
	drain.Prefetch, drain.AckEvery, drain.ConsumerMessages, drain.DeleteQueues = 1000, 10, int64(s.Messages), true
	return []Case{
		{"backlog-fill", "1 KiB persistent into a durable queue, confirms with 5,000 in flight", fill},
		{"backlog-drain", "the same messages out of it, prefetch 1000, acknowledged every 10", drain},
	}
}
