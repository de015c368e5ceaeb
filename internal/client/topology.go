package client

import (
	"errors"

	"github.com/leveretmq/leveret/amqp"
)

// durable is what topology of measurements is that has to outlive a restart.
const durable = true

// Declare makes a durable queue, on channel 1.
func (c *Client) Declare(queue string) error {
	return c.Request(1, &amqp.QueueDeclare{Queue: queue, Durable: durable}, amqp.IDQueueDeclareOk)
}

// Bind binds a queue to an exchange, on channel 1.
func (c *Client) Bind(queue, exchange, key string) error {
	return c.Request(1, &amqp.QueueBind{Queue: queue, Exchange: exchange, RoutingKey: key}, amqp.IDQueueBindOk)
}

// Depth is how many messages of a queue are ready. It uses channel 1.
func (c *Client) Depth(queue string) (uint32, error) {
	var ok amqp.QueueDeclareOk
	err := c.Ask(1, &amqp.QueueDeclare{Queue: queue, Passive: true}, &ok)
	return ok.MessageCount, err
}

// Once does something over a connection of its own.
func Once(url string, do func(*Client) error) error {
	c, err := Dial(url, Options{})
	if err != nil {
		return err
	}
	return errors.Join(do(c), c.Close())
}
