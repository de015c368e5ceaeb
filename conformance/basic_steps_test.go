package conformance

import (
	"strconv"
	"testing"
	"time"

	"github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

// Steps over amqp091-go that the tests of basic, confirm and tx share.

// Effects of Delivery.Ack, Nack and Reject that would be bare booleans otherwise.
const (
	basicSingle   = false
	basicMultiple = true
	basicDrop     = false
	basicRequeue  = true
)

// basicConsumer is how to consume; the zero value takes the client's defaults.
type basicConsumer struct {
	tag                       string
	noAck, exclusive, noLocal bool
	args                      amqp091.Table
}

// startOn consumes from a queue.
func (b basicConsumer) startOn(t *testing.T, ch *amqp091.Channel, queue string) <-chan amqp091.Delivery {
	t.Helper()
	ds, err := b.tryOn(ch, queue)
	require.NoError(t, err, "consume")
	return ds
}

func (b basicConsumer) tryOn(ch *amqp091.Channel, queue string) (<-chan amqp091.Delivery, error) {
	return ch.Consume(queue, b.tag, b.noAck, b.exclusive, b.noLocal, false, b.args)
}

// refused is the consume as an action of requireChannelError.
func (b basicConsumer) refused(ch *amqp091.Channel, queue string) func() error {
	return func() error {
		_, err := b.tryOn(ch, queue)
		return err
	}
}

// basicFill publishes the bodies "0" to "n-1" to a queue and waits until they are
// ready there. RabbitMQ counts ahead of the publishes of the same channel, so one
// look at the count is not enough.
func basicFill(t *testing.T, ch *amqp091.Channel, queue string, n int) {
	t.Helper()
	before := readyCount(t, ch, queue)
	basicFillForConsumers(t, ch, queue, n)
	basicAwaitReady(t, ch, queue, before+n)
}

// basicFillForConsumers publishes "0" to "n-1" to a queue that consumers empty.
func basicFillForConsumers(t *testing.T, ch *amqp091.Channel, queue string, n int) {
	t.Helper()
	for i := range n {
		publish(t, ch, "", queue, strconv.Itoa(i))
	}
}

// basicAwaitReady waits until a queue has n ready messages.
func basicAwaitReady(t *testing.T, ch *amqp091.Channel, queue string, n int) {
	t.Helper()
	eventually(t, strconv.Itoa(n)+" ready messages", func() bool { return readyCount(t, ch, queue) == n })
}

// basicFilledQueue is a temporary queue that holds the bodies "0" to "n-1".
func basicFilledQueue(t *testing.T, ch *amqp091.Channel, n int) string {
	t.Helper()
	queue := tempQueue(t, ch)
	basicFill(t, ch, queue, n)
	return queue
}

// basicTake gets one message that stays unacknowledged.
func basicTake(t *testing.T, ch *amqp091.Channel, queue string) amqp091.Delivery {
	t.Helper()
	d, ok, err := ch.Get(queue, false)
	require.NoError(t, err, "get")
	require.True(t, ok, "queue %s is empty", queue)
	return d
}

// basicTakeAll gets n messages that stay unacknowledged.
func basicTakeAll(t *testing.T, ch *amqp091.Channel, queue string, n int) []amqp091.Delivery {
	t.Helper()
	var ds []amqp091.Delivery
	for range n {
		ds = append(ds, basicTake(t, ch, queue))
	}
	return ds
}

// basicReceiveBodies takes the next n deliveries of a consumer.
func basicReceiveBodies(t *testing.T, ds <-chan amqp091.Delivery, n int) []string {
	t.Helper()
	var bodies []string
	for range n {
		bodies = append(bodies, string(receive(t, ds).Body))
	}
	return bodies
}

// basicReady is one message that a queue offers.
type basicReady struct {
	body        string
	redelivered bool
}

// basicDrain empties a queue of its n messages and tells what they were.
func basicDrain(t *testing.T, ch *amqp091.Channel, queue string, n int) []basicReady {
	t.Helper()
	if n == 0 {
		barrier(t) // nothing to wait for, but something wrong may be under way
	}
	basicAwaitReady(t, ch, queue, n)
	var all []basicReady
	for range n {
		d, ok, err := ch.Get(queue, true)
		require.NoError(t, err, "get")
		require.True(t, ok, "the queue is empty too early")
		all = append(all, basicReady{string(d.Body), d.Redelivered})
	}
	requireEmpty(t, ch, queue)
	return all
}

// basicRoundTrip makes sure that the broker has handled everything that was sent on
// the channel, and that the channel is still open.
func basicRoundTrip(t *testing.T, ch *amqp091.Channel) {
	t.Helper()
	require.NoError(t, ch.ExchangeDeclarePassive("amq.direct", "direct", true, false, false, false, nil), "round trip")
}

// basicEmptyEventually requires that a queue has and keeps no ready message, once
// what the test did on other channels has reached it.
func basicEmptyEventually(t *testing.T, ch *amqp091.Channel, queue string) {
	t.Helper()
	barrier(t)
	requireEmpty(t, ch, queue)
}

// basicReceiveReturn takes the next returned message.
func basicReceiveReturn(t *testing.T, returns <-chan amqp091.Return) amqp091.Return {
	t.Helper()
	select {
	case r, ok := <-returns:
		require.True(t, ok, "the channel closed while a return was awaited")
		return r
	case <-time.After(patience):
		require.Fail(t, "no basic.return within "+patience.String())
		return amqp091.Return{}
	}
}

// basicMandatory publishes with the mandatory bit.
func basicMandatory(t *testing.T, ch *amqp091.Channel, exchange, key string, p amqp091.Publishing) {
	t.Helper()
	require.NoError(t, ch.PublishWithContext(t.Context(), exchange, key, true, false, p), "publish")
}

// basicRecover asks for all unacknowledged messages of the channel again.
func basicRecover(ch *amqp091.Channel) error {
	return ch.Recover(basicRequeue) //nolint:staticcheck // the library discourages what the broker must still do
}
