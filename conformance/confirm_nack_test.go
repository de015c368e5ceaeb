package conformance

import (
	"testing"

	"github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

func TestConfirm_MessageThatAQueueRefusesIsNacked(t *testing.T) {
	rule(t, "confirm")
	full := amqp091.Table{"x-max-length": int32(1), "x-overflow": "reject-publish"}
	t.Run("by its only queue", func(t *testing.T) {
		rule(t, "confirm")
		ch := confirmOpen(t)
		queue := confirmDurableQueue(t, ch, full)
		require.True(t, confirmPublish(t, ch, "", queue, amqp091.Publishing{Body: []byte("fits")}))
		require.False(t, confirmPublish(t, ch, "", queue, amqp091.Publishing{Body: []byte("too much")}))
		require.Equal(t, []basicReady{{"fits", false}}, basicDrain(t, ch, queue, 1))
	})
	t.Run("by one of two queues", func(t *testing.T) {
		rule(t, "confirm")
		ch := confirmOpen(t)
		exchange, refusing, taking := tempExchange(t, ch, "fanout"), confirmDurableQueue(t, ch, full), tempQueue(t, ch)
		for _, queue := range []string{refusing, taking} {
			require.NoError(t, ch.QueueBind(queue, "", exchange, false, nil))
		}
		require.True(t, confirmPublish(t, ch, exchange, "", amqp091.Publishing{Body: []byte("0")}))
		require.False(t, confirmPublish(t, ch, exchange, "", amqp091.Publishing{Body: []byte("1")}))
		require.Equal(t, []basicReady{{"0", false}, {"1", false}}, basicDrain(t, ch, taking, 2))
	})
	t.Run("and not returned", func(t *testing.T) {
		rule(t, "confirm")
		c := confirmWireOpen(t)
		queue := confirmDurableQueue(t, openChannel(t), full)
		c.send(basicWirePublication{key: queue, bits: basicMandatoryBit, body: "fits"}.encode())
		confirmExpectAcked(c, 1)
		c.send(basicWirePublication{key: queue, bits: basicMandatoryBit, body: "too much"}.encode())
		m := c.expectMethod(basicClass, 120)
		require.EqualValues(t, 2, m.u64(), "tag of basic.nack")
	})
}
