package crash

import (
	"context"

	amqp "github.com/rabbitmq/amqp091-go"
)

// move takes deliveries in transactions: each acks some and publishes a message
// for them, so that both must hold or neither.
func (o *openSession) move(ctx context.Context, channel *amqp.Channel, deliveries <-chan amqp.Delivery) error {
	const most, rollbackOneIn = 12, 8
	if err := channel.Tx(); err != nil {
		return err
	}
	for range 1 + o.random.IntN(most) {
		values, err := o.collect(ctx, deliveries)
		if err != nil || len(values) == 0 {
			return err
		}
		v := o.sender.next()
		if err := o.sender.send(channel, v, amqp.Persistent); err != nil {
			return err
		}
		if o.random.IntN(rollbackOneIn) == 0 {
			// The acked ones are held again, and go back with the session.
			return channel.TxRollback()
		}
		t := Transaction{Publishes: []Value{v}, Session: o.number, Acks: values}
		if err := commitRecorded(o.history, channel, t); err != nil {
			return err
		}
	}
	return nil
}

// collect waits for one delivery and takes some more if they are there. It acks
// them, which has no effect before the commit; no values mean that ctx ended.
func (o *openSession) collect(ctx context.Context, deliveries <-chan amqp.Delivery) (values []Value, err error) {
	const most = 20
	more := make(chan struct{})
	close(more)
	for range 1 + o.random.IntN(most) {
		enough := more
		if len(values) == 0 {
			enough = nil
		}
		select {
		case <-ctx.Done():
			return nil, nil
		case delivery, ok := <-deliveries:
			if !ok {
				return nil, amqp.ErrClosed
			}
			if values, err = o.collectOne(values, delivery); err != nil {
				return nil, err
			}
		case <-enough:
			return values, nil
		}
	}
	return values, nil
}

func (o *openSession) collectOne(values []Value, delivery amqp.Delivery) ([]Value, error) {
	value, err := DecodeBody(delivery.Body)
	if err != nil {
		o.history.Garbled(o.number, err)
	} else {
		o.history.Deliver(o.number, value, MarkOf(delivery.Redelivered))
		values = append(values, value)
	}
	return values, delivery.Ack(false)
}
