package conformance

import (
	"testing"
	"time"

	"github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

const (
	confirmSelectMethod   = 10
	confirmSelectOkMethod = 11
	confirmAckMethod      = 80
)

// confirmWireOpen is a raw client whose channel is in confirm mode.
func confirmWireOpen(t *testing.T) *rawClient {
	t.Helper()
	c := basicWireOpen(t)
	confirmWireSelect(c)
	return c
}

func confirmWireSelect(c *rawClient) {
	c.t.Helper()
	c.sendMethod(basicWireChannel, confirmClass, confirmSelectMethod, u8(0))
	c.expectMethod(confirmClass, confirmSelectOkMethod)
}

// confirmExpectAck reads one basic.ack.
func confirmExpectAck(c *rawClient) (tag uint64, multiple bool) {
	c.t.Helper()
	m := c.expectMethod(basicClass, confirmAckMethod)
	return m.u64(), m.u8() == 1
}

// confirmExpectAcked reads acknowledgements until those of all publishes up to the
// last tag are there, however the broker groups and orders them, and requires that
// none is told twice.
func confirmExpectAcked(c *rawClient, last uint64) {
	c.t.Helper()
	acked := make(map[uint64]bool)
	lowest := uint64(1) // the lowest tag not acknowledged
	for uint64(len(acked)) < last {
		tag, multiple := confirmExpectAck(c)
		require.LessOrEqual(c.t, tag, last, "acknowledged tag")
		require.False(c.t, acked[tag], "tag %d is acknowledged twice", tag)
		acked[tag] = true
		for ; multiple && lowest < tag; lowest++ {
			acked[lowest] = true
		}
		for acked[lowest] {
			lowest++
		}
	}
}

// confirmOpen opens a channel in confirm mode.
func confirmOpen(t *testing.T) *amqp091.Channel {
	t.Helper()
	ch := openChannel(t)
	require.NoError(t, ch.Confirm(false))
	return ch
}

// confirmPublish publishes and tells whether the broker accepted the message.
func confirmPublish(t *testing.T, ch *amqp091.Channel, exchange, key string, p amqp091.Publishing) (accepted bool) {
	t.Helper()
	return confirmWait(t, confirmSend(t, ch, exchange, key, p))
}

func confirmSend(t *testing.T, ch *amqp091.Channel, exchange, key string, p amqp091.Publishing) *amqp091.DeferredConfirmation {
	t.Helper()
	c, err := ch.PublishWithDeferredConfirm(exchange, key, false, false, p)
	require.NoError(t, err, "publish")
	require.NotNil(t, c, "the channel is not in confirm mode")
	return c
}

func confirmWait(t *testing.T, c *amqp091.DeferredConfirmation) (accepted bool) {
	t.Helper()
	select {
	case <-c.Done():
		return c.Acked()
	case <-time.After(patience):
		require.Fail(t, "not confirmed within "+patience.String(), "publish %d", c.DeliveryTag)
		return false
	}
}

func TestConfirm_SelectMayBeRepeated(t *testing.T) {
	rule(t, "confirm")
	c := confirmWireOpen(t)
	c.send(basicWirePublication{key: "nowhere"}.encode())
	confirmExpectAcked(c, 1)
	confirmWireSelect(c)
	c.send(basicWirePublication{key: "nowhere"}.encode())
	tag, _ := confirmExpectAck(c)
	require.EqualValues(t, 2, tag, "the count goes on")
}

func TestConfirm_SelectWithNoWaitIsNotAnswered(t *testing.T) {
	rule(t, "confirm")
	c := basicWireOpen(t)
	c.sendMethod(basicWireChannel, confirmClass, confirmSelectMethod, u8(1))
	c.send(basicWirePublication{key: "nowhere"}.encode())
	tag, _ := confirmExpectAck(c)
	require.EqualValues(t, 1, tag)
	basicRequireNothingMore(c)
}

func TestConfirm_SelectOnATransactionalChannel(t *testing.T) {
	rule(t, "confirm")
	ch := openChannel(t)
	require.NoError(t, ch.Tx())
	requireChannelError(t, ch, func() error { return ch.Confirm(false) },
		406, "PRECONDITION_FAILED - cannot switch from tx to confirm mode")
}

func TestConfirm_SelectConflictNamesTheMethod(t *testing.T) {
	rule(t, "confirm")
	c := basicWireOpen(t)
	c.sendMethod(basicWireChannel, txClass, 10)
	c.expectMethod(txClass, 11)
	c.sendMethod(basicWireChannel, confirmClass, confirmSelectMethod, u8(0))
	class, method := c.expectChannelClose(basicWireChannel, 406, "PRECONDITION_FAILED - cannot switch from tx to confirm mode")
	require.Equal(t, [2]uint16{confirmClass, confirmSelectMethod}, [2]uint16{class, method}, "offending method")
}

func TestConfirm_CountsFromSelect(t *testing.T) {
	rule(t, "confirm")
	c := basicWireOpen(t)
	for range 3 {
		c.send(basicWirePublication{key: "nowhere"}.encode())
	}
	confirmWireSelect(c)
	c.send(basicWirePublication{key: "nowhere"}.encode())
	tag, _ := confirmExpectAck(c)
	require.EqualValues(t, 1, tag)
	basicRequireNothingMore(c)
}

func TestConfirm_CountsByChannel(t *testing.T) {
	rule(t, "confirm")
	c := dial(t)
	for range 2 {
		ch := channelOn(t, c)
		require.NoError(t, ch.Confirm(false))
		confirmation := confirmSend(t, ch, "", "nowhere", amqp091.Publishing{})
		require.EqualValues(t, 1, confirmation.DeliveryTag)
		require.True(t, confirmWait(t, confirmation))
	}
}

func TestConfirm_ChannelsThatDidNotSelectHearNothing(t *testing.T) {
	rule(t, "confirm")
	c := basicWireOpen(t)
	queue := basicWireQueue(c)
	c.send(basicWirePublication{key: queue, body: "m"}.encode())
	basicRequireNothingMore(c)
}

func TestConfirm_TagsAreNotDeliveryTags(t *testing.T) {
	rule(t, "confirm")
	ch := confirmOpen(t)
	queue := basicFilledQueue(t, ch, 2)
	d := basicTake(t, ch, queue)
	require.EqualValues(t, 1, d.DeliveryTag)
	require.NoError(t, d.Ack(basicSingle))
	confirmation := confirmSend(t, ch, "", queue, amqp091.Publishing{})
	require.EqualValues(t, 3, confirmation.DeliveryTag)
	require.True(t, confirmWait(t, confirmation))
}
