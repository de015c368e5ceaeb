package conformance

import (
	"strconv"
	"testing"

	"github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

const (
	basicPerConsumer = false
	basicPerChannel  = true
)

// basicQos sets a prefetch count.
func basicQos(t *testing.T, ch *amqp091.Channel, count int, global bool) {
	t.Helper()
	require.NoError(t, ch.Qos(count, 0, global), "qos")
}

// basicScopes are the two meanings of the global bit.
var basicScopes = [...]struct {
	name   string
	global bool
}{
	{"per consumer", basicPerConsumer},
	{"per channel", basicPerChannel},
}

func TestBasic_QosRefusesAPrefetchSize(t *testing.T) {
	rule(t, "basic")
	for _, scope := range basicScopes {
		t.Run(scope.name, func(t *testing.T) {
			rule(t, "basic")
			c := dial(t)
			ch := channelOn(t, c)
			requireConnectionError(t, c, func() error { return ch.Qos(1, 1024, scope.global) },
				540, "NOT_IMPLEMENTED - prefetch_size!=0 (1024)")
		})
	}
}

func TestBasic_QosLimitsUnacknowledgedDeliveries(t *testing.T) {
	rule(t, "basic")
	for _, scope := range basicScopes {
		t.Run(scope.name, func(t *testing.T) {
			rule(t, "basic")
			ch := openChannel(t)
			queue := basicFilledQueue(t, ch, 5)
			basicQos(t, ch, 2, scope.global)
			ds := basicConsumer{}.startOn(t, ch, queue)
			require.Equal(t, []string{"0", "1"}, basicReceiveBodies(t, ds, 2))
			requireNoDelivery(t, ds)
		})
	}
}

func TestBasic_QosAcceptsTheLargestCount(t *testing.T) {
	rule(t, "basic")
	ch := openChannel(t)
	basicQos(t, ch, 65535, basicPerConsumer)
	basicQos(t, ch, 65535, basicPerChannel)
	ds := basicConsumer{}.startOn(t, ch, basicFilledQueue(t, ch, 3))
	basicReceiveBodies(t, ds, 3)
}

func TestBasic_QosZeroIsUnlimited(t *testing.T) {
	rule(t, "basic")
	for _, scope := range basicScopes {
		t.Run(scope.name, func(t *testing.T) {
			rule(t, "basic")
			ch := openChannel(t)
			basicQos(t, ch, 1, scope.global)
			basicQos(t, ch, 0, scope.global)
			ds := basicConsumer{}.startOn(t, ch, basicFilledQueue(t, ch, 20))
			basicReceiveBodies(t, ds, 20)
		})
	}
}

func TestBasic_QosPerConsumerLimitsEachConsumerByItself(t *testing.T) {
	rule(t, "basic")
	ch := openChannel(t)
	basicQos(t, ch, 2, basicPerConsumer)
	first := basicConsumer{}.startOn(t, ch, basicFilledQueue(t, ch, 5))
	second := basicConsumer{}.startOn(t, ch, basicFilledQueue(t, ch, 5))
	require.Equal(t, []string{"0", "1"}, basicReceiveBodies(t, first, 2))
	require.Equal(t, []string{"0", "1"}, basicReceiveBodies(t, second, 2))
	requireNoDelivery(t, first)
	requireNoDelivery(t, second)
}

func TestBasic_QosPerConsumerLeavesEarlierConsumersAlone(t *testing.T) {
	rule(t, "basic")
	ch := openChannel(t)
	unlimited, limited := tempQueue(t, ch), tempQueue(t, ch)
	before := basicConsumer{}.startOn(t, ch, unlimited)
	basicQos(t, ch, 1, basicPerConsumer)
	after := basicConsumer{}.startOn(t, ch, limited)
	for i := range 3 {
		publish(t, ch, "", unlimited, strconv.Itoa(i))
		publish(t, ch, "", limited, strconv.Itoa(i))
	}
	basicReceiveBodies(t, before, 3)
	basicReceiveBodies(t, after, 1)
	requireNoDelivery(t, after)
}

func TestBasic_QosPerConsumerIsTakenWhenTheConsumerStarts(t *testing.T) {
	rule(t, "basic")
	ch := openChannel(t)
	basicQos(t, ch, 1, basicPerConsumer)
	one := basicConsumer{}.startOn(t, ch, basicFilledQueue(t, ch, 5))
	basicQos(t, ch, 3, basicPerConsumer)
	three := basicConsumer{}.startOn(t, ch, basicFilledQueue(t, ch, 5))
	basicReceiveBodies(t, one, 1)
	basicReceiveBodies(t, three, 3)
	requireNoDelivery(t, one)
	requireNoDelivery(t, three)
}

func TestBasic_QosPerChannelIsSharedByItsConsumers(t *testing.T) {
	rule(t, "basic")
	ch := openChannel(t)
	basicQos(t, ch, 3, basicPerChannel)
	first := basicConsumer{}.startOn(t, ch, basicFilledQueue(t, ch, 2))
	basicReceiveBodies(t, first, 2)
	second := basicConsumer{}.startOn(t, ch, basicFilledQueue(t, ch, 5))
	basicReceiveBodies(t, second, 1)
	requireNoDelivery(t, second)
}

func TestBasic_QosPerChannelAppliesToEarlierConsumers(t *testing.T) {
	rule(t, "basic")
	ch := openChannel(t)
	queue := tempQueue(t, ch)
	ds := basicConsumer{}.startOn(t, ch, queue)
	basicQos(t, ch, 1, basicPerChannel)
	publish(t, ch, "", queue, "0")
	publish(t, ch, "", queue, "1")
	basicReceiveBodies(t, ds, 1)
	requireNoDelivery(t, ds)
}

func TestBasic_QosPerChannelLeavesOtherChannelsAlone(t *testing.T) {
	rule(t, "basic")
	c := dial(t)
	limited, free := channelOn(t, c), channelOn(t, c)
	basicQos(t, limited, 1, basicPerChannel)
	basicReceiveBodies(t, basicConsumer{}.startOn(t, limited, basicFilledQueue(t, limited, 2)), 1)
	basicReceiveBodies(t, basicConsumer{}.startOn(t, free, basicFilledQueue(t, free, 5)), 5)
}

func TestBasic_QosPerConsumerAndPerChannelBothHold(t *testing.T) {
	rule(t, "basic")
	ch := openChannel(t)
	basicQos(t, ch, 2, basicPerConsumer)
	basicQos(t, ch, 3, basicPerChannel)
	first := basicConsumer{}.startOn(t, ch, basicFilledQueue(t, ch, 5))
	basicReceiveBodies(t, first, 2)
	requireNoDelivery(t, first)
	second := basicConsumer{}.startOn(t, ch, basicFilledQueue(t, ch, 5))
	basicReceiveBodies(t, second, 1)
	requireNoDelivery(t, second)
}

// RabbitMQ has one setting at a time for the channel: the per-consumer form lifts
// the limit of the channel.
func TestBasic_QosPerConsumerLiftsTheLimitOfTheChannel(t *testing.T) {
	rule(t, "basic")
	ch := openChannel(t)
	queue := basicFilledQueue(t, ch, 5)
	basicQos(t, ch, 1, basicPerChannel)
	ds := basicConsumer{}.startOn(t, ch, queue)
	basicReceiveBodies(t, ds, 1)
	requireNoDelivery(t, ds)
	basicQos(t, ch, 1, basicPerConsumer)
	basicReceiveBodies(t, ds, 4)
}

func TestBasic_QosPerChannelRaisedLetsMoreThrough(t *testing.T) {
	rule(t, "basic")
	for _, raised := range []struct {
		name        string
		count, more int
	}{
		{"to three", 3, 2},
		{"to unlimited", 0, 4},
	} {
		t.Run(raised.name, func(t *testing.T) {
			rule(t, "basic")
			ch := openChannel(t)
			queue := basicFilledQueue(t, ch, 5)
			basicQos(t, ch, 1, basicPerChannel)
			ds := basicConsumer{}.startOn(t, ch, queue)
			basicReceiveBodies(t, ds, 1)
			basicQos(t, ch, raised.count, basicPerChannel)
			basicReceiveBodies(t, ds, raised.more)
			requireNoDelivery(t, ds)
		})
	}
}

func TestBasic_QosPerChannelLoweredWaitsForAcknowledgements(t *testing.T) {
	rule(t, "basic")
	ch := openChannel(t)
	queue := basicFilledQueue(t, ch, 5)
	basicQos(t, ch, 3, basicPerChannel)
	ds := basicConsumer{}.startOn(t, ch, queue)
	basicReceiveBodies(t, ds, 3)
	basicQos(t, ch, 1, basicPerChannel)
	require.NoError(t, ch.Ack(2, basicMultiple))
	requireNoDelivery(t, ds)
	require.NoError(t, ch.Ack(3, basicSingle))
	basicReceiveBodies(t, ds, 1)
	requireNoDelivery(t, ds)
}

func TestBasic_QosDoesNotLimitNoAckConsumers(t *testing.T) {
	rule(t, "basic")
	for _, scope := range basicScopes {
		t.Run(scope.name, func(t *testing.T) {
			rule(t, "basic")
			ch := openChannel(t)
			basicQos(t, ch, 1, scope.global)
			ds := basicConsumer{noAck: true}.startOn(t, ch, basicFilledQueue(t, ch, 10))
			basicReceiveBodies(t, ds, 10)
		})
	}
}

// Deliveries without acknowledgement take no place, yet wait until there is one.
func TestBasic_QosPerChannelReachedHoldsNoAckConsumersBack(t *testing.T) {
	rule(t, "basic")
	ch := openChannel(t)
	basicQos(t, ch, 1, basicPerChannel)
	full := basicConsumer{}.startOn(t, ch, basicFilledQueue(t, ch, 1))
	held := receive(t, full)
	ds := basicConsumer{noAck: true}.startOn(t, ch, basicFilledQueue(t, ch, 3))
	requireNoDelivery(t, ds)
	require.NoError(t, held.Ack(basicSingle))
	basicReceiveBodies(t, ds, 3)
}

func TestBasic_QosDoesNotLimitGet(t *testing.T) {
	rule(t, "basic")
	for _, scope := range basicScopes {
		t.Run(scope.name, func(t *testing.T) {
			rule(t, "basic")
			ch := openChannel(t)
			basicQos(t, ch, 1, scope.global)
			basicTakeAll(t, ch, basicFilledQueue(t, ch, 3), 3)
		})
	}
}

// Unacknowledged messages of basic.get count only when the limit of the channel is
// set while they are outstanding.
func TestBasic_QosPerChannelCountsEarlierGets(t *testing.T) {
	rule(t, "basic")
	ch := openChannel(t)
	basicTakeAll(t, ch, basicFilledQueue(t, ch, 2), 2)
	basicQos(t, ch, 3, basicPerChannel)
	ds := basicConsumer{}.startOn(t, ch, basicFilledQueue(t, ch, 5))
	basicReceiveBodies(t, ds, 1)
	requireNoDelivery(t, ds)
}

func TestBasic_QosPerChannelIgnoresLaterGets(t *testing.T) {
	rule(t, "basic")
	ch := openChannel(t)
	basicQos(t, ch, 3, basicPerChannel)
	basicTakeAll(t, ch, basicFilledQueue(t, ch, 2), 2)
	ds := basicConsumer{}.startOn(t, ch, basicFilledQueue(t, ch, 5))
	basicReceiveBodies(t, ds, 3)
	requireNoDelivery(t, ds)
}

func TestBasic_QosPerChannelCountsDeliveriesOfACancelledConsumer(t *testing.T) {
	rule(t, "basic")
	ch := openChannel(t)
	basicQos(t, ch, 2, basicPerChannel)
	basicReceiveBodies(t, basicConsumer{tag: "gone"}.startOn(t, ch, basicFilledQueue(t, ch, 2)), 2)
	require.NoError(t, ch.Cancel("gone", false))
	ds := basicConsumer{}.startOn(t, ch, basicFilledQueue(t, ch, 2))
	requireNoDelivery(t, ds)
	require.NoError(t, ch.Ack(2, basicMultiple))
	basicReceiveBodies(t, ds, 2)
}
