package conformance

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestBasic_DeliveryTagsCountFromOne(t *testing.T) {
	rule(t, "basic")
	ch := openChannel(t)
	ds := basicConsumer{}.startOn(t, ch, basicFilledQueue(t, ch, 5))
	for want := uint64(1); want <= 5; want++ {
		require.Equal(t, want, receive(t, ds).DeliveryTag)
	}
}

func TestBasic_DeliveryTagsAreSharedByConsumersAndGet(t *testing.T) {
	rule(t, "basic")
	ch := openChannel(t)
	consumed, got := basicFilledQueue(t, ch, 1), basicFilledQueue(t, ch, 2)
	require.EqualValues(t, 1, basicTake(t, ch, got).DeliveryTag)
	require.EqualValues(t, 2, receive(t, basicConsumer{}.startOn(t, ch, consumed)).DeliveryTag)
	require.EqualValues(t, 3, basicTake(t, ch, got).DeliveryTag)
}

func TestBasic_DeliveryTagsCountNoAckDeliveries(t *testing.T) {
	rule(t, "basic")
	ch := openChannel(t)
	consumed, got := basicFilledQueue(t, ch, 2), basicFilledQueue(t, ch, 2)
	basicReceiveBodies(t, basicConsumer{noAck: true}.startOn(t, ch, consumed), 2)
	getBody(t, ch, got)
	require.EqualValues(t, 4, basicTake(t, ch, got).DeliveryTag)
}

func TestBasic_DeliveryTagsBelongToTheirChannel(t *testing.T) {
	rule(t, "basic")
	c := dial(t)
	one, two := channelOn(t, c), channelOn(t, c)
	queue := basicFilledQueue(t, one, 3)
	require.EqualValues(t, 1, basicTake(t, one, queue).DeliveryTag)
	require.EqualValues(t, 2, basicTake(t, one, queue).DeliveryTag)
	require.EqualValues(t, 1, basicTake(t, two, queue).DeliveryTag)
}

func TestBasic_DeliveryTagsStartAgainOnAReopenedChannel(t *testing.T) {
	rule(t, "basic")
	c := dial(t)
	ch := channelOn(t, c)
	queue := basicFilledQueue(t, ch, 2)
	basicTakeAll(t, ch, queue, 2)
	require.NoError(t, ch.Close())
	again := channelOn(t, c)
	basicAwaitReady(t, again, queue, 2)
	require.EqualValues(t, 1, basicTake(t, again, queue).DeliveryTag)
}

func TestBasic_DeliveryTagsAreNotUsedTwice(t *testing.T) {
	rule(t, "basic")
	ch := openChannel(t)
	queue := basicFilledQueue(t, ch, 1)
	for want := uint64(1); want <= 3; want++ {
		d := basicTake(t, ch, queue)
		require.Equal(t, want, d.DeliveryTag)
		require.NoError(t, d.Reject(basicRequeue))
	}
}
