package conformance

import (
	"fmt"
	"testing"

	"github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

// basicSettlement is one way to settle a single delivery.
type basicSettlement struct {
	name   string
	method uint16
	settle func(ch *amqp091.Channel, tag uint64) error
}

func basicSettlements() []basicSettlement {
	return []basicSettlement{
		{"ack", 80, func(ch *amqp091.Channel, tag uint64) error { return ch.Ack(tag, basicSingle) }},
		{"nack", 120, func(ch *amqp091.Channel, tag uint64) error { return ch.Nack(tag, basicSingle, basicDrop) }},
		{"nack with requeue", 120, func(ch *amqp091.Channel, tag uint64) error { return ch.Nack(tag, basicSingle, basicRequeue) }},
		{"reject", 90, func(ch *amqp091.Channel, tag uint64) error { return ch.Reject(tag, basicDrop) }},
		{"reject with requeue", 90, func(ch *amqp091.Channel, tag uint64) error { return ch.Reject(tag, basicRequeue) }},
	}
}

func basicUnknownTagText(tag uint64) string {
	return fmt.Sprintf("PRECONDITION_FAILED - unknown delivery tag %d", tag)
}

// Settling a tag that is not outstanding on the channel closes it.
func TestBasic_UnknownDeliveryTags(t *testing.T) {
	rule(t, "basic")
	for _, s := range basicSettlements() {
		t.Run(s.name+" of a tag never given", func(t *testing.T) {
			rule(t, "basic")
			ch := openChannel(t)
			requireChannelError(t, ch, func() error { return s.settle(ch, 42) }, 406, basicUnknownTagText(42))
		})
		t.Run(s.name+" of tag zero", func(t *testing.T) {
			rule(t, "basic")
			ch := openChannel(t)
			basicTake(t, ch, basicFilledQueue(t, ch, 1))
			requireChannelError(t, ch, func() error { return s.settle(ch, 0) }, 406, basicUnknownTagText(0))
		})
		t.Run(s.name+" twice", func(t *testing.T) {
			rule(t, "basic")
			ch := openChannel(t)
			d := basicTake(t, ch, basicFilledQueue(t, ch, 1))
			require.NoError(t, s.settle(ch, d.DeliveryTag))
			requireChannelError(t, ch, func() error { return s.settle(ch, d.DeliveryTag) }, 406, basicUnknownTagText(1))
		})
		t.Run(s.name+" of a delivery without acknowledgement", func(t *testing.T) {
			rule(t, "basic")
			ch := openChannel(t)
			d := receive(t, basicConsumer{noAck: true}.startOn(t, ch, basicFilledQueue(t, ch, 1)))
			requireChannelError(t, ch, func() error { return s.settle(ch, d.DeliveryTag) }, 406, basicUnknownTagText(1))
		})
		t.Run(s.name+" of another channel's delivery", func(t *testing.T) {
			rule(t, "basic")
			c := dial(t)
			owner, other := channelOn(t, c), channelOn(t, c)
			d := basicTake(t, owner, basicFilledQueue(t, owner, 1))
			requireChannelError(t, other, func() error { return s.settle(other, d.DeliveryTag) }, 406, basicUnknownTagText(1))
			require.NoError(t, d.Ack(basicSingle))
			basicRoundTrip(t, owner)
		})
	}
}

func TestBasic_UnknownDeliveryTagNamesTheMethod(t *testing.T) {
	rule(t, "basic")
	for _, s := range []struct {
		name   string
		method uint16
	}{{"ack", 80}, {"reject", 90}, {"nack", 120}} {
		t.Run(s.name, func(t *testing.T) {
			rule(t, "basic")
			c := basicWireOpen(t)
			c.sendMethod(basicWireChannel, basicClass, s.method, u64(7), u8(0))
			class, method := c.expectChannelClose(basicWireChannel, 406, basicUnknownTagText(7))
			require.Equal(t, [2]uint16{basicClass, s.method}, [2]uint16{class, method}, "offending method")
		})
	}
}

func TestBasic_MultipleNeedsAnOutstandingTag(t *testing.T) {
	rule(t, "basic")
	multiples := []struct {
		name   string
		settle func(ch *amqp091.Channel, tag uint64) error
	}{
		{"ack", func(ch *amqp091.Channel, tag uint64) error { return ch.Ack(tag, basicMultiple) }},
		{"nack", func(ch *amqp091.Channel, tag uint64) error { return ch.Nack(tag, basicMultiple, basicRequeue) }},
	}
	for _, m := range multiples {
		t.Run(m.name+" beyond the last tag", func(t *testing.T) {
			rule(t, "basic")
			ch := openChannel(t)
			basicTakeAll(t, ch, basicFilledQueue(t, ch, 2), 2)
			requireChannelError(t, ch, func() error { return m.settle(ch, 3) }, 406, basicUnknownTagText(3))
		})
		t.Run(m.name+" up to a tag settled already", func(t *testing.T) {
			rule(t, "basic")
			ch := openChannel(t)
			basicTakeAll(t, ch, basicFilledQueue(t, ch, 3), 3)
			require.NoError(t, ch.Ack(2, basicSingle))
			requireChannelError(t, ch, func() error { return m.settle(ch, 2) }, 406, basicUnknownTagText(2))
		})
		t.Run(m.name+" without any outstanding", func(t *testing.T) {
			rule(t, "basic")
			ch := openChannel(t)
			requireChannelError(t, ch, func() error { return m.settle(ch, 1) }, 406, basicUnknownTagText(1))
		})
		t.Run(m.name+" of all without any outstanding", func(t *testing.T) {
			rule(t, "basic")
			ch := openChannel(t)
			require.NoError(t, m.settle(ch, 0))
			basicRoundTrip(t, ch)
		})
		t.Run(m.name+" of all twice", func(t *testing.T) {
			rule(t, "basic")
			ch := openChannel(t)
			basicTakeAll(t, ch, basicFilledQueue(t, ch, 2), 2)
			require.NoError(t, m.settle(ch, 0))
			require.NoError(t, m.settle(ch, 0))
			basicRoundTrip(t, ch)
		})
	}
}

// Which of five unacknowledged messages come back when the channel closes.
func TestBasic_AckSettles(t *testing.T) {
	rule(t, "basic")
	cases := []struct {
		name string
		acks func(ch *amqp091.Channel) error
		back []string
	}{
		{"one", func(ch *amqp091.Channel) error { return ch.Ack(3, basicSingle) }, []string{"0", "1", "3", "4"}},
		{"multiple", func(ch *amqp091.Channel) error { return ch.Ack(3, basicMultiple) }, []string{"3", "4"}},
		{"the first as multiple", func(ch *amqp091.Channel) error { return ch.Ack(1, basicMultiple) }, []string{"1", "2", "3", "4"}},
		{"all", func(ch *amqp091.Channel) error { return ch.Ack(0, basicMultiple) }, nil},
		{"last as multiple", func(ch *amqp091.Channel) error { return ch.Ack(5, basicMultiple) }, nil},
		{"nack of multiple", func(ch *amqp091.Channel) error { return ch.Nack(2, basicMultiple, basicDrop) }, []string{"2", "3", "4"}},
		{"reject", func(ch *amqp091.Channel) error { return ch.Reject(2, basicDrop) }, []string{"0", "2", "3", "4"}},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			rule(t, "basic")
			c := dial(t)
			ch, observer := channelOn(t, c), channelOn(t, c)
			queue := basicFilledQueue(t, ch, 5)
			basicTakeAll(t, ch, queue, 5)
			require.NoError(t, tc.acks(ch))
			require.NoError(t, ch.Close())
			var want []basicReady
			for _, body := range tc.back {
				want = append(want, basicReady{body, true})
			}
			require.Equal(t, want, basicDrain(t, observer, queue, len(want)))
		})
	}
}

