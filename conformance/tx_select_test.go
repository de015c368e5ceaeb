package conformance

import (
	"testing"

	"github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

const (
	txSelectMethod     = 10
	txSelectOkMethod   = 11
	txCommitMethod     = 20
	txCommitOkMethod   = 21
	txRollbackMethod   = 30
	txRollbackOkMethod = 31
)

// txOpen opens a transactional channel, and a second one on the same connection to
// look at what other channels see.
func txOpen(t *testing.T) (ch, observer *amqp091.Channel) {
	t.Helper()
	c := dial(t)
	ch = channelOn(t, c)
	require.NoError(t, ch.Tx())
	return ch, channelOn(t, c)
}

// txWireOpen is a raw client whose channel is transactional.
func txWireOpen(t *testing.T) *rawClient {
	t.Helper()
	c := basicWireOpen(t)
	c.sendMethod(basicWireChannel, txClass, txSelectMethod)
	c.expectMethod(txClass, txSelectOkMethod)
	return c
}

func TestTx_SelectMayBeRepeated(t *testing.T) {
	rule(t, "tx")
	ch := openChannel(t)
	require.NoError(t, ch.Tx())
	require.NoError(t, ch.Tx())
}

func TestTx_SelectDoesNotEndTheTransaction(t *testing.T) {
	rule(t, "tx")
	ch, observer := txOpen(t)
	queue := tempQueue(t, ch)
	publish(t, ch, "", queue, "m")
	require.NoError(t, ch.Tx())
	basicEmptyEventually(t, observer, queue)
	require.NoError(t, ch.TxCommit())
	require.Equal(t, []basicReady{{"m", false}}, basicDrain(t, observer, queue, 1))
}

func TestTx_SelectOnAConfirmingChannel(t *testing.T) {
	rule(t, "tx")
	ch := confirmOpen(t)
	requireChannelError(t, ch, ch.Tx, 406, "PRECONDITION_FAILED - cannot switch from confirm to tx mode")
}

func TestTx_EndingOutsideATransaction(t *testing.T) {
	rule(t, "tx")
	ends := []struct {
		name   string
		method uint16
	}{
		{"commit", txCommitMethod},
		{"rollback", txRollbackMethod},
	}
	for _, e := range ends {
		t.Run(e.name, func(t *testing.T) {
			rule(t, "tx")
			c := basicWireOpen(t)
			c.sendMethod(basicWireChannel, txClass, e.method)
			class, method := c.expectChannelClose(basicWireChannel, 406, "PRECONDITION_FAILED - channel is not transactional")
			require.Equal(t, [2]uint16{txClass, e.method}, [2]uint16{class, method}, "offending method")
		})
		t.Run(e.name+" on a confirming channel", func(t *testing.T) {
			rule(t, "tx")
			c := confirmWireOpen(t)
			c.sendMethod(basicWireChannel, txClass, e.method)
			c.expectChannelClose(basicWireChannel, 406, "PRECONDITION_FAILED - channel is not transactional")
		})
	}
}

func TestTx_EmptyTransactionsEnd(t *testing.T) {
	rule(t, "tx")
	ch, _ := txOpen(t)
	for range 3 {
		require.NoError(t, ch.TxCommit())
		require.NoError(t, ch.TxRollback())
	}
}

func TestTx_LeavesOtherChannelsAlone(t *testing.T) {
	rule(t, "tx")
	ch, other := txOpen(t)
	queue := tempQueue(t, ch)
	publish(t, ch, "", queue, "in the transaction")
	publish(t, other, "", queue, "outside")
	require.Equal(t, []basicReady{{"outside", false}}, basicDrain(t, other, queue, 1))
	requireChannelError(t, other, other.TxCommit, 406, "PRECONDITION_FAILED - channel is not transactional")
}
