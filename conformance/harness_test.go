package conformance

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

const (
	// patience bounds every wait for something that the broker must do at once.
	patience = 5 * time.Second
	// pollInterval is how often eventually looks.
	pollInterval = 5 * time.Millisecond
	// settleTime is how long requireNoDelivery still listens after its barrier.
	settleTime = 20 * time.Millisecond
)

// dial opens a connection to the broker under test and closes it with the test.
func dial(t *testing.T) *amqp091.Connection {
	t.Helper()
	return dialConfig(t, amqp091.Config{})
}

// dialConfig is dial with the client's own settings; SASL and virtual host come
// from the broker's URL unless they are set.
func dialConfig(t *testing.T, config amqp091.Config) *amqp091.Connection {
	t.Helper()
	c, err := amqp091.DialConfig(suite.url, config)
	require.NoError(t, err, "dial")
	t.Cleanup(func() { closeQuietly(t, c.Close) })
	return c
}

// closeQuietly closes what the test may have closed itself, or lost to an error
// that it provoked.
func closeQuietly(t *testing.T, closeIt func() error) {
	t.Helper()
	if err := closeIt(); err != nil && !errors.Is(err, amqp091.ErrClosed) {
		t.Logf("close at the end of the test: %v", err)
	}
}

// openChannel opens a channel on a connection of its own.
func openChannel(t *testing.T) *amqp091.Channel {
	t.Helper()
	return channelOn(t, dial(t))
}

func channelOn(t *testing.T, c *amqp091.Connection) *amqp091.Channel {
	t.Helper()
	ch, err := c.Channel()
	require.NoError(t, err, "open channel")
	return ch
}

// uniqueName gives a name that no other test and no other run uses.
func uniqueName(t *testing.T, prefix string) string {
	t.Helper()
	return fmt.Sprintf("%s-%s-%d", prefix, suite.runID, suite.names.Add(1))
}

// tempQueue declares a transient, shared queue and deletes it with the test.
func tempQueue(t *testing.T, ch *amqp091.Channel) string {
	t.Helper()
	name := uniqueName(t, "q")
	_, err := ch.QueueDeclare(name, false, false, false, false, nil)
	require.NoError(t, err, "declare queue")
	deleteQueueLater(t, name)
	return name
}

// tempExchange declares a transient exchange of a kind and deletes it with the test.
func tempExchange(t *testing.T, ch *amqp091.Channel, kind string) string {
	t.Helper()
	name := uniqueName(t, "x")
	require.NoError(t, ch.ExchangeDeclare(name, kind, false, false, false, false, nil), "declare exchange")
	deleteExchangeLater(t, name)
	return name
}

// deleteQueueLater removes a queue with the test, over a connection of the suite's
// own: the test's channel may be closed by then. A missing queue is fine.
func deleteQueueLater(t *testing.T, name string) {
	t.Helper()
	t.Cleanup(func() {
		suite.tidy(t, func(ch *amqp091.Channel) error {
			_, err := ch.QueueDelete(name, false, false, false)
			return err
		})
	})
}

// deleteExchangeLater is deleteQueueLater for an exchange.
func deleteExchangeLater(t *testing.T, name string) {
	t.Helper()
	t.Cleanup(func() {
		suite.tidy(t, func(ch *amqp091.Channel) error { return ch.ExchangeDelete(name, false, false) })
	})
}

// requireChannelError runs the action and requires that the broker closes the
// channel with the code and the whole reply text. The action may return an error or
// not: the broker's channel.close decides, however late it comes.
func requireChannelError(t *testing.T, ch *amqp091.Channel, action func() error, code int, text string) {
	t.Helper()
	closed := ch.NotifyClose(make(chan *amqp091.Error, 1))
	requireClosedWith(t, "channel", closed, action(), code, text)
}

// requireConnectionError is requireChannelError for connection.close.
func requireConnectionError(t *testing.T, c *amqp091.Connection, action func() error, code int, text string) {
	t.Helper()
	closed := c.NotifyClose(make(chan *amqp091.Error, 1))
	requireClosedWith(t, "connection", closed, action(), code, text)
}

func requireClosedWith(t *testing.T, what string, closed <-chan *amqp091.Error, actionErr error, code int, text string) {
	t.Helper()
	select {
	case e := <-closed:
		require.NotNil(t, e, "the %s was closed without an error; the action returned: %v", what, actionErr)
		require.Equal(t, text, strings.TrimSpace(e.Reason), "reply text")
		require.Equal(t, code, e.Code, "reply code")
	case <-time.After(patience):
		require.Fail(t, "the broker did not close the "+what, "the action returned: %v", actionErr)
	}
}

