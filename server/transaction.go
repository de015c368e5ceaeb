package server

import (
	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/broker"
	"github.com/leveretmq/leveret/message"
	"github.com/leveretmq/leveret/queue"
)

// transaction is what a transactional channel has gathered since its last
// commit or rollback. Messages are routed as they come, so that errors are
// told at once; all else waits for the commit.
type transaction struct {
	publishes []txPublish
	settled   []txSettled
}

type txPublish struct {
	message    *message.Message
	queues     []*queue.Queue
	requesters []broker.Requester
	mandatory  bool
	entrance   *broker.Entrance
}

type txSettled struct {
	delivery queue.Delivery
	how      settlement
}

// settlement is what becomes of a delivery.
type settlement int

const (
	settleAck settlement = iota
	settleDrop
	settleRequeue
)

func (ch *channel) selectTx() error {
	if ch.confirms != nil {
		return amqp.Errorf(amqp.CodePreconditionFailed, "cannot switch from confirm to tx mode")
	}
	if ch.tx == nil {
		ch.beginTx()
	}
	ch.conn.send(ch.id, &amqp.TxSelectOk{})
	return nil
}

// beginTx begins with an empty transaction.
func (ch *channel) beginTx() {
	ch.conn.mu.Lock()
	ch.tx = new(transaction)
	ch.conn.mu.Unlock()
	ch.uncommitted.Store(0)
	ch.undecided.Store(0)
}

// txSettle takes deliveries out of the channel's list until the transaction
// ends.
func (ch *channel) txSettle(tag uint64, multiple bool, how settlement) error {
	ch.conn.mu.Lock()
	defer ch.conn.mu.Unlock()
	taken, err := ch.unacked.takeTagged(tag, multiple, nil)
	if err != nil {
		return err
	}
	for _, d := range taken {
		ch.tx.settled = append(ch.tx.settled, txSettled{delivery: d, how: how})
	}
	ch.undecided.Store(int64(len(ch.tx.settled)))
	return nil
}

// commitTx applies the transaction to all queues as one unit, and answers when
// that is durable.
func (ch *channel) commitTx() error {
	tx := ch.tx
	if tx == nil {
		return amqp.Errorf(amqp.CodePreconditionFailed, "channel is not transactional")
	}
	ch.beginTx()
	for _, p := range tx.publishes {
		p.message.Arrived = ch.conn.arrived // nobody has it before the commit
		nobody := len(p.queues)+len(p.requesters) == 0
		if p.mandatory && nobody {
			ch.returnMessage(p.message)
		}
		ch.conn.server.measures.sizes.Observe(ch.conn.number, int64(p.message.Size()))
		in := ch.inletOf(p.entrance)
		ch.countPublished(in, 1, len(p.queues))
		ch.countPassages(p.entrance, p.queues, 1)
		if len(p.queues) == 0 {
			in.countUnroutable(p.mandatory && nobody)
		}
	}
	if err := ch.conn.vhost.Commit(tx.parts()); err != nil {
		return err
	}
	ch.conn.mu.Lock()
	ch.countAcks(tx.acks())
	ch.conn.mu.Unlock()
	for _, p := range tx.publishes {
		ch.respond(p.message, p.requesters)
	}
	ch.releaseLimit(tx.deliveries())
	ch.conn.send(ch.id, &amqp.TxCommitOk{})
	return nil
}

// parts sorts the transaction by queues.
func (tx *transaction) parts() []queue.Part {
	var parts []queue.Part
	index := make(map[*queue.Queue]int)
	part := func(q *queue.Queue) *queue.Part {
		i, ok := index[q]
		if !ok {
			i = len(parts)
			index[q] = i
			parts = append(parts, queue.Part{Queue: q})
		}
		return &parts[i]
	}
	for _, p := range tx.publishes {
		for _, q := range p.queues {
			to := part(q)
			to.Publish = append(to.Publish, queue.Publication{Message: p.message})
			to.Sources = append(to.Sources, p.entrance.Source())
		}
	}
	for _, s := range tx.settled {
		of := part(s.delivery.Queue)
		switch s.how {
		case settleRequeue:
			of.Requeue = append(of.Requeue, s.delivery)
		case settleDrop:
			of.Reject = append(of.Reject, s.delivery)
		default:
			of.Ack = append(of.Ack, s.delivery)
		}
	}
	return parts
}

// acks are the deliveries that the transaction acknowledges.
func (tx *transaction) acks() (list []queue.Delivery) {
	for _, s := range tx.settled {
		if s.how == settleAck {
			list = append(list, s.delivery)
		}
	}
	return list
}

// deliveries lists what the transaction settles, with the old tags.
func (tx *transaction) deliveries() []queue.Delivery {
	all := make([]queue.Delivery, 0, len(tx.settled))
	for _, s := range tx.settled {
		all = append(all, s.delivery)
	}
	return all
}

// rollbackTx forgets the publishes; what was acknowledged is unacknowledged
// again, but not delivered again.
func (ch *channel) rollbackTx() error {
	if ch.tx == nil {
		return amqp.Errorf(amqp.CodePreconditionFailed, "channel is not transactional")
	}
	ch.discardTx()
	ch.conn.send(ch.id, &amqp.TxRollbackOk{})
	return nil
}

// discardTx ends an uncommitted transaction, if there is one.
func (ch *channel) discardTx() {
	if ch.tx == nil {
		return
	}
	ch.conn.mu.Lock()
	ch.unacked.restore(ch.tx.deliveries())
	ch.conn.mu.Unlock()
	ch.beginTx()
}
