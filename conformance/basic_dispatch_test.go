package conformance

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

// basicWithPriority are the arguments of a consumer with that priority.
func basicWithPriority(priority int32) amqp091.Table {
	return amqp091.Table{"x-priority": priority}
}

func TestBasic_DispatchTakesConsumersInTurn(t *testing.T) {
	rule(t, "basic")
	for _, consumers := range []int{2, 3} {
		t.Run(fmt.Sprintf("%d consumers", consumers), func(t *testing.T) {
			rule(t, "basic")
			c := dial(t)
			ch := channelOn(t, c)
			queue := tempQueue(t, ch)
			var all []<-chan amqp091.Delivery
			for range consumers {
				all = append(all, basicConsumer{noAck: true}.startOn(t, channelOn(t, c), queue))
			}
			const rounds = 4
			for i := range rounds * consumers {
				publish(t, ch, "", queue, strconv.Itoa(i))
			}
			for first, ds := range all {
				var want []string
				for round := range rounds {
					want = append(want, strconv.Itoa(round*consumers+first))
				}
				require.Equal(t, want, basicReceiveBodies(t, ds, rounds), "consumer %d", first)
			}
		})
	}
}

func TestBasic_DispatchTakesConsumersOfOneChannelInTurn(t *testing.T) {
	rule(t, "basic")
	c := basicWireOpen(t)
	queue := basicWireQueue(c)
	for _, tag := range []string{"a", "b", "c"} {
		basicWireConsume(c, queue, tag, basicConsumeNoAck)
	}
	for range 6 {
		c.send(basicWirePublication{key: queue, body: "m"}.encode())
	}
	var order string
	for range 6 {
		order += basicExpectDelivery(c).consumer
	}
	require.Equal(t, "abcabc", order)
}

func TestBasic_DispatchGivesAllToALoneConsumerInOrder(t *testing.T) {
	rule(t, "basic")
	const n = 1000
	c := dial(t)
	ch := channelOn(t, c)
	queue := tempQueue(t, ch)
	ds := basicConsumer{}.startOn(t, channelOn(t, c), queue)
	for i := range n {
		publish(t, ch, "", queue, strconv.Itoa(i))
	}
	for i := range n {
		require.Equal(t, strconv.Itoa(i), string(receive(t, ds).Body))
	}
}

func TestBasic_DispatchPassesOverAConsumerWithoutRoom(t *testing.T) {
	rule(t, "basic")
	c := dial(t)
	ch, busy, quick := channelOn(t, c), channelOn(t, c), channelOn(t, c)
	queue := tempQueue(t, ch)
	basicQos(t, busy, 1, basicPerConsumer)
	basicQos(t, quick, 1, basicPerConsumer)
	blocked := basicConsumer{}.startOn(t, busy, queue)
	working := basicConsumer{}.startOn(t, quick, queue)
	basicFillForConsumers(t, ch, queue, 6)
	held := receive(t, blocked)
	require.Equal(t, "0", string(held.Body))
	for i := 1; i < 6; i++ {
		d := receive(t, working)
		require.Equal(t, strconv.Itoa(i), string(d.Body))
		require.NoError(t, d.Ack(basicSingle))
	}
	requireNoDelivery(t, blocked)
}

func TestBasic_DispatchGivesABlockedConsumerItsTurnBack(t *testing.T) {
	rule(t, "basic")
	c := dial(t)
	ch, one, two := channelOn(t, c), channelOn(t, c), channelOn(t, c)
	queue := tempQueue(t, ch)
	basicQos(t, one, 1, basicPerConsumer)
	basicQos(t, two, 1, basicPerConsumer)
	first := basicConsumer{}.startOn(t, one, queue)
	second := basicConsumer{}.startOn(t, two, queue)
	basicFillForConsumers(t, ch, queue, 4)
	a, b := receive(t, first), receive(t, second)
	require.NoError(t, b.Ack(basicSingle))
	require.Equal(t, []string{"2"}, basicReceiveBodies(t, second, 1))
	require.NoError(t, a.Ack(basicSingle))
	require.Equal(t, []string{"3"}, basicReceiveBodies(t, first, 1))
}

