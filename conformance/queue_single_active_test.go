package conformance

import (
	"fmt"
	"testing"

	"github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

// singleActiveQueue declares a queue of the type with a single active consumer.
func singleActiveQueue(t *testing.T, ch *amqp091.Channel, queueType string) string {
	t.Helper()
	return queueSpec{durable: true, args: amqp091.Table{"x-queue-type": queueType, "x-single-active-consumer": true}}.mustDeclare(t, ch)
}

// forBothTypes runs a test on a classic queue and on a quorum queue with a single
// active consumer.
func forBothTypes(t *testing.T, test func(t *testing.T, queueType string)) {
	t.Helper()
	for _, queueType := range []string{"classic", "quorum"} {
		t.Run(queueType, func(t *testing.T) {
			rule(t, "queue")
			test(t, queueType)
		})
	}
}

// contender is a consumer on a connection of its own.
type contender struct {
	t          *testing.T
	connection *amqp091.Connection
	channel    *amqp091.Channel
	deliveries <-chan amqp091.Delivery
}

// contend starts a consumer of the priority, whose prefetch count is 10.
func contend(t *testing.T, queue string, priority int32) *contender {
	t.Helper()
	c := dial(t)
	s := &contender{t: t, connection: c, channel: channelOn(t, c)}
	basicQos(t, s.channel, 10, basicPerConsumer)
	consumer := basicConsumer{tag: "contender"}
	if priority != 0 {
		consumer.args = basicWithPriority(priority)
	}
	s.deliveries = consumer.startOn(t, s.channel, queue)
	return s
}

// requireActive requires that the consumer is given what is published.
func (s *contender) requireActive(ch *amqp091.Channel, queue, body string) {
	s.t.Helper()
	publish(s.t, ch, "", queue, body)
	d := receive(s.t, s.deliveries)
	require.Equal(s.t, body, string(d.Body))
	require.NoError(s.t, d.Ack(basicSingle))
}

func TestQueue_SingleActiveIsTheFirst(t *testing.T) {
	rule(t, "queue")
	forBothTypes(t, func(t *testing.T, queueType string) {
		ch := openChannel(t)
		q := singleActiveQueue(t, ch, queueType)
		first, second := contend(t, q, 0), contend(t, q, 0)
		basicFillForConsumers(t, ch, q, 5)
		require.Equal(t, []string{"0", "1", "2", "3", "4"}, basicReceiveBodies(t, first.deliveries, 5))
		requireNoDelivery(t, second.deliveries)
	})
}

func TestQueue_SingleActiveKeepsItsPlaceWhileItHasNoRoom(t *testing.T) {
	rule(t, "queue")
	forBothTypes(t, func(t *testing.T, queueType string) {
		ch := openChannel(t)
		q := singleActiveQueue(t, ch, queueType)
		first, second := contend(t, q, 0), contend(t, q, 0)
		basicFillForConsumers(t, ch, q, 12)
		basicReceiveBodies(t, first.deliveries, 10)
		requireNoDelivery(t, second.deliveries)
		require.NoError(t, first.channel.Ack(2, basicMultiple))
		require.Equal(t, []string{"10", "11"}, basicReceiveBodies(t, first.deliveries, 2))
		requireNoDelivery(t, second.deliveries)
	})
}

func TestQueue_SingleActiveGivesWayWhenItEnds(t *testing.T) {
	rule(t, "queue")
	for name, end := range map[string]func(*contender) error{
		"cancel":           func(s *contender) error { return s.channel.Cancel("contender", false) },
		"channel close":    func(s *contender) error { return s.channel.Close() },
		"connection close": func(s *contender) error { return s.connection.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			rule(t, "queue")
			forBothTypes(t, func(t *testing.T, queueType string) {
				ch := openChannel(t)
				q := singleActiveQueue(t, ch, queueType)
				all := []*contender{contend(t, q, 0), contend(t, q, 0), contend(t, q, 0)}
				for i, s := range all {
					s.requireActive(ch, q, fmt.Sprint("to ", i))
					require.NoError(t, end(s))
				}
				requireNoneReady(t, ch, q)
			})
		})
	}
}

