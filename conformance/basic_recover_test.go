package conformance

import (
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	basicRecoverMethod      = 110
	basicRecoverAsyncMethod = 100
	basicRecoverOkMethod    = 111
)

func TestBasic_RecoverRedeliversToTheConsumer(t *testing.T) {
	rule(t, "basic")
	ch := openChannel(t)
	ds := basicConsumer{}.startOn(t, ch, basicFilledQueue(t, ch, 3))
	basicReceiveBodies(t, ds, 3)
	require.NoError(t, ch.Ack(2, basicSingle))
	require.NoError(t, basicRecover(ch))
	for i, body := range []string{"0", "2"} {
		d := receive(t, ds)
		require.Equal(t, body, string(d.Body))
		require.True(t, d.Redelivered)
		require.EqualValues(t, 4+i, d.DeliveryTag)
	}
	requireNoDelivery(t, ds)
}

func TestBasic_RecoverAnswersBeforeItRedelivers(t *testing.T) {
	rule(t, "basic")
	c := basicWireOpen(t)
	queue := basicWireQueue(c)
	basicWireConsume(c, queue, "", 0)
	for range 3 {
		c.send(basicWirePublication{key: queue, body: "m"}.encode())
	}
	for range 3 {
		require.False(t, basicExpectDelivery(c).redelivered)
	}
	c.sendMethod(basicWireChannel, basicClass, basicRecoverMethod, u8(1))
	c.expectMethod(basicClass, basicRecoverOkMethod)
	for range 3 {
		require.True(t, basicExpectDelivery(c).redelivered)
	}
}

func TestBasic_RecoverWithNothingOutstanding(t *testing.T) {
	rule(t, "basic")
	ch := openChannel(t)
	require.NoError(t, basicRecover(ch))
	basicRoundTrip(t, ch)
}

func TestBasic_RecoverInvalidatesTheTags(t *testing.T) {
	rule(t, "basic")
	ch := openChannel(t)
	d := basicTake(t, ch, basicFilledQueue(t, ch, 1))
	require.NoError(t, basicRecover(ch))
	requireChannelError(t, ch, func() error { return d.Ack(basicSingle) }, 406, basicUnknownTagText(1))
}

func TestBasic_RecoverLeavesOtherChannelsAlone(t *testing.T) {
	rule(t, "basic")
	c := dial(t)
	ch, other := channelOn(t, c), channelOn(t, c)
	queue := basicFilledQueue(t, ch, 2)
	basicTake(t, other, queue)
	basicTake(t, ch, queue)
	require.NoError(t, basicRecover(ch))
	require.Equal(t, []basicReady{{"1", true}}, basicDrain(t, ch, queue, 1))
	require.NoError(t, other.Ack(1, basicSingle))
	basicRoundTrip(t, other)
}

func TestBasic_RecoverSpansQueues(t *testing.T) {
	rule(t, "basic")
	ch := openChannel(t)
	one, two := basicFilledQueue(t, ch, 1), basicFilledQueue(t, ch, 1)
	basicTake(t, ch, one)
	basicTake(t, ch, two)
	require.NoError(t, basicRecover(ch))
	require.Equal(t, []basicReady{{"0", true}}, basicDrain(t, ch, one, 1))
	require.Equal(t, []basicReady{{"0", true}}, basicDrain(t, ch, two, 1))
}

func TestBasic_RecoverAsyncIsNotAnswered(t *testing.T) {
	rule(t, "basic")
	c := basicWireOpen(t)
	queue := basicWireQueue(c)
	c.send(join(basicWirePublication{key: queue, body: "m"}.encode(), basicEncodeGet(queue)))
	require.False(t, basicExpectGetOk(c).redelivered)
	c.sendMethod(basicWireChannel, basicClass, basicRecoverAsyncMethod, u8(1))
	c.send(basicEncodeGet(queue))
	require.True(t, basicExpectGetOk(c).redelivered)
	basicRequireNothingMore(c)
}

func TestBasic_RecoverWithoutRequeueIsNotImplemented(t *testing.T) {
	rule(t, "basic")
	for _, variant := range []struct {
		name   string
		method uint16
	}{
		{"recover", basicRecoverMethod},
		{"recover-async", basicRecoverAsyncMethod},
	} {
		t.Run(variant.name, func(t *testing.T) {
			rule(t, "basic")
			c := basicWireOpen(t)
			c.sendMethod(basicWireChannel, basicClass, variant.method, u8(0))
			class, method := c.expectConnectionClose(540, "NOT_IMPLEMENTED - requeue=false")
			require.Equal(t, [2]uint16{basicClass, variant.method}, [2]uint16{class, method}, "offending method")
		})
	}
}
