package main

import (
	"errors"
	"fmt"
	"sync"

	"github.com/leveretmq/leveret/amqp"
)

// names are the names of n queues.
func names(prefix string, n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("%s-%06d", prefix, i)
	}
	return list
}

// each does something with all of the names at once.
func each(names []string, do func(string) error) error {
	failed := make([]error, len(names))
	var all sync.WaitGroup
	for i, name := range names {
		all.Go(func() { failed[i] = do(name) })
	}
	all.Wait()
	return errors.Join(failed...)
}

// spread does something with all of the names over several connections.
func spread(url string, connections int, names []string, do func(*client, string) error) error {
	connections = min(connections, len(names))
	failed := make([]error, connections)
	var all sync.WaitGroup
	for i := range connections {
		all.Go(func() {
			c, err := dial(url)
			if err != nil {
				failed[i] = err
				return
			}
			for at := i; at < len(names) && err == nil; at += connections {
				err = do(c, names[at])
			}
			failed[i] = errors.Join(err, c.sock.Close())
		})
	}
	all.Wait()
	return errors.Join(failed...)
}

// declareQueues makes durable queues, one after the other.
func declareQueues(url string, queues []string) error {
	return spread(url, 1, queues, (*client).declare)
}

// declareExchange makes a durable exchange.
func declareExchange(url, name, kind string) error {
	c, err := dial(url)
	if err != nil {
		return err
	}
	declare := &amqp.ExchangeDeclare{Exchange: name, Type: kind, Durable: true}
	return errors.Join(c.request(1, declare, amqp.IDExchangeDeclareOk), c.sock.Close())
}

// bind binds a queue to an exchange.
func (c *client) bind(queue, exchange, key string) error {
	return c.request(1, &amqp.QueueBind{Queue: queue, Exchange: exchange, RoutingKey: key}, amqp.IDQueueBindOk)
}
