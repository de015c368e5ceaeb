package conformance

import (
	"strconv"
	"testing"

	"github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

func TestTx_PublishesAppearWithTheCommit(t *testing.T) {
	rule(t, "tx")
	ch, observer := txOpen(t)
	queue := tempQueue(t, ch)
	basicFillForConsumers(t, ch, queue, 3)
	basicRoundTrip(t, ch)
	basicEmptyEventually(t, observer, queue)
	requireEmpty(t, ch, queue)
	require.NoError(t, ch.TxCommit())
	require.Equal(t, []basicReady{{"0", false}, {"1", false}, {"2", false}}, basicDrain(t, observer, queue, 3))
}

func TestTx_PublishesReachConsumersWithTheCommit(t *testing.T) {
	rule(t, "tx")
	ch, observer := txOpen(t)
	queue := tempQueue(t, ch)
	ds := basicConsumer{}.startOn(t, observer, queue)
	basicFillForConsumers(t, ch, queue, 3)
	basicRoundTrip(t, ch)
	requireNoDelivery(t, ds)
	require.NoError(t, ch.TxCommit())
	require.Equal(t, []string{"0", "1", "2"}, basicReceiveBodies(t, ds, 3))
}

func TestTx_RollbackDropsPublishes(t *testing.T) {
	rule(t, "tx")
	ch, observer := txOpen(t)
	queue := tempQueue(t, ch)
	publish(t, ch, "", queue, "dropped")
	require.NoError(t, ch.TxRollback())
	require.NoError(t, ch.TxCommit())
	basicEmptyEventually(t, observer, queue)
}

func TestTx_NextTransactionBeginsByItself(t *testing.T) {
	rule(t, "tx")
	ch, observer := txOpen(t)
	queue := tempQueue(t, ch)
	for i, end := range []func() error{ch.TxCommit, ch.TxRollback, ch.TxCommit} {
		publish(t, ch, "", queue, strconv.Itoa(i))
		basicRoundTrip(t, ch)
		require.NoError(t, end())
	}
	publish(t, ch, "", queue, "not ended")
	basicRoundTrip(t, ch)
	barrier(t)
	require.Equal(t, []basicReady{{"0", false}, {"2", false}}, basicDrain(t, observer, queue, 2))
}

func TestTx_CommitReachesEveryQueue(t *testing.T) {
	rule(t, "tx")
	ch, observer := txOpen(t)
	exchange := tempExchange(t, ch, "fanout")
	queues := []string{tempQueue(t, ch), confirmDurableQueue(t, ch, nil), tempQueue(t, ch)}
	for _, queue := range queues {
		require.NoError(t, ch.QueueBind(queue, "", exchange, false, nil))
		publish(t, ch, "", queue, "direct")
	}
	publish(t, ch, exchange, "", "fanout", func(p *amqp091.Publishing) { p.DeliveryMode = amqp091.Persistent })
	require.NoError(t, ch.TxCommit())
	for _, queue := range queues {
		require.Equal(t, []basicReady{{"direct", false}, {"fanout", false}}, basicDrain(t, observer, queue, 2))
	}
}

func TestTx_CommitOfPersistentMessages(t *testing.T) {
	rule(t, "tx")
	ch, observer := txOpen(t)
	queue := confirmDurableQueue(t, ch, nil)
	const n = 100
	for range n {
		publish(t, ch, "", queue, "m", func(p *amqp091.Publishing) { p.DeliveryMode = amqp091.Persistent })
	}
	require.NoError(t, ch.TxCommit())
	require.Len(t, basicDrain(t, observer, queue, n), n)
}

func TestTx_EndWithoutCommitDropsPublishes(t *testing.T) {
	rule(t, "tx")
	for _, e := range basicEndings() {
		t.Run(e.name, func(t *testing.T) {
			rule(t, "tx")
			h, observer := basicHold(t), openChannel(t)
			queue := tempQueue(t, observer)
			require.NoError(t, h.ch.Tx())
			publish(t, h.ch, "", queue, "dropped")
			basicRoundTrip(t, h.ch)
			e.end(t, h)
			basicEmptyEventually(t, observer, queue)
		})
	}
}

func TestTx_RoutesWhenPublished(t *testing.T) {
	rule(t, "tx")
	t.Run("a later binding does not count", func(t *testing.T) {
		rule(t, "tx")
		ch, observer := txOpen(t)
		exchange, queue := tempExchange(t, ch, "fanout"), tempQueue(t, ch)
		publish(t, ch, exchange, "", "too early")
		require.NoError(t, ch.QueueBind(queue, "", exchange, false, nil))
		require.NoError(t, ch.TxCommit())
		basicEmptyEventually(t, observer, queue)
	})
	t.Run("a removed binding still counts", func(t *testing.T) {
		rule(t, "tx")
		ch, observer := txOpen(t)
		exchange, queue := tempExchange(t, ch, "fanout"), tempQueue(t, ch)
		require.NoError(t, ch.QueueBind(queue, "", exchange, false, nil))
		publish(t, ch, exchange, "", "routed")
		require.NoError(t, ch.QueueUnbind(queue, "", exchange, nil))
		require.NoError(t, ch.TxCommit())
		require.Equal(t, []basicReady{{"routed", false}}, basicDrain(t, observer, queue, 1))
	})
	t.Run("a deleted exchange still counts", func(t *testing.T) {
		rule(t, "tx")
		ch, observer := txOpen(t)
		exchange, queue := tempExchange(t, ch, "fanout"), tempQueue(t, ch)
		require.NoError(t, ch.QueueBind(queue, "", exchange, false, nil))
		publish(t, ch, exchange, "", "routed")
		require.NoError(t, ch.ExchangeDelete(exchange, false, false))
		require.NoError(t, ch.TxCommit())
		require.Equal(t, []basicReady{{"routed", false}}, basicDrain(t, observer, queue, 1))
	})
	t.Run("a deleted queue is passed over", func(t *testing.T) {
		rule(t, "tx")
		ch, observer := txOpen(t)
		gone, stays := tempQueue(t, ch), tempQueue(t, ch)
		publish(t, ch, "", gone, "lost")
		publish(t, ch, "", stays, "kept")
		_, err := ch.QueueDelete(gone, false, false, false)
		require.NoError(t, err)
		require.NoError(t, ch.TxCommit())
		require.Equal(t, []basicReady{{"kept", false}}, basicDrain(t, observer, stays, 1))
	})
}

func TestTx_PublishErrorsAreImmediate(t *testing.T) {
	rule(t, "tx")
	_, user, _, _ := suite.credentials(t)
	missing := uniqueName(t, "missing")
	cases := []struct {
		name, exchange string
		message        amqp091.Publishing
		code           int
		text           string
	}{
		{"missing exchange", missing, amqp091.Publishing{}, 404, "NOT_FOUND - no exchange '" + missing + "' in vhost '/'"},
		{
			"internal exchange", "amq.rabbitmq.trace", amqp091.Publishing{},
			403, "ACCESS_REFUSED - cannot publish to internal exchange 'amq.rabbitmq.trace' in vhost '/'",
		},
		{
			"expiration", "", amqp091.Publishing{Expiration: "x"},
			406, "PRECONDITION_FAILED - invalid expiration 'x': no_integer",
		},
		{
			"user_id", "", amqp091.Publishing{UserId: "joe"},
			406, "PRECONDITION_FAILED - user_id property set to 'joe' but authenticated user was '" + user + "'",
		},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			rule(t, "tx")
			ch, observer := txOpen(t)
			queue := tempQueue(t, observer)
			publish(t, ch, "", queue, "in the same transaction")
			requireChannelError(t, ch, basicPublishing(ch, tc.exchange, "k", tc.message), tc.code, tc.text)
			basicEmptyEventually(t, observer, queue)
		})
	}
}

