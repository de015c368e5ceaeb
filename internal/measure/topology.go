package main

import (
	"errors"
	"fmt"
	"sync"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/internal/client"
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
func spread(url string, connections int, names []string, do func(*client.Client, string) error) error {
	connections = min(connections, len(names))
	failed := make([]error, connections)
	var all sync.WaitGroup
	for i := range connections {
		all.Go(func() {
			failed[i] = client.Once(url, func(c *client.Client) (err error) {
				for at := i; at < len(names) && err == nil; at += connections {
					err = do(c, names[at])
				}
				return err
			})
		})
	}
	all.Wait()
	return errors.Join(failed...)
}

// declareQueues makes durable queues, one after the other.
func declareQueues(url string, queues []string) error {
	return spread(url, 1, queues, (*client.Client).Declare)
}

// declareExchange makes a durable exchange.
func declareExchange(url, name, kind string) error {
	return client.Once(url, func(c *client.Client) error {
		return c.Request(1, &amqp.ExchangeDeclare{Exchange: name, Type: kind, Durable: true}, amqp.IDExchangeDeclareOk)
	})
}
