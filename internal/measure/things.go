package main

import (
	"fmt"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/internal/bench"
	"github.com/leveretmq/leveret/internal/client"
)

// thing is something that clients may have very many of, and that costs memory
// while nothing happens to it.
type thing struct {
	name   string // for -only, and in the chart
	about  string // what exactly is counted
	counts []int  // at which the memory is measured, ascending
	begin  func(*lot) error
	// grow makes the things from one number up to another, without it.
	grow func(l *lot, from, to int) error
}

const (
	// carriers is over how many connections things are spread.
	carriers = 100
	// mostChannels is how many channels there are at most.
	mostChannels = 100_000
	// spreadQueues is over how many queues consumers and bindings are spread.
	spreadQueues = 100
	// heldQueue is the pattern of the names of those queues.
	heldQueue = "held-%d"
)

// things are all of them.
func things() []thing {
	return []thing{
		{
			"connections", "connections, one channel each", []int{1000, 2000, 5000, 10_000}, nothing,
			func(l *lot, from, to int) error { return l.carry(to-from, client.Options{}) },
		},
		{"channels", "channels, over 100 connections", []int{1000, 10_000, 50_000, mostChannels}, carryChannels, openChannels},
		{"consumers", "consumers, over 100 connections and queues", []int{1000, 10_000, 50_000, 100_000}, holdQueues, consume},
		{"transient queues", "transient queues", []int{1000, 10_000, 50_000, 100_000}, carryFew, declareTransient},
		{"durable queues", "durable queues", []int{1000, 10_000, 50_000, 100_000}, carryFew, declareDurable},
		{
			"direct bindings", "bindings of a direct exchange, each with a key", []int{10_000, 100_000, 500_000, 1_000_000},
			bindsTo("direct"), bindMany("direct", func(n int) string { return fmt.Sprintf("key-%d", n) }),
		},
		{
			"topic bindings", "bindings of a topic exchange, patterns of 8 words", []int{10_000, 100_000, 500_000, 1_000_000},
			bindsTo("topic"), bindMany("topic", bench.TopicPattern),
		},
	}
}

func nothing(*lot) error { return nil }

func carryFew(l *lot) error { return l.carry(carriers, client.Options{}) }

// firstOpened is the channel that the first request of openChannels is for: the
// carriers have one channel already.
const firstOpened = 2

func carryChannels(l *lot) error {
	return l.carry(carriers, client.Options{ChannelMax: mostChannels/carriers + firstOpened})
}

func openChannels(l *lot, from, to int) error {
	return l.request(from, to, func(number int) (uint16, amqp.Method) {
		return uint16(number/len(l.carriers) + firstOpened), &amqp.ChannelOpen{}
	}, amqp.IDChannelOpenOk)
}

// holdQueues makes the queues that consumers and bindings are spread over.
func holdQueues(l *lot) error {
	if err := carryFew(l); err != nil {
		return err
	}
	return l.ask(0, spreadQueues, func(number int) amqp.Method {
		return &amqp.QueueDeclare{Queue: fmt.Sprintf(heldQueue, number)}
	}, amqp.IDQueueDeclareOk)
}

func consume(l *lot, from, to int) error {
	return l.ask(from, to, func(number int) amqp.Method {
		return &amqp.BasicConsume{Queue: fmt.Sprintf(heldQueue, number%spreadQueues), ConsumerTag: fmt.Sprintf("consumer-%d", number)}
	}, amqp.IDBasicConsumeOk)
}

func declareTransient(l *lot, from, to int) error {
	return l.ask(from, to, func(number int) amqp.Method {
		return &amqp.QueueDeclare{Queue: fmt.Sprintf("queue-%d", number)}
	}, amqp.IDQueueDeclareOk)
}

func declareDurable(l *lot, from, to int) error {
	return l.ask(from, to, func(number int) amqp.Method {
		return &amqp.QueueDeclare{Queue: fmt.Sprintf("queue-%d", number), Durable: true}
	}, amqp.IDQueueDeclareOk)
}

// costExchange is the pattern of the names of the exchanges for bindings.
const costExchange = "costs-%s"

func bindsTo(kind string) func(*lot) error {
	return func(l *lot) error {
		if err := holdQueues(l); err != nil {
			return err
		}
		return l.ask(0, 1, func(int) amqp.Method {
			return &amqp.ExchangeDeclare{Exchange: fmt.Sprintf(costExchange, kind), Type: kind}
		}, amqp.IDExchangeDeclareOk)
	}
}

func bindMany(kind string, key func(number int) string) func(*lot, int, int) error {
	return func(l *lot, from, to int) error {
		return l.ask(from, to, func(number int) amqp.Method {
			return &amqp.QueueBind{
				Queue: fmt.Sprintf(heldQueue, number%spreadQueues), Exchange: fmt.Sprintf(costExchange, kind), RoutingKey: key(number),
			}
		}, amqp.IDQueueBindOk)
	}
}