// publish sends one message; opts change its properties.
func publish(t *testing.T, ch *amqp091.Channel, exchange, key, body string, opts ...func(*amqp091.Publishing)) {
	t.Helper()
	p := amqp091.Publishing{Body: []byte(body)}
	for _, o := range opts {
		o(&p)
	}
	require.NoError(t, ch.PublishWithContext(t.Context(), exchange, key, false, false, p), "publish")
}

// eventually polls until the condition holds; for effects that the broker applies
// after its answer, such as the end of another connection.
func eventually(t *testing.T, what string, cond func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for !cond() {
		if time.Now().After(deadline) {
			require.Fail(t, "not within "+patience.String()+": "+what)
		}
		time.Sleep(pollInterval)
	}
}

// receive takes the next delivery.
func receive(t *testing.T, ds <-chan amqp091.Delivery) amqp091.Delivery {
	t.Helper()
	select {
	case d, ok := <-ds:
		require.True(t, ok, "the consumer ended while a delivery was awaited")
		return d
	case <-time.After(patience):
		require.Fail(t, "no delivery within "+patience.String())
		return amqp091.Delivery{}
	}
}

// requireNoDelivery requires that nothing is under way to the consumer. The barrier
// is a message that another connection publishes, consumes and gets back meanwhile;
// what was under way before it has arrived by then.
func requireNoDelivery(t *testing.T, ds <-chan amqp091.Delivery) {
	t.Helper()
	barrier(t)
	select {
	case d, ok := <-ds:
		require.False(t, ok, "unexpected delivery of %q", d.Body)
	case <-time.After(settleTime):
	}
}

// barrier takes one message through a queue of its own, to a consumer.
func barrier(t *testing.T) {
	t.Helper()
	suite.tidy(t, func(ch *amqp091.Channel) error {
		q, err := ch.QueueDeclare("", false, true, true, false, nil)
		if err != nil {
			return err
		}
		ds, err := ch.Consume(q.Name, "", true, false, false, false, nil)
		if err != nil {
			return err
		}
		publish(t, ch, "", q.Name, "barrier")
		receive(t, ds)
		return nil
	})
}

// getBody takes one message with basic.get and acknowledges it automatically.
func getBody(t *testing.T, ch *amqp091.Channel, queue string) string {
	t.Helper()
	d, ok, err := ch.Get(queue, true)
	require.NoError(t, err, "get")
	require.True(t, ok, "queue %s is empty", queue)
	return string(d.Body)
}

// requireEmpty requires that a queue has no ready message.
func requireEmpty(t *testing.T, ch *amqp091.Channel, queue string) {
	t.Helper()
	d, ok, err := ch.Get(queue, true)
	require.NoError(t, err, "get")
	require.False(t, ok, "queue %s holds %q", queue, d.Body)
}

// readyCount is the number of ready messages by a passive declare.
func readyCount(t *testing.T, ch *amqp091.Channel, queue string) int {
	t.Helper()
	q, err := ch.QueueDeclarePassive(queue, false, false, false, false, nil)
	require.NoError(t, err, "passive declare")
	return q.Messages
}

// brokerIsRabbitMQ tells RabbitMQ itself from a broker that only names itself so.
func brokerIsRabbitMQ(t *testing.T) bool {
	t.Helper()
	return suite.broker.kind != leveret
}

// brokerVersion is the version of the server properties.
func brokerVersion(t *testing.T) string {
	t.Helper()
	return suite.broker.version
}

// oneOf picks the expectation of the broker under test where RabbitMQ 3.x and 4.x
// differ; Leveret is held to the 4.x side.
func oneOf[T any](before4, since4 T) T {
	if suite.broker.kind == rabbit3 {
		return before4
	}
	return since4
}

// requireNoQueue requires that a queue does not exist.
func requireNoQueue(t *testing.T, c *amqp091.Connection, name string) {
	t.Helper()
	ch := channelOn(t, c)
	requireChannelError(t, ch, func() error {
		_, err := ch.QueueDeclarePassive(name, false, false, false, false, nil)
		return err
	}, amqp091.NotFound, "NOT_FOUND - no queue '"+name+"' in vhost '/'")
}
