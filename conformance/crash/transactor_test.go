package crash

import (
	"context"

	amqp "github.com/rabbitmq/amqp091-go"
)

// transactor publishes in transactions that span queues.
type transactor struct{ *publisher }

// run commits transactions until ctx ends, the connection is lost or count of
// them are done; count 0 is no limit.
func (p *transactor) run(ctx context.Context, conn *amqp.Connection, count int) error {
	channel, closed, err := openChannel(conn)
	if err != nil {
		return err
	}
	if err := channel.Tx(); err != nil {
		return err
	}
	for done := 0; (count == 0 || done < count) && ctx.Err() == nil; done++ {
		if err := p.transact(channel); err != nil {
			return err
		}
	}
	return closed.close(channel)
}

// transact runs one transaction to its end, and one in ten to its rollback: what
// was rolled back is not recorded, so that its delivery would be an alien.
func (p *transactor) transact(channel *amqp.Channel) error {
	const most, rollbackOneIn = 6, 10
	var t Transaction
	for range 1 + p.random.IntN(most) {
		v := p.next()
		t.Publishes = append(t.Publishes, v)
		if err := p.send(channel, v, amqp.Persistent); err != nil {
			return err
		}
	}
	if p.random.IntN(rollbackOneIn) == 0 {
		return channel.TxRollback()
	}
	return commitRecorded(p.history, channel, t)
}

// commitRecorded commits what channel has collected, which is t.
func commitRecorded(h *History, channel *amqp.Channel, t Transaction) error {
	number := h.Commit(t)
	if err := channel.TxCommit(); err != nil {
		return err
	}
	h.Committed(number)
	return nil
}
