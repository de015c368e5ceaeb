package conformance

import (
	"fmt"
	"testing"

	"github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

// exchangeSpec says how an exchange is declared.
type exchangeSpec struct {
	name, kind                    string
	durable, autoDelete, internal bool
	args                          amqp091.Table
}

func (s exchangeSpec) declare(ch *amqp091.Channel) error {
	return ch.ExchangeDeclare(s.name, s.kind, s.durable, s.autoDelete, s.internal, false, s.args)
}

func (s exchangeSpec) declarePassive(ch *amqp091.Channel) error {
	return ch.ExchangeDeclarePassive(s.name, s.kind, s.durable, s.autoDelete, s.internal, false, s.args)
}

// mustDeclare declares the exchange, under a unique name unless it has one, deletes
// it with the test and returns its name.
func (s exchangeSpec) mustDeclare(t *testing.T, ch *amqp091.Channel) string {
	t.Helper()
	if s.name == "" {
		s.name = uniqueName(t, "x")
	}
	require.NoError(t, s.declare(ch), "declare exchange")
	deleteExchangeLater(t, s.name)
	return s.name
}

// exchangeBinding is a binding of a queue or, by bindExchange, of an exchange.
type exchangeBinding struct {
	source, destination, key string
	args                     amqp091.Table
}

func (b exchangeBinding) bindQueue(t *testing.T, ch *amqp091.Channel) {
	t.Helper()
	require.NoError(t, ch.QueueBind(b.destination, b.key, b.source, false, b.args), "queue.bind")
}

func (b exchangeBinding) unbindQueue(t *testing.T, ch *amqp091.Channel) {
	t.Helper()
	require.NoError(t, ch.QueueUnbind(b.destination, b.key, b.source, b.args), "queue.unbind")
}

func (b exchangeBinding) bindExchange(t *testing.T, ch *amqp091.Channel) {
	t.Helper()
	require.NoError(t, ch.ExchangeBind(b.destination, b.key, b.source, false, b.args), "exchange.bind")
}

func (b exchangeBinding) unbindExchange(t *testing.T, ch *amqp091.Channel) {
	t.Helper()
	require.NoError(t, ch.ExchangeUnbind(b.destination, b.key, b.source, false, b.args), "exchange.unbind")
}

// exchangeCopies publishes one message and counts, and takes, the copies in a queue.
// The broker handles the methods of one channel in order, so nothing is awaited.
func exchangeCopies(t *testing.T, ch *amqp091.Channel, exchange, key, queue string, opts ...func(*amqp091.Publishing)) int {
	t.Helper()
	publish(t, ch, exchange, key, "copy", opts...)
	return queueDrain(t, ch, queue)
}

// queueDrain takes all ready messages of a queue and counts them.
func queueDrain(t *testing.T, ch *amqp091.Channel, queue string) int {
	t.Helper()
	for n := 0; ; n++ {
		_, ok, err := ch.Get(queue, true)
		require.NoError(t, err, "get")
		if !ok {
			return n
		}
	}
}

// exchangeHeaders sets the headers of a message.
func exchangeHeaders(headers amqp091.Table) func(*amqp091.Publishing) {
	return func(p *amqp091.Publishing) { p.Headers = headers }
}

// exchangeMandatory publishes with the mandatory flag and reports the basic.return,
// or nil when there was none. A return precedes the answer to any later method.
func exchangeMandatory(t *testing.T, exchange, key string) (returned *amqp091.Return) {
	t.Helper()
	suite.tidy(t, func(ch *amqp091.Channel) error {
		returns := ch.NotifyReturn(make(chan amqp091.Return, 1))
		p := amqp091.Publishing{Body: []byte("mandatory")}
		if err := ch.PublishWithContext(t.Context(), exchange, key, true, false, p); err != nil {
			return err
		}
		if err := exchangesPredeclared[0].declarePassive(ch); err != nil {
			return err
		}
		select {
		case r := <-returns:
			returned = &r
		default:
		}
		return nil
	})
	return returned
}

// exchangeMustExist requires that an exchange exists.
func exchangeMustExist(t *testing.T, c *amqp091.Connection, name string) {
	t.Helper()
	ch := channelOn(t, c)
	require.NoError(t, exchangeSpec{name: name, kind: "direct"}.declarePassive(ch), "passive declare")
	require.NoError(t, ch.Close())
}

// exchangeMustNotExist requires that an exchange does not exist.
func exchangeMustNotExist(t *testing.T, c *amqp091.Connection, name string) {
	t.Helper()
	ch := channelOn(t, c)
	requireChannelError(t, ch, func() error {
		return exchangeSpec{name: name, kind: "direct"}.declarePassive(ch)
	}, amqp091.NotFound, exchangeMissing(name))
}

// exchangeMissing is the text for an exchange that does not exist.
func exchangeMissing(name string) string {
	return fmt.Sprintf("NOT_FOUND - no exchange '%s' in vhost '/'", name)
}

// exchangeInequivalent is the text for a declaration that differs from what exists.
func exchangeInequivalent(field, exchange, received, current string) string {
	return fmt.Sprintf("PRECONDITION_FAILED - inequivalent arg '%s' for exchange '%s' in vhost '/': received %s but current is %s",
		field, exchange, received, current)
}

const exchangeDefaultRefused = "ACCESS_REFUSED - operation not permitted on the default exchange"
