package bench

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/internal/client"
)

const (
	// randomKeys is how many different random keys a producer has.
	randomKeys = 1000
	// declarers is how many connections declare queues at once: durable ones wait
	// for the disk, and share its syncs.
	declarers = 64
)

// keysOf are the routing keys of a producer's messages, in turns.
func (r *run) keysOf(number int) []string {
	queues := r.queues()
	switch {
	case r.TopicBindings > 0:
		return topicKeys(r.TopicBindings)
	case r.RandomKeys:
		keys := make([]string, randomKeys)
		for i := range keys {
			keys[i] = fmt.Sprintf("%016x", rand.Uint64())
		}
		return keys
	case r.AllQueues && len(queues) > 0:
		return queues
	case len(queues) > 0:
		return []string{r.bindingKey(queues[number%len(queues)])}
	}
	return []string{r.bindingKey(r.key)}
}

// bindingKey is the key that a queue is bound with and that its messages have.
func (r *run) bindingKey(queue string) string {
	if r.RoutingKey != "" {
		return r.RoutingKey
	}
	return queue
}

// declare makes the exchange, the queues with a name, and their bindings.
func (r *run) declare() error {
	if err := client.Once(r.URLs[0], r.declareExchange); err != nil {
		return err
	}
	return r.overQueues(func(c *client.Client, at int, queue string) error {
		if err := r.declareQueue(c, queue); err != nil {
			return err
		}
		if r.TopicBindings > 0 {
			return r.bindTopics(c, at, queue)
		}
		return r.bind(c, 1, queue, r.bindingKey(queue))
	})
}

// overQueues does something with all queues, over several connections.
func (r *run) overQueues(do func(c *client.Client, at int, queue string) error) error {
	queues := r.queues()
	failed := make([]error, min(declarers, len(queues)))
	var all sync.WaitGroup
	for i := range failed {
		all.Go(func() {
			failed[i] = client.Once(r.URLs[i%len(r.URLs)], func(c *client.Client) (err error) {
				for at := i; at < len(queues) && err == nil; at += len(failed) {
					err = do(c, at, queues[at])
				}
				return err
			})
		})
	}
	all.Wait()
	return errors.Join(failed...)
}

// builtIn says that the exchange is one that every broker has.
func (r *run) builtIn() bool { return r.Exchange == "" || strings.HasPrefix(r.Exchange, "amq.") }

func (r *run) declareExchange(c *client.Client) error {
	if r.builtIn() {
		return nil
	}
	if r.Predeclared {
		there := client.Once(r.URLs[0], func(c *client.Client) error {
			return c.Request(1, &amqp.ExchangeDeclare{Exchange: r.Exchange, Passive: true}, amqp.IDExchangeDeclareOk)
		})
		if there == nil {
			return nil
		}
	}
	return c.Request(1, &amqp.ExchangeDeclare{Exchange: r.Exchange, Type: r.ExchangeType}, amqp.IDExchangeDeclareOk)
}

func (r *run) declareQueue(c *client.Client, queue string) error {
	if r.Predeclared {
		there := client.Once(r.URLs[0], func(c *client.Client) error {
			_, err := c.Depth(queue)
			return err
		})
		if there == nil {
			return nil
		}
	}
	return c.Request(1, &amqp.QueueDeclare{
		Queue: queue, Durable: r.Persistent, AutoDelete: r.AutoDelete, Arguments: r.QueueArguments,
	}, amqp.IDQueueDeclareOk)
}

func (r *run) bind(c *client.Client, channel uint16, queue, key string) error {
	if r.SkipBinding || r.Exchange == "" {
		return nil
	}
	return c.Request(channel, &amqp.QueueBind{Queue: queue, Exchange: r.Exchange, RoutingKey: key}, amqp.IDQueueBindOk)
}

// queueOf is the queue of a consuming channel, which is declared if it has no
// name yet. Those with names are given to the channels in turns.
func (r *run) queueOf(number int, c *consumer) (string, error) {
	if queues := r.queues(); len(queues) > 0 {
		return queues[(number*r.ConsumerChannels+int(c.channel)-1)%len(queues)], nil
	}
	var ok amqp.QueueDeclareOk
	declare := &amqp.QueueDeclare{
		Durable: r.Persistent, AutoDelete: r.AutoDelete, Exclusive: r.Exclusive, Arguments: r.QueueArguments,
	}
	if err := c.link.client.Ask(c.channel, declare, &ok); err != nil {
		return "", err
	}
	key := r.bindingKey(r.key)
	if r.Exchange == "" {
		return ok.Queue, nil
	}
	return ok.Queue, r.bind(c.link.client, c.channel, ok.Queue, key)
}

// deleteQueues deletes the queues with a name, if that was asked for.
func (r *run) deleteQueues() error {
	if !r.DeleteQueues {
		return nil
	}
	return r.overQueues(func(c *client.Client, _ int, queue string) error {
		return c.Request(1, &amqp.QueueDelete{Queue: queue}, amqp.IDQueueDeleteOk)
	})
}