func TestBasic_AckMayComeInAnyOrder(t *testing.T) {
	rule(t, "basic")
	c := dial(t)
	ch, observer := channelOn(t, c), channelOn(t, c)
	queue := basicFilledQueue(t, ch, 5)
	basicTakeAll(t, ch, queue, 5)
	for _, tag := range []uint64{4, 1, 5, 3, 2} {
		require.NoError(t, ch.Ack(tag, basicSingle))
	}
	require.NoError(t, ch.Close())
	basicEmptyEventually(t, observer, queue)
}

// A multiple acknowledgement may pass over tags that are settled already.
func TestBasic_AckMultiplePassesOverSettledTags(t *testing.T) {
	rule(t, "basic")
	ch := openChannel(t)
	queue := basicFilledQueue(t, ch, 5)
	basicTakeAll(t, ch, queue, 5)
	require.NoError(t, ch.Ack(2, basicSingle))
	require.NoError(t, ch.Ack(4, basicMultiple))
	require.NoError(t, ch.Nack(5, basicSingle, basicRequeue))
	require.Equal(t, []basicReady{{"4", true}}, basicDrain(t, ch, queue, 1))
}

func TestBasic_AckMultipleSpansQueues(t *testing.T) {
	rule(t, "basic")
	c := dial(t)
	ch, observer := channelOn(t, c), channelOn(t, c)
	one, two := basicFilledQueue(t, ch, 2), basicFilledQueue(t, ch, 2)
	basicTake(t, ch, one)
	basicTake(t, ch, two)
	basicTake(t, ch, one)
	basicTake(t, ch, two)
	require.NoError(t, ch.Ack(3, basicMultiple))
	require.NoError(t, ch.Close())
	require.Equal(t, []basicReady{{"1", true}}, basicDrain(t, observer, two, 1))
	requireEmpty(t, observer, one)
}

func TestBasic_AckErrorRequeuesTheRest(t *testing.T) {
	rule(t, "basic")
	c := dial(t)
	ch, observer := channelOn(t, c), channelOn(t, c)
	queue := basicFilledQueue(t, ch, 3)
	basicTakeAll(t, ch, queue, 3)
	require.NoError(t, ch.Ack(2, basicSingle))
	requireChannelError(t, ch, func() error { return ch.Ack(2, basicSingle) }, 406, basicUnknownTagText(2))
	require.Equal(t, []basicReady{{"0", true}, {"2", true}}, basicDrain(t, observer, queue, 2))
}

func TestBasic_AckAfterTheErrorIsIgnored(t *testing.T) {
	rule(t, "basic")
	c, observer := basicWireOpen(t), openChannel(t)
	queue := basicFilledQueue(t, observer, 1)
	c.send(basicEncodeGet(queue))
	got := basicExpectGetOk(c)
	c.send(join(basicEncodeAck(9), basicEncodeAck(got.tag)))
	c.expectChannelClose(basicWireChannel, 406, basicUnknownTagText(9))
	c.requireAlive()
	require.Equal(t, []basicReady{{"0", true}}, basicDrain(t, observer, queue, 1))
}
