package conformance

import (
	"testing"

	"github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

func TestTx_DeliveriesAreNotTransactional(t *testing.T) {
	rule(t, "tx")
	ch, observer := txOpen(t)
	consumed, got := basicFilledQueue(t, observer, 1), basicFilledQueue(t, observer, 1)
	receive(t, basicConsumer{}.startOn(t, ch, consumed))
	basicTake(t, ch, got)
}

// Settlements take effect with the commit: a channel that ends before gives all its
// messages back.
func TestTx_SettlementsNeedTheCommit(t *testing.T) {
	rule(t, "tx")
	for _, s := range basicSettlements() {
		t.Run(s.name+" without commit", func(t *testing.T) {
			rule(t, "tx")
			ch, observer := txOpen(t)
			queue := basicFilledQueue(t, observer, 1)
			require.NoError(t, s.settle(ch, basicTake(t, ch, queue).DeliveryTag))
			basicRoundTrip(t, ch)
			basicEmptyEventually(t, observer, queue)
			require.NoError(t, ch.Close())
			require.Equal(t, []basicReady{{"0", true}}, basicDrain(t, observer, queue, 1))
		})
	}
}

func TestTx_SettlementsApplyWithTheCommit(t *testing.T) {
	rule(t, "tx")
	cases := []struct {
		name   string
		settle func(ch *amqp091.Channel) error
		holds  []basicReady
	}{
		{"ack", func(ch *amqp091.Channel) error { return ch.Ack(2, basicSingle) }, []basicReady{{"0", true}, {"2", true}}},
		{"ack of multiple", func(ch *amqp091.Channel) error { return ch.Ack(2, basicMultiple) }, []basicReady{{"2", true}}},
		{"ack of all", func(ch *amqp091.Channel) error { return ch.Ack(0, basicMultiple) }, nil},
		{"reject", func(ch *amqp091.Channel) error { return ch.Reject(1, basicDrop) }, []basicReady{{"1", true}, {"2", true}}},
		{"nack of multiple", func(ch *amqp091.Channel) error { return ch.Nack(3, basicMultiple, basicDrop) }, nil},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			rule(t, "tx")
			ch, observer := txOpen(t)
			queue := basicFilledQueue(t, observer, 3)
			basicTakeAll(t, ch, queue, 3)
			require.NoError(t, tc.settle(ch))
			require.NoError(t, ch.TxCommit())
			require.NoError(t, ch.Close())
			require.Equal(t, tc.holds, basicDrain(t, observer, queue, len(tc.holds)))
		})
	}
}

func TestTx_RequeueHappensWithTheCommit(t *testing.T) {
	rule(t, "tx")
	ch, observer := txOpen(t)
	queue := basicFilledQueue(t, observer, 3)
	basicTakeAll(t, ch, queue, 3)
	require.NoError(t, ch.Nack(2, basicMultiple, basicRequeue))
	basicRoundTrip(t, ch)
	basicEmptyEventually(t, observer, queue)
	require.NoError(t, ch.TxCommit())
	require.Equal(t, []basicReady{{"0", true}, {"1", true}}, basicDrain(t, observer, queue, 2))
}

func TestTx_RollbackMakesMessagesUnacknowledgedAgain(t *testing.T) {
	rule(t, "tx")
	ch, observer := txOpen(t)
	queue := basicFilledQueue(t, observer, 2)
	ds := basicConsumer{}.startOn(t, ch, queue)
	basicReceiveBodies(t, ds, 2)
	require.NoError(t, ch.Ack(2, basicMultiple))
	require.NoError(t, ch.TxRollback())
	requireNoDelivery(t, ds)
	requireEmpty(t, observer, queue)

	require.NoError(t, ch.Ack(1, basicSingle))
	require.NoError(t, ch.TxCommit())
	require.NoError(t, ch.Close())
	require.Equal(t, []basicReady{{"1", true}}, basicDrain(t, observer, queue, 1))
}

