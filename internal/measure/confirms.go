package main

import (
	"fmt"

	"github.com/leveretmq/leveret/amqp"
)

// readConfirms settles what the broker confirms, until the connection ends.
func readConfirms(c *client, w *window) error {
	last := uint64(0)
	for {
		f, err := c.frame()
		if err != nil {
			return err
		}
		id, args := amqp.SplitMethod(f.Payload)
		if id != amqp.IDBasicAck {
			return fmt.Errorf("the broker sent %s to the publisher", id)
		}
		var ack amqp.BasicAck
		if err := ack.DecodeArguments(args); err != nil {
			return err
		}
		if !ack.Multiple {
			w.settle(1)
			last = max(last, ack.DeliveryTag)
			continue
		}
		w.settle(int64(ack.DeliveryTag - last))
		last = ack.DeliveryTag
	}
}
