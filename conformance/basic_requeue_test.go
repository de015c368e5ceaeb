package conformance

import (
	"testing"

	"github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

// Five messages, of which the first taken ones are settled: what the queue holds then.
func TestBasic_RequeueReturnsToTheOriginalPosition(t *testing.T) {
	rule(t, "basic")
	requeue := func(ch *amqp091.Channel, tags ...uint64) error {
		for _, tag := range tags {
			if err := ch.Reject(tag, basicRequeue); err != nil {
				return err
			}
		}
		return nil
	}
	cases := []struct {
		name   string
		taken  int
		settle func(ch *amqp091.Channel) error
		holds  []basicReady
	}{
		{
			"nack of all", 3, func(ch *amqp091.Channel) error { return ch.Nack(0, basicMultiple, basicRequeue) },
			[]basicReady{{"0", true}, {"1", true}, {"2", true}, {"3", false}, {"4", false}},
		},
		{
			"nack of multiple", 3, func(ch *amqp091.Channel) error { return ch.Nack(2, basicMultiple, basicRequeue) },
			[]basicReady{{"0", true}, {"1", true}, {"3", false}, {"4", false}},
		},
		{
			"nack of every message", 5, func(ch *amqp091.Channel) error { return ch.Nack(5, basicMultiple, basicRequeue) },
			[]basicReady{{"0", true}, {"1", true}, {"2", true}, {"3", true}, {"4", true}},
		},
		{
			"the middle one", 3, func(ch *amqp091.Channel) error { return requeue(ch, 2) },
			[]basicReady{{"1", true}, {"3", false}, {"4", false}},
		},
		{
			"one by one upwards", 3, func(ch *amqp091.Channel) error { return requeue(ch, 1, 2, 3) },
			[]basicReady{{"0", true}, {"1", true}, {"2", true}, {"3", false}, {"4", false}},
		},
		{
			"one by one downwards", 3, func(ch *amqp091.Channel) error { return requeue(ch, 3, 2, 1) },
			[]basicReady{{"0", true}, {"1", true}, {"2", true}, {"3", false}, {"4", false}},
		},
		{
			"in no order, with gaps", 5, func(ch *amqp091.Channel) error { return requeue(ch, 4, 1, 3) },
			[]basicReady{{"0", true}, {"2", true}, {"3", true}},
		},
		{
			"recover", 3, func(ch *amqp091.Channel) error { return basicRecover(ch) },
			[]basicReady{{"0", true}, {"1", true}, {"2", true}, {"3", false}, {"4", false}},
		},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			rule(t, "basic")
			c := dial(t)
			ch, observer := channelOn(t, c), channelOn(t, c)
			queue := basicFilledQueue(t, ch, 5)
			basicTakeAll(t, ch, queue, tc.taken)
			require.NoError(t, tc.settle(ch))
			require.Equal(t, tc.holds, basicDrain(t, observer, queue, len(tc.holds)))
		})
	}
}

func TestBasic_RequeueComesBeforeLaterPublishes(t *testing.T) {
	rule(t, "basic")
	ch := openChannel(t)
	queue := basicFilledQueue(t, ch, 2)
	basicTakeAll(t, ch, queue, 2)
	publish(t, ch, "", queue, "later")
	require.NoError(t, ch.Nack(0, basicMultiple, basicRequeue))
	require.Equal(t, []basicReady{{"0", true}, {"1", true}, {"later", false}}, basicDrain(t, ch, queue, 3))
}

func TestBasic_RequeueFindsItsPlaceAmongReadyOnes(t *testing.T) {
	rule(t, "basic")
	ch := openChannel(t)
	queue := basicFilledQueue(t, ch, 4)
	basicTakeAll(t, ch, queue, 4)
	require.NoError(t, ch.Reject(4, basicRequeue))
	require.NoError(t, ch.Reject(2, basicRequeue))
	basicAwaitReady(t, ch, queue, 2)
	require.NoError(t, ch.Reject(3, basicRequeue))
	require.NoError(t, ch.Reject(1, basicRequeue))
	require.Equal(t, []basicReady{{"0", true}, {"1", true}, {"2", true}, {"3", true}}, basicDrain(t, ch, queue, 4))
}

func TestBasic_SettledWithoutRequeueIsDropped(t *testing.T) {
	rule(t, "basic")
	drops := []struct {
		name string
		drop func(ch *amqp091.Channel) error
		left int
	}{
		{"reject", func(ch *amqp091.Channel) error { return ch.Reject(1, basicDrop) }, 2},
		{"nack", func(ch *amqp091.Channel) error { return ch.Nack(1, basicSingle, basicDrop) }, 2},
		{"nack of multiple", func(ch *amqp091.Channel) error { return ch.Nack(2, basicMultiple, basicDrop) }, 1},
		{"nack of all", func(ch *amqp091.Channel) error { return ch.Nack(0, basicMultiple, basicDrop) }, 0},
	}
	for _, d := range drops {
		t.Run(d.name, func(t *testing.T) {
			rule(t, "basic")
			c := dial(t)
			ch, observer := channelOn(t, c), channelOn(t, c)
			queue := basicFilledQueue(t, ch, 3)
			basicTakeAll(t, ch, queue, 3)
			require.NoError(t, d.drop(ch))
			require.NoError(t, ch.Close())
			require.Len(t, basicDrain(t, observer, queue, d.left), d.left)
		})
	}
}

