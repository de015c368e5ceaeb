package conformance

import (
	"testing"

	"github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

// What makes room under a prefetch count of two: the deliveries 1 and 2 are out, the
// settlement frees one or both places. The limit of a channel may let the next
// message through before RabbitMQ's queue has the requeued one back.
func TestBasic_QosPlacesAreFreedBySettlement(t *testing.T) {
	rule(t, "basic")
	settlements := []struct {
		name   string
		settle func(*amqp091.Channel) error
		next   []string

		requeues bool
	}{
		{"ack", func(ch *amqp091.Channel) error { return ch.Ack(1, basicSingle) }, []string{"2"}, false},
		{"ack of the newer", func(ch *amqp091.Channel) error { return ch.Ack(2, basicSingle) }, []string{"2"}, false},
		{"ack of both", func(ch *amqp091.Channel) error { return ch.Ack(2, basicMultiple) }, []string{"2", "3"}, false},
		{"ack of all", func(ch *amqp091.Channel) error { return ch.Ack(0, basicMultiple) }, []string{"2", "3"}, false},
		{"reject", func(ch *amqp091.Channel) error { return ch.Reject(1, basicDrop) }, []string{"2"}, false},
		{"nack", func(ch *amqp091.Channel) error { return ch.Nack(1, basicSingle, basicDrop) }, []string{"2"}, false},
		{"nack of both", func(ch *amqp091.Channel) error { return ch.Nack(2, basicMultiple, basicDrop) }, []string{"2", "3"}, false},
		{"nack with requeue", func(ch *amqp091.Channel) error { return ch.Nack(1, basicSingle, basicRequeue) }, []string{"0"}, true},
		{"reject with requeue", func(ch *amqp091.Channel) error { return ch.Reject(2, basicRequeue) }, []string{"1"}, true},
		{"recover", func(ch *amqp091.Channel) error { return basicRecover(ch) }, []string{"0", "1"}, true},
	}
	for _, s := range settlements {
		for _, scope := range basicScopes {
			t.Run(s.name+" "+scope.name, func(t *testing.T) {
				rule(t, "basic")
				ch := openChannel(t)
				basicQos(t, ch, 2, scope.global)
				ds := basicConsumer{}.startOn(t, ch, basicFilledQueue(t, ch, 6))
				basicReceiveBodies(t, ds, 2)
				require.NoError(t, s.settle(ch))
				next := basicReceiveBodies(t, ds, len(s.next))
				if !s.requeues || scope.global == basicPerConsumer {
					require.Equal(t, s.next, next)
				}
				requireNoDelivery(t, ds)
			})
		}
	}
}

func TestBasic_QosPlacesAreNotFreedByOtherConsumers(t *testing.T) {
	rule(t, "basic")
	ch := openChannel(t)
	basicQos(t, ch, 1, basicPerConsumer)
	first := basicConsumer{}.startOn(t, ch, basicFilledQueue(t, ch, 3))
	second := basicConsumer{}.startOn(t, ch, basicFilledQueue(t, ch, 3))
	receive(t, first)
	require.NoError(t, receive(t, second).Ack(basicSingle))
	require.Equal(t, []string{"1"}, basicReceiveBodies(t, second, 1))
	requireNoDelivery(t, first)
}

func TestBasic_QosPlacesAreNotFreedByAcksOfGets(t *testing.T) {
	rule(t, "basic")
	ch := openChannel(t)
	basicQos(t, ch, 1, basicPerConsumer)
	ds := basicConsumer{}.startOn(t, ch, basicFilledQueue(t, ch, 3))
	receive(t, ds)
	other := basicTake(t, ch, basicFilledQueue(t, ch, 1))
	require.NoError(t, other.Ack(basicSingle))
	requireNoDelivery(t, ds)
}