func TestBasic_DispatchPrefersTheHigherPriority(t *testing.T) {
	rule(t, "basic")
	cases := []struct {
		name      string
		low, high amqp091.Table
	}{
		{"positive over default", nil, basicWithPriority(1)},
		{"default over negative", basicWithPriority(-1), nil},
		{"higher over lower", basicWithPriority(5), basicWithPriority(10)},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			rule(t, "basic")
			c := dial(t)
			ch := channelOn(t, c)
			queue := tempQueue(t, ch)
			low := basicConsumer{args: tc.low}.startOn(t, channelOn(t, c), queue)
			high := basicConsumer{args: tc.high}.startOn(t, channelOn(t, c), queue)
			basicFillForConsumers(t, ch, queue, 6)
			require.Equal(t, []string{"0", "1", "2", "3", "4", "5"}, basicReceiveBodies(t, high, 6))
			requireNoDelivery(t, low)
		})
	}
}

func TestBasic_DispatchFallsToTheLowerPriorityWhileTheHigherIsBlocked(t *testing.T) {
	rule(t, "basic")
	c := dial(t)
	ch, upper := channelOn(t, c), channelOn(t, c)
	queue := tempQueue(t, ch)
	basicQos(t, upper, 2, basicPerConsumer)
	low := basicConsumer{}.startOn(t, channelOn(t, c), queue)
	high := basicConsumer{args: basicWithPriority(10)}.startOn(t, upper, queue)
	basicFillForConsumers(t, ch, queue, 4)
	require.Equal(t, []string{"0", "1"}, basicReceiveBodies(t, high, 2))
	require.Equal(t, []string{"2", "3"}, basicReceiveBodies(t, low, 2))

	require.NoError(t, upper.Ack(2, basicMultiple))
	basicRoundTrip(t, upper)
	barrier(t)
	basicFillForConsumers(t, ch, queue, 2)
	require.Equal(t, []string{"0", "1"}, basicReceiveBodies(t, high, 2))
	requireNoDelivery(t, low)
}

func TestBasic_DispatchTakesEqualPrioritiesInTurn(t *testing.T) {
	rule(t, "basic")
	c := dial(t)
	ch := channelOn(t, c)
	queue := tempQueue(t, ch)
	low := basicConsumer{}.startOn(t, channelOn(t, c), queue)
	one := basicConsumer{args: basicWithPriority(3)}.startOn(t, channelOn(t, c), queue)
	two := basicConsumer{args: basicWithPriority(3)}.startOn(t, channelOn(t, c), queue)
	basicFillForConsumers(t, ch, queue, 4)
	require.Equal(t, []string{"0", "2"}, basicReceiveBodies(t, one, 2))
	require.Equal(t, []string{"1", "3"}, basicReceiveBodies(t, two, 2))
	requireNoDelivery(t, low)
}

func TestBasic_DispatchTurnsToALateConsumerOfHigherPriority(t *testing.T) {
	rule(t, "basic")
	c := dial(t)
	ch := channelOn(t, c)
	queue := tempQueue(t, ch)
	early := basicConsumer{}.startOn(t, channelOn(t, c), queue)
	publish(t, ch, "", queue, "before")
	require.Equal(t, []string{"before"}, basicReceiveBodies(t, early, 1))
	late := basicConsumer{args: basicWithPriority(1)}.startOn(t, channelOn(t, c), queue)
	publish(t, ch, "", queue, "after")
	require.Equal(t, []string{"after"}, basicReceiveBodies(t, late, 1))
	requireNoDelivery(t, early)
}

func TestBasic_DispatchServesEachQueueByItself(t *testing.T) {
	rule(t, "basic")
	ch := openChannel(t)
	full, other := basicFilledQueue(t, ch, 3), tempQueue(t, ch)
	basicQos(t, ch, 1, basicPerConsumer)
	receive(t, basicConsumer{}.startOn(t, ch, full))
	ds := basicConsumer{}.startOn(t, ch, other)
	publish(t, ch, "", other, "not held up")
	require.Equal(t, []string{"not held up"}, basicReceiveBodies(t, ds, 1))
}
