package conformance

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

// confirmDurableQueue is a durable queue that ends with the test.
func confirmDurableQueue(t *testing.T, ch *amqp091.Channel, args amqp091.Table) string {
	t.Helper()
	queue := uniqueName(t, "q")
	_, err := ch.QueueDeclare(queue, true, false, false, false, args)
	require.NoError(t, err)
	deleteQueueLater(t, queue)
	return queue
}

// confirmModes are the delivery modes.
var confirmModes = [...]struct {
	name string
	mode uint8
}{
	{"transient", amqp091.Transient},
	{"persistent", amqp091.Persistent},
}

func TestConfirm_RoutedMessageIsAcked(t *testing.T) {
	rule(t, "confirm")
	queues := []struct {
		name    string
		declare func(t *testing.T, ch *amqp091.Channel) string
	}{
		{"transient queue", tempQueue},
		{"durable queue", func(t *testing.T, ch *amqp091.Channel) string { return confirmDurableQueue(t, ch, nil) }},
	}
	for _, q := range queues {
		for _, m := range confirmModes {
			t.Run(m.name+" to "+q.name, func(t *testing.T) {
				rule(t, "confirm")
				ch := confirmOpen(t)
				queue := q.declare(t, ch)
				require.True(t, confirmPublish(t, ch, "", queue, amqp091.Publishing{DeliveryMode: m.mode, Body: []byte("m")}))
				require.Equal(t, "m", getBody(t, ch, queue))
			})
		}
	}
}

func TestConfirm_UnroutableMessageIsAcked(t *testing.T) {
	rule(t, "confirm")
	for _, m := range confirmModes {
		t.Run(m.name+" without a queue", func(t *testing.T) {
			rule(t, "confirm")
			ch := confirmOpen(t)
			require.True(t, confirmPublish(t, ch, "", uniqueName(t, "missing"), amqp091.Publishing{DeliveryMode: m.mode}))
		})
		t.Run(m.name+" without a binding", func(t *testing.T) {
			rule(t, "confirm")
			ch := confirmOpen(t)
			exchange := tempExchange(t, ch, "topic")
			require.True(t, confirmPublish(t, ch, exchange, "k", amqp091.Publishing{DeliveryMode: m.mode}))
		})
	}
}

func TestConfirm_ReturnComesBeforeTheAck(t *testing.T) {
	rule(t, "confirm")
	c := confirmWireOpen(t)
	for want := uint64(1); want <= 3; want++ {
		c.send(basicWirePublication{key: "nowhere", bits: basicMandatoryBit, body: "m"}.encode())
		require.EqualValues(t, 312, basicExpectReturn(c).code)
		tag, _ := confirmExpectAck(c)
		require.Equal(t, want, tag)
	}
}

// Pipelined mandatory publishes: the acknowledgements may be grouped, but none may
// come before its return.
func TestConfirm_ReturnsComeBeforeTheirAcksWhenPipelined(t *testing.T) {
	rule(t, "confirm")
	const n = 50
	c := confirmWireOpen(t)
	var all []byte
	for i := range n {
		all = append(all, basicWirePublication{key: "nowhere", bits: basicMandatoryBit, body: strconv.Itoa(i)}.encode()...)
	}
	c.send(all)
	var returned, acked uint64
	for acked < n {
		f := c.readFrame()
		class, method, _ := f.methodID()
		require.EqualValues(t, basicClass, class)
		if method == basicReturnMethod {
			var content basicWireContent
			content.readPayload(c)
			require.Equal(t, strconv.FormatUint(returned, 10), string(content.body))
			returned++
			continue
		}
		require.EqualValues(t, confirmAckMethod, method)
		m := arguments{t: t, rest: f.payload[4:]}
		acked = m.u64()
		require.LessOrEqual(t, acked, returned, "acknowledged before it was returned")
	}
}

func TestConfirm_EveryPublishIsAckedOnce(t *testing.T) {
	rule(t, "confirm")
	for _, m := range confirmModes {
		t.Run(m.name, func(t *testing.T) {
			rule(t, "confirm")
			const n = 500
			c := confirmWireOpen(t)
			queue := confirmDurableQueue(t, openChannel(t), nil)
			properties := join(u16(basicFlagDeliveryMode), u8(m.mode))
			var all []byte
			for range n {
				all = append(all, basicWirePublication{key: queue, properties: properties, body: "m"}.encode()...)
			}
			c.send(all)
			confirmExpectAcked(c, n)
			basicRequireNothingMore(c)
		})
	}
}

