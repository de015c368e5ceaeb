package conformance

import (
	"testing"

	"github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

// basicInUseText is what a second consumer beside an exclusive one is told.
func basicInUseText(queue string) string {
	return "ACCESS_REFUSED - queue '" + queue + "' in vhost '/' in exclusive use"
}

func TestBasic_ExclusiveConsumerKeepsOthersOut(t *testing.T) {
	rule(t, "basic")
	for _, second := range []struct {
		name     string
		consumer basicConsumer
	}{
		{"plain", basicConsumer{tag: "second"}},
		{"exclusive", basicConsumer{tag: "second", exclusive: true}},
	} {
		t.Run(second.name+" on its own channel", func(t *testing.T) {
			rule(t, "basic")
			ch := openChannel(t)
			queue := tempQueue(t, ch)
			basicConsumer{exclusive: true}.startOn(t, ch, queue)
			requireChannelError(t, ch, second.consumer.refused(ch, queue), 403, basicInUseText(queue))
		})
		t.Run(second.name+" on another connection", func(t *testing.T) {
			rule(t, "basic")
			ch, other := openChannel(t), openChannel(t)
			queue := tempQueue(t, ch)
			basicConsumer{exclusive: true}.startOn(t, ch, queue)
			requireChannelError(t, other, second.consumer.refused(other, queue), 403, basicInUseText(queue))
		})
	}
}

func TestBasic_ExclusiveConsumerNeedsTheQueueForItself(t *testing.T) {
	rule(t, "basic")
	ch, other := openChannel(t), openChannel(t)
	queue := tempQueue(t, ch)
	ds := basicConsumer{}.startOn(t, ch, queue)
	requireChannelError(t, other, basicConsumer{exclusive: true}.refused(other, queue), 403, basicInUseText(queue))
	publish(t, ch, "", queue, "still served")
	receive(t, ds)
}

// A queue with a single active consumer takes no exclusive one, not even as its first.
func TestBasic_ExclusiveConsumerOfASingleActiveConsumerQueue(t *testing.T) {
	rule(t, "basic")
	ch := openChannel(t)
	queue := uniqueName(t, "q")
	_, err := ch.QueueDeclare(queue, false, false, false, false, amqp091.Table{"x-single-active-consumer": true})
	require.NoError(t, err)
	deleteQueueLater(t, queue)
	requireChannelError(t, ch, basicConsumer{exclusive: true}.refused(ch, queue), 403, basicInUseText(queue))
}

func TestBasic_ExclusiveConsumerDoesNotKeepGetOut(t *testing.T) {
	rule(t, "basic")
	ch, other := openChannel(t), openChannel(t)
	queue := basicFilledQueue(t, ch, 2)
	basicQos(t, ch, 1, basicPerConsumer)
	receive(t, basicConsumer{exclusive: true}.startOn(t, ch, queue))
	require.Equal(t, "1", getBody(t, other, queue))
}

func TestBasic_ExclusiveUseEndsWithItsConsumer(t *testing.T) {
	rule(t, "basic")
	ends := []struct {
		name string
		end  func(t *testing.T, c *amqp091.Connection, ch *amqp091.Channel) error
	}{
		{"cancel", func(_ *testing.T, _ *amqp091.Connection, ch *amqp091.Channel) error { return ch.Cancel("only", false) }},
		{"channel close", func(_ *testing.T, _ *amqp091.Connection, ch *amqp091.Channel) error { return ch.Close() }},
		{"connection close", func(_ *testing.T, c *amqp091.Connection, _ *amqp091.Channel) error { return c.Close() }},
	}
	for _, e := range ends {
		t.Run(e.name, func(t *testing.T) {
			rule(t, "basic")
			c := dial(t)
			ch, next := channelOn(t, c), openChannel(t)
			queue := tempQueue(t, ch)
			basicConsumer{tag: "only", exclusive: true}.startOn(t, ch, queue)
			require.NoError(t, e.end(t, c, ch))
			basicConsumer{exclusive: true}.startOn(t, next, queue)
		})
	}
}
