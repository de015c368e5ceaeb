package main

import (
	"fmt"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/internal/client"
)

// readConfirms settles what the broker confirms, until the connection ends.
func readConfirms(c *client.Client, w *client.Window) error {
	last := uint64(0)
	for {
		f, err := c.Frame()
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
			w.Settle(1)
			last = max(last, ack.DeliveryTag)
			continue
		}
		w.Settle(int64(ack.DeliveryTag - last))
		last = ack.DeliveryTag
	}
}
