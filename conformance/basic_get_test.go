package conformance

import (
	"testing"

	"github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

func TestBasic_GetTellsWhereTheMessageCameFrom(t *testing.T) {
	rule(t, "basic")
	ch := openChannel(t)
	exchange, queue := tempExchange(t, ch, "topic"), tempQueue(t, ch)
	require.NoError(t, ch.QueueBind(queue, "a.#", exchange, false, nil))
	publish(t, ch, exchange, "a.b.c", "m")
	basicAwaitReady(t, ch, queue, 1)
	d := basicTake(t, ch, queue)
	require.Equal(t, exchange, d.Exchange)
	require.Equal(t, "a.b.c", d.RoutingKey)
	require.EqualValues(t, 1, d.DeliveryTag)
	require.False(t, d.Redelivered)
	require.Equal(t, "m", string(d.Body))
}

func TestBasic_GetCountsWhatRemains(t *testing.T) {
	rule(t, "basic")
	ch := openChannel(t)
	queue := basicFilledQueue(t, ch, 3)
	for _, want := range []uint32{2, 1, 0} {
		require.Equal(t, want, basicTake(t, ch, queue).MessageCount)
	}
}

func TestBasic_GetCountsReadyMessagesOnly(t *testing.T) {
	rule(t, "basic")
	ch, other := openChannel(t), openChannel(t)
	queue := basicFilledQueue(t, ch, 5)
	basicTakeAll(t, ch, queue, 3)
	require.EqualValues(t, 1, basicTake(t, other, queue).MessageCount)
}

func TestBasic_GetFromAnEmptyQueue(t *testing.T) {
	rule(t, "basic")
	c := basicWireOpen(t)
	c.send(basicEncodeGet(basicWireQueue(c)))
	m := c.expectMethod(basicClass, 72)
	require.Empty(t, m.shortStr(), "reserved argument of get-empty")
	require.Empty(t, m.rest)
}

func TestBasic_GetIsEmptyWhileAllIsUnacknowledged(t *testing.T) {
	rule(t, "basic")
	ch := openChannel(t)
	queue := basicFilledQueue(t, ch, 1)
	basicTake(t, ch, queue)
	requireEmpty(t, ch, queue)
}

func TestBasic_GetWithNoAckKeepsNothing(t *testing.T) {
	rule(t, "basic")
	ch := openChannel(t)
	queue := basicFilledQueue(t, ch, 1)
	require.Equal(t, "0", getBody(t, ch, queue))
	require.NoError(t, ch.Close())
	basicEmptyEventually(t, openChannel(t), queue)
}

func TestBasic_GetWithoutNoAckKeepsTheMessageUntilItIsAcknowledged(t *testing.T) {
	rule(t, "basic")
	ch, other := openChannel(t), openChannel(t)
	queue := basicFilledQueue(t, ch, 1)
	basicTake(t, ch, queue)
	require.NoError(t, ch.Close())
	require.Equal(t, []basicReady{{"0", true}}, basicDrain(t, other, queue, 1))
}

func TestBasic_GetFromAMissingQueue(t *testing.T) {
	rule(t, "basic")
	ch := openChannel(t)
	queue := uniqueName(t, "missing")
	requireChannelError(t, ch, basicGetRefused(ch, queue), 404, "NOT_FOUND - no queue '"+queue+"' in vhost '/'")
}

func basicGetRefused(ch *amqp091.Channel, queue string) func() error {
	return func() error {
		_, _, err := ch.Get(queue, false)
		return err
	}
}

func TestBasic_GetWithoutAQueueName(t *testing.T) {
	rule(t, "basic")
	t.Run("takes the queue declared last", func(t *testing.T) {
		rule(t, "basic")
		ch := openChannel(t)
		tempQueue(t, ch)
		basicFilledQueue(t, ch, 1)
		require.Equal(t, "0", getBody(t, ch, ""))
	})
	t.Run("fails when none was declared", func(t *testing.T) {
		rule(t, "basic")
		ch := openChannel(t)
		requireChannelError(t, ch, basicGetRefused(ch, ""), 404, "NOT_FOUND - no previously declared queue")
	})
}

func TestBasic_GetFromAnotherConnectionsExclusiveQueue(t *testing.T) {
	rule(t, "basic")
	queue := basicForeignQueue(t)
	ch := openChannel(t)
	requireChannelError(t, ch, basicGetRefused(ch, queue), 405, basicLockedText(queue))
}

func TestBasic_GetTakesTheOldestFirst(t *testing.T) {
	rule(t, "basic")
	ch := openChannel(t)
	queue := basicFilledQueue(t, ch, 4)
	require.Equal(t, []basicReady{{"0", false}, {"1", false}, {"2", false}, {"3", false}}, basicDrain(t, ch, queue, 4))
}

func TestBasic_GetSeesWhatTheChannelPublishedBefore(t *testing.T) {
	rule(t, "basic")
	c := basicWireOpen(t)
	queue := basicWireQueue(c)
	c.send(join(basicWirePublication{key: queue, body: "just now"}.encode(), basicEncodeGet(queue)))
	require.Equal(t, "just now", string(basicExpectGetOk(c).body))
}

func TestBasic_GetTellsRedelivered(t *testing.T) {
	rule(t, "basic")
	ch := openChannel(t)
	queue := basicFilledQueue(t, ch, 1)
	first := basicTake(t, ch, queue)
	require.False(t, first.Redelivered)
	require.NoError(t, first.Nack(basicSingle, basicRequeue))
	second := basicTake(t, ch, queue)
	require.True(t, second.Redelivered)
	require.Equal(t, first.DeliveryTag+1, second.DeliveryTag)
}