// requireNoneReady requires that a queue counts no ready message.
func requireNoneReady(t *testing.T, ch *amqp091.Channel, q string) {
	t.Helper()
	require.Zero(t, readyCount(t, ch, q))
}

func TestQueue_SingleActiveLeavesWhatItHeldToTheNext(t *testing.T) {
	rule(t, "queue")
	forBothTypes(t, func(t *testing.T, queueType string) {
		ch := openChannel(t)
		q := singleActiveQueue(t, ch, queueType)
		first, second := contend(t, q, 0), contend(t, q, 0)
		basicFillForConsumers(t, ch, q, 2)
		basicReceiveBodies(t, first.deliveries, 2)
		require.NoError(t, first.channel.Close())
		for i := range 2 {
			d := receive(t, second.deliveries)
			require.Equal(t, fmt.Sprint(i), string(d.Body))
			require.True(t, d.Redelivered)
		}
	})
}

// What a cancelled consumer has not acknowledged stays its own.
func TestQueue_SingleActiveThatIsCancelledKeepsItsMessages(t *testing.T) {
	rule(t, "queue")
	forBothTypes(t, func(t *testing.T, queueType string) {
		ch := openChannel(t)
		q := singleActiveQueue(t, ch, queueType)
		first, second := contend(t, q, 0), contend(t, q, 0)
		publish(t, ch, "", q, "held")
		held := receive(t, first.deliveries)
		require.NoError(t, first.channel.Cancel("contender", false))
		second.requireActive(ch, q, "next")
		require.NoError(t, held.Nack(basicSingle, basicRequeue))
		d := receive(t, second.deliveries)
		require.Equal(t, "held", string(d.Body))
		require.True(t, d.Redelivered)
	})
}

func TestQueue_SingleActiveIsFollowedByTheHighestPriority(t *testing.T) {
	rule(t, "queue")
	forBothTypes(t, func(t *testing.T, queueType string) {
		ch := openChannel(t)
		q := singleActiveQueue(t, ch, queueType)
		first := contend(t, q, 10)
		low, high, alsoHigh, negative := contend(t, q, 0), contend(t, q, 5), contend(t, q, 5), contend(t, q, -1)
		first.requireActive(ch, q, "first")
		for _, s := range []*contender{first, high, alsoHigh, low} {
			s.requireActive(ch, q, "m")
			require.NoError(t, s.channel.Close())
		}
		negative.requireActive(ch, q, "last")
	})
}

func TestQueue_SingleActiveStaysWhenAHigherPriorityComes(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	q := singleActiveQueue(t, ch, "classic")
	first := contend(t, q, 0)
	first.requireActive(ch, q, "before")
	higher := contend(t, q, 10)
	first.requireActive(ch, q, "after")
	requireNoDelivery(t, higher.deliveries)
}

func TestQueue_SingleActiveOfQuorumQueuesGivesWayToAHigherPriority(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	q := singleActiveQueue(t, ch, "quorum")
	first := contend(t, q, 0)
	first.requireActive(ch, q, "before")
	higher := contend(t, q, 10)
	higher.requireActive(ch, q, "after")
	requireNoDelivery(t, first.deliveries)
}

func TestQueue_SingleActiveOfQuorumQueuesSettlesBeforeItGivesWay(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	q := singleActiveQueue(t, ch, "quorum")
	first := contend(t, q, 0)
	basicFillForConsumers(t, ch, q, 2)
	basicReceiveBodies(t, first.deliveries, 2)
	higher := contend(t, q, 10)
	publish(t, ch, "", q, "2")
	requireNoDelivery(t, higher.deliveries)
	require.NoError(t, first.channel.Ack(1, basicSingle))
	requireNoDelivery(t, higher.deliveries)
	require.NoError(t, first.channel.Ack(2, basicSingle))
	require.Equal(t, "2", string(receive(t, higher.deliveries).Body))
	requireNoDelivery(t, first.deliveries)
}

func TestQueue_SingleActiveTakesGet(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	q := singleActiveQueue(t, ch, "classic")
	publish(t, ch, "", q, "m")
	require.Equal(t, []string{"m"}, readyBodies(basicDrain(t, ch, q, 1)))
}

