package server_test

import (
	"github.com/leveretmq/leveret/amqp"
)

// What the talker says seldom. Each method is one topic.

func (k *talker) get(ch *talk) {
	names := queueNames()[:4]
	for range 1 + k.random.IntN(5) {
		name := names[k.random.IntN(len(names))]
		m := &amqp.BasicGet{Queue: name, NoAck: ch != k.consumer() && k.chance(5)}
		counts := k.counts[name]
		if counts.Ready > 0 && !m.NoAck {
			counts.Ready--
			k.counts[name] = counts
			ch.hope()
		}
		ch.say(m)
	}
}

func (k *talker) reject(ch *talk) {
	tag, multiple := k.tag(ch)
	if multiple || k.chance(50) {
		ch.say(&amqp.BasicNack{DeliveryTag: tag, Multiple: multiple, Requeue: k.chance(60)})
	} else {
		ch.say(&amqp.BasicReject{DeliveryTag: tag, Requeue: k.chance(60)})
	}
}

// drop settles a delivery that does not come again.
func (k *talker) drop(ch *talk) {
	tag, multiple := k.tag(ch)
	ch.say(&amqp.BasicNack{DeliveryTag: tag, Multiple: multiple})
}

func (k *talker) request(ch *talk) {
	names := queueNames()[:4]
	list := []amqp.Method{
		&amqp.QueueDeclare{Queue: names[k.random.IntN(len(names))], Passive: true},
		&amqp.BasicQos{PrefetchCount: uint16(k.random.IntN(3))},
		&amqp.ChannelFlow{Active: true},
		&amqp.BasicRecover{Requeue: true},
		&amqp.BasicCancel{ConsumerTag: "none"},
	}
	ch.say(list[k.random.IntN(len(list))])
}

// change takes something away that messages may need, or brings all back.
func (k *talker) change(ch *talk) {
	if k.chance(50) {
		ch.say(topology()...)
		return
	}
	list := undoing()
	ch.say(list[k.random.IntN(len(list))])
}

func (k *talker) confirmed(ch *talk) { ch.say(&amqp.ConfirmSelect{}) }

func (k *talker) transact(ch *talk) {
	ch.say(&amqp.TxSelect{})
	ch.tx = true
}

func (k *talker) commit(ch *talk) {
	switch {
	case !ch.tx:
	case k.chance(70):
		ch.say(&amqp.TxCommit{})
	default:
		ch.say(&amqp.TxRollback{})
	}
}

func (k *talker) close(ch *talk) {
	if ch.failed || k.mood != calm {
		return // an open that comes too early ends the connection
	}
	ch.say(&amqp.ChannelClose{}, &amqp.ChannelOpen{})
	ch.begin()
}

// fail names a tag that there is none of, after good ones; what follows does
// not count.
func (k *talker) fail(ch *talk) {
	k.acknowledge(ch)
	ch.say(&amqp.BasicAck{DeliveryTag: 1 << 40})
	for range k.random.IntN(4) {
		k.publish(ch)
		k.acknowledge(ch)
	}
	if k.chance(50) {
		ch.say(&amqp.ChannelCloseOk{}, &amqp.ChannelOpen{})
		ch.begin()
	}
}

func (k *talker) goodbye(ch *talk) {
	if k.careless {
		ch.said = append(ch.said, amqp.AppendMethod(nil, 0, &amqp.ConnectionClose{}))
	}
}

// consume makes messages come: for the first time, or again.
func (k *talker) consume(ch *talk) {
	switch {
	case !ch.consuming:
		if k.chance(50) {
			k.limit(ch)
		}
		ch.say(&amqp.BasicConsume{Queue: consumed, ConsumerTag: "consumer"})
	case len(ch.held) == 0:
		return
	case k.chance(50):
		k.chooseAgain(ch)
	default:
		ch.say(&amqp.BasicRecover{Requeue: true})
		ch.held = nil
	}
}

// chooseAgain brings deliveries back to their queue.
func (k *talker) chooseAgain(ch *talk) {
	tag, multiple := k.tag(ch)
	ch.say(&amqp.BasicNack{DeliveryTag: tag, Multiple: multiple, Requeue: true})
}

func (k *talker) limit(ch *talk) {
	ch.say(&amqp.BasicQos{PrefetchCount: uint16(k.random.IntN(6)), Global: k.chance(50)})
}

func (k *talker) cancel(ch *talk) {
	ch.say(&amqp.BasicCancel{ConsumerTag: "consumer"})
}