func TestTx_ReturnsComeWithTheCommit(t *testing.T) {
	rule(t, "tx")
	c := txWireOpen(t)
	for _, body := range []string{"first", "second"} {
		c.send(basicWirePublication{key: "nowhere", bits: basicMandatoryBit, body: body}.encode())
	}
	basicRequireNothingMore(c)
	c.sendMethod(basicWireChannel, txClass, txCommitMethod)
	for _, body := range []string{"first", "second"} {
		r := basicExpectReturn(c)
		require.EqualValues(t, 312, r.code)
		require.Equal(t, "NO_ROUTE", r.text)
		require.Equal(t, body, string(r.body))
	}
	c.expectMethod(txClass, txCommitOkMethod)
	basicRequireNothingMore(c)
}

func TestTx_RollbackReturnsNothing(t *testing.T) {
	rule(t, "tx")
	c := txWireOpen(t)
	c.send(basicWirePublication{key: "nowhere", bits: basicMandatoryBit, body: "m"}.encode())
	c.sendMethod(basicWireChannel, txClass, txRollbackMethod)
	c.expectMethod(txClass, txRollbackOkMethod)
	c.sendMethod(basicWireChannel, txClass, txCommitMethod)
	c.expectMethod(txClass, txCommitOkMethod)
	basicRequireNothingMore(c)
}
