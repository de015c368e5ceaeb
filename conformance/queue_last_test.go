package conformance

import (
	"testing"

	"github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

// queueMethods are the methods that take the last declared queue for an empty name.
func queueMethods() map[string]func(ch *amqp091.Channel, queue string) error {
	return map[string]func(ch *amqp091.Channel, queue string) error{
		"bind":   func(ch *amqp091.Channel, q string) error { return ch.QueueBind(q, "k", "amq.direct", false, nil) },
		"unbind": func(ch *amqp091.Channel, q string) error { return ch.QueueUnbind(q, "k", "amq.direct", nil) },
		"purge": func(ch *amqp091.Channel, q string) error {
			_, err := ch.QueuePurge(q, false)
			return err
		},
		"delete": func(ch *amqp091.Channel, q string) error { return queueDeletion{name: q}.deleting(ch)() },
		"get": func(ch *amqp091.Channel, q string) error {
			_, _, err := ch.Get(q, true)
			return err
		},
		"consume": func(ch *amqp091.Channel, q string) error {
			_, err := ch.Consume(q, "", true, false, false, false, nil)
			return err
		},
	}
}

func TestQueue_EmptyNameNeedsADeclaredQueue(t *testing.T) {
	rule(t, "queue")
	c := dial(t)
	queueSpec{exclusive: true}.mustDeclare(t, channelOn(t, c)) // the last queue of another channel does not count
	for name, method := range queueMethods() {
		t.Run(name, func(t *testing.T) {
			rule(t, "queue")
			ch := channelOn(t, c)
			requireChannelError(t, ch, func() error { return method(ch, "") }, amqp091.NotFound, queueNoneDeclared)
		})
	}
}

func TestQueue_EmptyNameIsTheLastDeclaredQueue(t *testing.T) {
	rule(t, "queue")
	c := dial(t)
	for row, declare := range map[string]func(*testing.T, *amqp091.Channel) string{
		"named by the client": func(t *testing.T, ch *amqp091.Channel) string { return tempQueue(t, ch) },
		"named by the server": func(t *testing.T, ch *amqp091.Channel) string {
			q, err := queueSpec{exclusive: true}.declare(ch)
			require.NoError(t, err)
			return q.Name
		},
		"declared again": func(t *testing.T, ch *amqp091.Channel) string {
			q := tempQueue(t, ch)
			tempQueue(t, ch)
			_, err := queueSpec{name: q}.declare(ch)
			require.NoError(t, err)
			return q
		},
		"declared passively": func(t *testing.T, ch *amqp091.Channel) string {
			q := tempQueue(t, ch)
			tempQueue(t, ch)
			require.Equal(t, 0, readyCount(t, ch, q))
			return q
		},
		"declared without a reply": func(t *testing.T, ch *amqp091.Channel) string {
			q := uniqueName(t, "q")
			deleteQueueLater(t, q)
			_, err := ch.QueueDeclare(q, false, false, false, true, nil)
			require.NoError(t, err)
			return q
		},
	} {
		t.Run(row, func(t *testing.T) {
			rule(t, "queue")
			ch := channelOn(t, c)
			tempQueue(t, ch)
			queueRequireLast(t, ch, declare(t, ch))
		})
	}
}

// queueRequireLast uses each method with the empty name and looks at what happens
// to the queue that it must mean.
func queueRequireLast(t *testing.T, ch *amqp091.Channel, q string) {
	t.Helper()
	x := tempExchange(t, ch, "direct")
	exchangeBinding{source: x, key: "k"}.bindQueue(t, ch)
	require.Equal(t, 1, exchangeCopies(t, ch, x, "k", q), "bind")
	exchangeBinding{source: x, key: "k"}.unbindQueue(t, ch)
	require.Zero(t, exchangeCopies(t, ch, x, "k", q), "unbind")

	publish(t, ch, "", q, "got")
	require.Equal(t, "got", getBody(t, ch, ""), "get")
	publish(t, ch, "", q, "purged")
	n, err := ch.QueuePurge("", false)
	require.NoError(t, err)
	require.Equal(t, 1, n, "purge")

	ds := queueConsume(t, ch, "", "tag")
	publish(t, ch, "", q, "consumed")
	require.Equal(t, "consumed", string(receive(t, ds).Body), "consume")
	require.NoError(t, ch.Cancel("tag", false))

	_, err = queueDeletion{}.delete(ch)
	require.NoError(t, err)
	require.NotNil(t, exchangeMandatory(t, "", q), "delete")
}

func TestQueue_LastDeclaredQueueIsRememberedAfterItsEnd(t *testing.T) {
	rule(t, "queue")
	c := dial(t)
	for name, method := range queueMethods() {
		if name == "unbind" || name == "delete" {
			continue // both are content with a missing queue
		}
		t.Run(name, func(t *testing.T) {
			rule(t, "queue")
			ch := channelOn(t, c)
			tempQueue(t, ch)
			q := tempQueue(t, ch)
			_, err := queueDeletion{name: q}.delete(ch)
			require.NoError(t, err)
			requireChannelError(t, ch, func() error { return method(ch, "") }, amqp091.NotFound, queueMissing(q))
		})
	}
}

func TestQueue_BindOfTheLastQueueWithoutKeyTakesItsName(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	x, q := tempExchange(t, ch, "direct"), tempQueue(t, ch)
	exchangeBinding{source: x}.bindQueue(t, ch)
	require.Equal(t, 1, exchangeCopies(t, ch, x, q, q), "the name is the key")
	require.Zero(t, exchangeCopies(t, ch, x, "", q), "the empty key is not bound")
	exchangeBinding{source: x}.unbindQueue(t, ch)
	require.Zero(t, exchangeCopies(t, ch, x, q, q), "unbind takes the name as well")
}

func TestQueue_BindOfANamedQueueWithoutKeyKeepsTheEmptyKey(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	x, q := tempExchange(t, ch, "direct"), tempQueue(t, ch)
	exchangeBinding{source: x, destination: q}.bindQueue(t, ch)
	require.Equal(t, 1, exchangeCopies(t, ch, x, "", q))
	require.Zero(t, exchangeCopies(t, ch, x, q, q))
}
