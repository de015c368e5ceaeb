package crash

import (
	"context"

	amqp "github.com/rabbitmq/amqp091-go"
)

// newcomers are queues that are declared under load, one in each life of the
// broker, used at once, and deleted some lives later.
type newcomers struct {
	inventory  *inventory
	publisher  *publisher
	subscriber *subscriber
	all        []newcomer // the oldest first
}

type newcomer struct{ queue, origin uint16 }

// run works through one life.
func (n *newcomers) run(ctx context.Context, conn *amqp.Connection) error {
	const kept = 3
	channel, err := conn.Channel()
	if err != nil {
		return err
	}
	if err := n.welcome(ctx, conn, channel); err != nil {
		return err
	}
	if len(n.all) <= kept {
		return nil
	}
	oldest := n.all[0]
	if n.inventory.known()[oldest.queue] == present {
		if err := n.inventory.drain(conn, oldest.queue); err != nil {
			return err
		}
	}
	// One whose declaration or deletion had no answer may be there or not; both
	// are an ok.
	if err := n.inventory.delete(channel, oldest.queue); err != nil {
		return err
	}
	n.all = n.all[1:]
	return nil
}

// welcome declares a queue, publishes into it and consumes some of it.
func (n *newcomers) welcome(ctx context.Context, conn *amqp.Connection, channel *amqp.Channel) error {
	const count = 40
	queue := n.inventory.add()
	p := n.publisher
	origin := p.history.Route(queue)
	p.routes = append(p.routes, route{"", queueName(queue), []uint16{queue}})
	p.last = append(p.last, 0)
	n.all = append(n.all, newcomer{queue: queue, origin: origin})
	if err := n.inventory.declare(channel, queue); err != nil {
		return err
	}
	err := p.confirming(conn, func(channel *amqp.Channel, a *answers) {
		for range count {
			if !p.publish(channel, a, p.nextTo(origin)) {
				return
			}
		}
	})
	if err != nil {
		return err
	}
	n.subscriber.queue = queue
	return n.subscriber.take(ctx, conn, count/2)
}
