package server_test

import (
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/server"
)

// What waits for a consumer whose connection is busy counts against the limit
// of its channel. When its queue is deleted, it has to be given back.
func TestQos_DeletedQueueGivesBackItsShareOfTheLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newListener()
		serve(t, l, newVolatile(), server.Options{})
		slow, other := connect(t, l), connect(t, l)
		slow.handshake(opened)
		other.handshake(opened)
		slow.send(1, &amqp.QueueDeclare{Queue: "p"}, &amqp.QueueDeclare{Queue: "q"},
			&amqp.BasicQos{PrefetchCount: 2, Global: true},
			&amqp.BasicConsume{Queue: "p", ConsumerTag: "p"}, &amqp.BasicConsume{Queue: "q", ConsumerTag: "q"})
		synctest.Wait()
		slow.heard()

		slow.mute(true)
		other.publish(1, &amqp.BasicPublish{RoutingKey: "p"}, nil, make([]byte, 1<<20)) // fills the writer
		synctest.Wait()
		other.publish(1, &amqp.BasicPublish{RoutingKey: "p"}, nil, []byte("waits for the writer"))
		other.publish(1, &amqp.BasicPublish{RoutingKey: "q"}, nil, []byte("refused by the limit"))
		other.send(1, &amqp.QueueDelete{Queue: "p"})
		synctest.Wait()
		slow.mute(false)
		synctest.Wait()

		heard := slow.heard()
		require.Len(t, heard, 3) // the large message, the end of its queue, and:
		require.Equal(t, `1 basic.deliver{consumer-tag: "q", delivery-tag: 2, routing-key: "q"} "refused by the limit"`, heard[2])
	})
}

// A limit for consumers to come ends that of the channel, and whoever waited
// for it goes on.
func TestQos_LimitOfTheChannelEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newListener()
		serve(t, l, newVolatile(), server.Options{})
		p := connect(t, l)
		p.handshake(opened)
		p.send(1, &amqp.QueueDeclare{Queue: "q"}, &amqp.BasicQos{PrefetchCount: 1, Global: true},
			&amqp.BasicConsume{Queue: "q", ConsumerTag: "c"})
		for _, body := range []string{"1", "2", "3"} {
			p.publish(1, &amqp.BasicPublish{RoutingKey: "q"}, nil, []byte(body))
		}
		synctest.Wait()
		require.Equal(t, `1 basic.deliver{consumer-tag: "c", delivery-tag: 1, routing-key: "q"} "1"`, p.heard()[3])
		p.send(1, &amqp.BasicQos{PrefetchCount: 1})
		synctest.Wait()
		require.ElementsMatch(t, []string{
			"1 basic.qos-ok{}",
			`1 basic.deliver{consumer-tag: "c", delivery-tag: 2, routing-key: "q"} "2"`,
			`1 basic.deliver{consumer-tag: "c", delivery-tag: 3, routing-key: "q"} "3"`,
		}, p.heard())
	})
}