func TestQueue_SingleActiveOfQuorumQueuesTakesNoGet(t *testing.T) {
	rule(t, "queue")
	c := dial(t)
	q := singleActiveQueue(t, channelOn(t, c), "quorum")
	for name, noAck := range map[string]bool{"with acknowledgement": false, "without": true} {
		t.Run(name, func(t *testing.T) {
			rule(t, "queue")
			ch := channelOn(t, c)
			requireChannelError(t, ch, func() error {
				_, _, err := ch.Get(q, noAck)
				return err
			}, amqp091.ResourceLocked, "RESOURCE_LOCKED - cannot obtain access to locked queue '"+q+"' in vhost '/'. "+
				"basic.get operations are not supported by quorum queues with single active consumer")
		})
	}
}

// Quorum queues tell of the active one only.
func TestQueue_SingleActiveCountsConsumers(t *testing.T) {
	rule(t, "queue")
	forBothTypes(t, func(t *testing.T, queueType string) {
		ch := openChannel(t)
		q := singleActiveQueue(t, ch, queueType)
		contend(t, q, 0)
		contend(t, q, 0)
		info, err := queueSpec{name: q}.declarePassive(ch)
		require.NoError(t, err)
		require.Equal(t, map[string]int{"classic": 2, "quorum": 1}[queueType], info.Consumers)
	})
}

// The flag for a queue of one's own is accepted by quorum queues, and means nothing.
func TestQueue_SingleActiveOfQuorumQueuesTakesExclusiveConsumers(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	q := singleActiveQueue(t, ch, "quorum")
	ds := basicConsumer{exclusive: true, noAck: true}.startOn(t, ch, q)
	basicConsumer{}.startOn(t, ch, q)
	publish(t, ch, "", q, "m")
	require.Equal(t, "m", string(receive(t, ds).Body))
}

// Those that wait are told of the end of the queue, too.
func TestQueue_SingleActiveCancelsAllWithTheQueue(t *testing.T) {
	rule(t, "queue")
	forBothTypes(t, func(t *testing.T, queueType string) {
		c := dial(t)
		ch := channelOn(t, c)
		q := singleActiveQueue(t, ch, queueType)
		cancelled := ch.NotifyCancel(make(chan string, 2))
		basicConsumer{tag: "first"}.startOn(t, ch, q)
		basicConsumer{tag: "second"}.startOn(t, ch, q)
		_, err := queueDeletion{name: q}.delete(channelOn(t, c))
		require.NoError(t, err)
		require.ElementsMatch(t, []string{"first", "second"}, []string{queueNextTag(t, cancelled), queueNextTag(t, cancelled)})
	})
}

// Two consumers of one channel are as good as two of different connections.
func TestQueue_SingleActiveOnOneChannel(t *testing.T) {
	rule(t, "queue")
	forBothTypes(t, func(t *testing.T, queueType string) {
		ch := openChannel(t)
		q := singleActiveQueue(t, ch, queueType)
		first := basicConsumer{tag: "first", noAck: true}.startOn(t, ch, q)
		second := basicConsumer{tag: "second", noAck: true}.startOn(t, ch, q)
		publish(t, ch, "", q, "1")
		require.Equal(t, "1", string(receive(t, first).Body))
		require.NoError(t, ch.Cancel("first", false))
		publish(t, ch, "", q, "2")
		require.Equal(t, "2", string(receive(t, second).Body))
	})
}

func TestQueue_SingleActiveFalseMeansNothing(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	q := queueSpec{args: amqp091.Table{"x-single-active-consumer": false}}.mustDeclare(t, ch)
	first, second := contend(t, q, 0), contend(t, q, 0)
	basicFillForConsumers(t, ch, q, 2)
	receive(t, first.deliveries)
	receive(t, second.deliveries)
}

// One that was about to take over and goes leaves all to the one that is active.
func TestQueue_SingleActiveOfQuorumQueuesStaysWhenTheSuccessorGoes(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	q := singleActiveQueue(t, ch, "quorum")
	first := contend(t, q, 0)
	publish(t, ch, "", q, "held")
	receive(t, first.deliveries)
	higher := contend(t, q, 10)
	publish(t, ch, "", q, "waits")
	requireNoDelivery(t, higher.deliveries)
	require.NoError(t, higher.channel.Cancel("contender", false))
	require.Equal(t, "waits", string(receive(t, first.deliveries).Body))
}