func TestBasic_RequeuedMessagesGoToAnyConsumer(t *testing.T) {
	rule(t, "basic")
	c := dial(t)
	ch, holder, next := channelOn(t, c), channelOn(t, c), channelOn(t, c)
	queue := tempQueue(t, ch)
	basicQos(t, holder, 1, basicPerConsumer)
	held := basicConsumer{tag: "holder"}.startOn(t, holder, queue)
	publish(t, ch, "", queue, "m")
	first := receive(t, held)
	waiting := basicConsumer{}.startOn(t, next, queue)
	require.NoError(t, holder.Cancel("holder", false))
	require.NoError(t, first.Nack(basicSingle, basicRequeue))
	second := receive(t, waiting)
	require.Equal(t, "m", string(second.Body))
	require.True(t, second.Redelivered)
}

func TestBasic_RequeuedMessagesMayReturnToTheirConsumer(t *testing.T) {
	rule(t, "basic")
	ch := openChannel(t)
	ds := basicConsumer{}.startOn(t, ch, basicFilledQueue(t, ch, 1))
	for tag := uint64(1); tag <= 5; tag++ {
		d := receive(t, ds)
		require.Equal(t, tag, d.DeliveryTag)
		require.Equal(t, tag > 1, d.Redelivered)
		require.NoError(t, d.Nack(basicSingle, basicRequeue))
	}
}

func TestBasic_RequeueKeepsTheMessageAsItWas(t *testing.T) {
	rule(t, "basic")
	c := basicWireOpen(t)
	queue := basicWireQueue(c)
	properties := basicAllProperties()
	c.send(basicWirePublication{key: queue, properties: properties, body: "m"}.encode())
	for round := range 3 {
		c.send(basicEncodeGet(queue))
		got := basicExpectGetOk(c)
		basicRequireOctets(t, properties, got.properties, "properties")
		require.Equal(t, []string{"", queue, "m"}, []string{got.exchange, got.key, string(got.body)})
		require.Equal(t, round > 0, got.redelivered)
		c.sendMethod(basicWireChannel, basicClass, 90, u64(got.tag), u8(1))
	}
}

// basicEnding ends what holds deliveries.
type basicEnding struct {
	name string
	end  func(t *testing.T, h *basicHolder)
}

// basicHolder has taken messages from a queue and not acknowledged them.
type basicHolder struct {
	dropper *basicDropper
	c       *amqp091.Connection
	ch      *amqp091.Channel
}

func basicEndings() []basicEnding {
	return []basicEnding{
		{"channel close", func(t *testing.T, h *basicHolder) { require.NoError(t, h.ch.Close()) }},
		{"connection close", func(t *testing.T, h *basicHolder) { require.NoError(t, h.c.Close()) }},
		{"lost connection", func(t *testing.T, h *basicHolder) { h.dropper.drop(t) }},
		{"channel error", func(t *testing.T, h *basicHolder) {
			requireChannelError(t, h.ch, func() error { return h.ch.Ack(99, basicSingle) }, 406, basicUnknownTagText(99))
		}},
		{"connection error", func(t *testing.T, h *basicHolder) {
			requireConnectionError(t, h.c, func() error { return h.ch.Qos(1, 1, basicPerConsumer) },
				540, "NOT_IMPLEMENTED - prefetch_size!=0 (1)")
		}},
	}
}

// When a channel ends, in whatever way, its unacknowledged messages are back in
// their places, marked as redelivered.
func TestBasic_UnacknowledgedMessagesReturnWhenTheChannelEnds(t *testing.T) {
	rule(t, "basic")
	want := []basicReady{{"0", true}, {"2", true}, {"3", false}, {"4", false}}
	for _, e := range basicEndings() {
		t.Run(e.name+" after get", func(t *testing.T) {
			rule(t, "basic")
			h, observer := basicHold(t), openChannel(t)
			queue := basicFilledQueue(t, observer, 5)
			basicTakeAll(t, h.ch, queue, 3)
			require.NoError(t, h.ch.Ack(2, basicSingle))
			basicRoundTrip(t, h.ch)
			e.end(t, h)
			require.Equal(t, want, basicDrain(t, observer, queue, len(want)))
		})
		t.Run(e.name+" of a consumer", func(t *testing.T) {
			rule(t, "basic")
			h, observer := basicHold(t), openChannel(t)
			queue := basicFilledQueue(t, observer, 5)
			basicQos(t, h.ch, 3, basicPerConsumer)
			basicReceiveBodies(t, basicConsumer{tag: "mine"}.startOn(t, h.ch, queue), 3)
			require.NoError(t, h.ch.Cancel("mine", false))
			require.NoError(t, h.ch.Ack(2, basicSingle))
			basicRoundTrip(t, h.ch)
			e.end(t, h)
			require.Equal(t, want, basicDrain(t, observer, queue, len(want)))
		})
	}
}