func TestConfirm_AckWaitsForEveryQueue(t *testing.T) {
	rule(t, "confirm")
	for _, m := range confirmModes {
		t.Run(m.name, func(t *testing.T) {
			rule(t, "confirm")
			ch := confirmOpen(t)
			exchange := tempExchange(t, ch, "fanout")
			queues := []string{confirmDurableQueue(t, ch, nil), tempQueue(t, ch), confirmDurableQueue(t, ch, nil)}
			for _, queue := range queues {
				require.NoError(t, ch.QueueBind(queue, "", exchange, false, nil))
			}
			require.True(t, confirmPublish(t, ch, exchange, "", amqp091.Publishing{DeliveryMode: m.mode, Body: []byte("m")}))
			for _, queue := range queues {
				require.Equal(t, "m", getBody(t, ch, queue))
			}
		})
	}
}

func TestConfirm_AckDoesNotWaitForTheConsumer(t *testing.T) {
	rule(t, "confirm")
	for _, m := range confirmModes {
		t.Run(m.name, func(t *testing.T) {
			rule(t, "confirm")
			ch := confirmOpen(t)
			queue := confirmDurableQueue(t, ch, nil)
			ds := basicConsumer{}.startOn(t, ch, queue)
			require.True(t, confirmPublish(t, ch, "", queue, amqp091.Publishing{DeliveryMode: m.mode}))
			require.NoError(t, receive(t, ds).Reject(basicDrop))
			basicRoundTrip(t, ch)
		})
	}
}

func TestConfirm_MessagesOfADeletedQueueAreAcked(t *testing.T) {
	rule(t, "confirm")
	t.Run("deleted behind the publishes", func(t *testing.T) {
		rule(t, "confirm")
		ch := confirmOpen(t)
		queue := confirmDurableQueue(t, ch, nil)
		var all []*amqp091.DeferredConfirmation
		for range 50 {
			all = append(all, confirmSend(t, ch, "", queue, amqp091.Publishing{DeliveryMode: amqp091.Persistent}))
		}
		_, err := ch.QueueDelete(queue, false, false, false)
		require.NoError(t, err)
		for _, c := range all {
			require.True(t, confirmWait(t, c), "publish %d", c.DeliveryTag)
		}
	})
	t.Run("deleted before the publish", func(t *testing.T) {
		rule(t, "confirm")
		ch := confirmOpen(t)
		queue := confirmDurableQueue(t, ch, nil)
		_, err := ch.QueueDelete(queue, false, false, false)
		require.NoError(t, err)
		require.True(t, confirmPublish(t, ch, "", queue, amqp091.Publishing{DeliveryMode: amqp091.Persistent}))
	})
}

func TestConfirm_PurgedMessagesAreAcked(t *testing.T) {
	rule(t, "confirm")
	ch := confirmOpen(t)
	queue := confirmDurableQueue(t, ch, nil)
	var all []*amqp091.DeferredConfirmation
	for range 50 {
		all = append(all, confirmSend(t, ch, "", queue, amqp091.Publishing{DeliveryMode: amqp091.Persistent}))
	}
	_, err := ch.QueuePurge(queue, false)
	require.NoError(t, err)
	for _, c := range all {
		require.True(t, confirmWait(t, c), "publish %d", c.DeliveryTag)
	}
}

// A publish that closes the channel is not confirmed, and those before it may or may
// not be: the publisher must take them as unconfirmed.
func TestConfirm_PublishErrorIsNotConfirmed(t *testing.T) {
	rule(t, "confirm")
	c := confirmWireOpen(t)
	missing := uniqueName(t, "missing")
	c.send(basicWirePublication{key: "nowhere"}.encode())
	confirmExpectAcked(c, 1)
	c.send(basicWirePublication{exchange: missing}.encode())
	c.expectChannelClose(basicWireChannel, 404, "NOT_FOUND - no exchange '"+missing+"' in vhost '/'")
	c.requireAlive()
}

func TestConfirm_StartsAgainOnAReopenedChannel(t *testing.T) {
	rule(t, "confirm")
	c := confirmWireOpen(t)
	c.send(basicWirePublication{key: "nowhere"}.encode())
	confirmExpectAcked(c, 1)
	c.sendMethod(basicWireChannel, 20, 40, u16(200), shortStr("done"), u16(0), u16(0))
	c.expectMethod(20, 41)
	c.openChannel(basicWireChannel)
	c.send(basicWirePublication{key: "nowhere"}.encode())
	basicRequireNothingMore(c)
	confirmWireSelect(c)
	c.send(basicWirePublication{key: "nowhere"}.encode())
	confirmExpectAcked(c, 1)
}

func TestConfirm_LargeMessageIsAcked(t *testing.T) {
	rule(t, "confirm")
	for _, m := range confirmModes {
		t.Run(fmt.Sprintf("%s of 1 MiB", m.name), func(t *testing.T) {
			rule(t, "confirm")
			ch := confirmOpen(t)
			queue := confirmDurableQueue(t, ch, nil)
			body := basicPatternBody(1 << 20)
			require.True(t, confirmPublish(t, ch, "", queue, amqp091.Publishing{DeliveryMode: m.mode, Body: body}))
			require.Equal(t, len(body), len(getBody(t, ch, queue)))
		})
	}
}