func TestTx_RollbackOfARequeueKeepsTheMessageOut(t *testing.T) {
	rule(t, "tx")
	ch, observer := txOpen(t)
	queue := basicFilledQueue(t, observer, 1)
	d := basicTake(t, ch, queue)
	require.NoError(t, d.Nack(basicSingle, basicRequeue))
	require.NoError(t, ch.TxRollback())
	basicEmptyEventually(t, observer, queue)
	require.NoError(t, d.Ack(basicSingle))
	require.NoError(t, ch.TxCommit())
}

func TestTx_UnknownTagsAreImmediateErrors(t *testing.T) {
	rule(t, "tx")
	for _, s := range basicSettlements() {
		t.Run(s.name+" of a tag never given", func(t *testing.T) {
			rule(t, "tx")
			ch, _ := txOpen(t)
			requireChannelError(t, ch, func() error { return s.settle(ch, 5) }, 406, basicUnknownTagText(5))
		})
		t.Run(s.name+" twice in one transaction", func(t *testing.T) {
			rule(t, "tx")
			ch, observer := txOpen(t)
			queue := basicFilledQueue(t, observer, 1)
			basicTake(t, ch, queue)
			require.NoError(t, s.settle(ch, 1))
			requireChannelError(t, ch, func() error { return s.settle(ch, 1) }, 406, basicUnknownTagText(1))
			require.Equal(t, []basicReady{{"0", true}}, basicDrain(t, observer, queue, 1))
		})
	}
}

func TestTx_PrefetchPlacesAreFreedByTheCommit(t *testing.T) {
	rule(t, "tx")
	ch, observer := txOpen(t)
	queue := basicFilledQueue(t, observer, 3)
	basicQos(t, ch, 1, basicPerConsumer)
	ds := basicConsumer{}.startOn(t, ch, queue)
	require.NoError(t, receive(t, ds).Ack(basicSingle))
	requireNoDelivery(t, ds)
	require.NoError(t, ch.TxCommit())
	require.Equal(t, []string{"1"}, basicReceiveBodies(t, ds, 1))
}

// The pattern that transactions are used for: take from one queue, publish to the
// next, all or nothing.
func TestTx_AcksAndPublishesEndTogether(t *testing.T) {
	rule(t, "tx")
	t.Run("commit", func(t *testing.T) {
		rule(t, "tx")
		ch, observer := txOpen(t)
		from, to := basicFilledQueue(t, observer, 1), tempQueue(t, observer)
		require.NoError(t, basicTake(t, ch, from).Ack(basicSingle))
		publish(t, ch, "", to, "result")
		require.NoError(t, ch.TxCommit())
		require.NoError(t, ch.Close())
		require.Equal(t, []basicReady{{"result", false}}, basicDrain(t, observer, to, 1))
		basicEmptyEventually(t, observer, from)
	})
	t.Run("rollback", func(t *testing.T) {
		rule(t, "tx")
		ch, observer := txOpen(t)
		from, to := basicFilledQueue(t, observer, 1), tempQueue(t, observer)
		require.NoError(t, basicTake(t, ch, from).Ack(basicSingle))
		publish(t, ch, "", to, "result")
		require.NoError(t, ch.TxRollback())
		require.NoError(t, ch.Close())
		require.Equal(t, []basicReady{{"0", true}}, basicDrain(t, observer, from, 1))
		requireEmpty(t, observer, to)
	})
	t.Run("neither", func(t *testing.T) {
		rule(t, "tx")
		ch, observer := txOpen(t)
		from, to := basicFilledQueue(t, observer, 1), tempQueue(t, observer)
		require.NoError(t, basicTake(t, ch, from).Ack(basicSingle))
		publish(t, ch, "", to, "result")
		require.NoError(t, ch.Close())
		require.Equal(t, []basicReady{{"0", true}}, basicDrain(t, observer, from, 1))
		requireEmpty(t, observer, to)
	})
}
