package conformance

import (
	"fmt"
	"testing"

	"github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

func exchangeInUse(name string) string {
	return fmt.Sprintf("PRECONDITION_FAILED - exchange '%s' in vhost '/' in use", name)
}

// exchangeDeleteUnused deletes with the if-unused flag.
func exchangeDeleteUnused(ch *amqp091.Channel, name string) error {
	return ch.ExchangeDelete(name, true, false)
}

// exchangeDelete deletes unconditionally.
func exchangeDelete(ch *amqp091.Channel, name string) error {
	return ch.ExchangeDelete(name, false, false)
}

func TestExchange_DeleteRemovesTheExchange(t *testing.T) {
	rule(t, "exchange")
	c := dial(t)
	ch := channelOn(t, c)
	x := tempExchange(t, ch, "direct")
	require.NoError(t, exchangeDelete(ch, x))
	exchangeMustNotExist(t, c, x)
}

func TestExchange_DeleteOfAMissingExchangeIsOk(t *testing.T) {
	rule(t, "exchange")
	ch := openChannel(t)
	require.NoError(t, exchangeDelete(ch, uniqueName(t, "x")))
	require.NoError(t, exchangeDeleteUnused(ch, uniqueName(t, "x")), "with if-unused")
}

func TestExchange_DeleteOfTheDefaultExchangeIsRefused(t *testing.T) {
	rule(t, "exchange")
	ch := openChannel(t)
	requireChannelError(t, ch, func() error { return exchangeDelete(ch, "") }, amqp091.AccessRefused, exchangeDefaultRefused)
}

func TestExchange_DeleteOfASystemExchangeIsRefused(t *testing.T) {
	rule(t, "exchange")
	c := dial(t)
	names := []string{"amq.no-such-exchange"}
	for _, x := range exchangesPredeclared {
		names = append(names, x.name)
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			rule(t, "exchange")
			ch := channelOn(t, c)
			requireChannelError(t, ch, func() error { return exchangeDelete(ch, name) }, amqp091.AccessRefused,
				fmt.Sprintf("ACCESS_REFUSED - deletion of system exchange '%s' in vhost '/' not allowed", name))
		})
	}
}

func TestExchange_DeleteIfUnusedKeepsABoundSource(t *testing.T) {
	rule(t, "exchange")
	c := dial(t)
	for row, bind := range map[string]func(*testing.T, *amqp091.Channel, string){
		"to a queue": func(t *testing.T, ch *amqp091.Channel, x string) {
			exchangeBinding{source: x, destination: tempQueue(t, ch), key: "k"}.bindQueue(t, ch)
		},
		"to an exchange": func(t *testing.T, ch *amqp091.Channel, x string) {
			exchangeBinding{source: x, destination: tempExchange(t, ch, "direct"), key: "k"}.bindExchange(t, ch)
		},
	} {
		t.Run(row, func(t *testing.T) {
			rule(t, "exchange")
			ch := channelOn(t, c)
			x := tempExchange(t, ch, "direct")
			bind(t, ch, x)
			requireChannelError(t, ch, func() error { return exchangeDeleteUnused(ch, x) }, amqp091.PreconditionFailed, exchangeInUse(x))
			exchangeMustExist(t, c, x)
		})
	}
}

func TestExchange_DeleteIfUnusedRemovesWhatIsNoSource(t *testing.T) {
	rule(t, "exchange")
	c := dial(t)
	ch := channelOn(t, c)
	t.Run("never bound", func(t *testing.T) {
		rule(t, "exchange")
		x := tempExchange(t, ch, "direct")
		require.NoError(t, exchangeDeleteUnused(ch, x))
		exchangeMustNotExist(t, c, x)
	})
	t.Run("no longer bound", func(t *testing.T) {
		rule(t, "exchange")
		x := tempExchange(t, ch, "direct")
		b := exchangeBinding{source: x, destination: tempQueue(t, ch), key: "k"}
		b.bindQueue(t, ch)
		b.unbindQueue(t, ch)
		require.NoError(t, exchangeDeleteUnused(ch, x))
		exchangeMustNotExist(t, c, x)
	})
	t.Run("a destination only", func(t *testing.T) {
		rule(t, "exchange")
		x := tempExchange(t, ch, "direct")
		exchangeBinding{source: tempExchange(t, ch, "fanout"), destination: x}.bindExchange(t, ch)
		require.NoError(t, exchangeDeleteUnused(ch, x))
		exchangeMustNotExist(t, c, x)
	})
}

func TestExchange_DeleteRemovesItsBindings(t *testing.T) {
	rule(t, "exchange")
	ch := openChannel(t)
	up, down := tempExchange(t, ch, "fanout"), exchangeSpec{kind: "fanout"}
	down.name = down.mustDeclare(t, ch)
	q := tempQueue(t, ch)
	exchangeBinding{source: up, destination: down.name}.bindExchange(t, ch)
	exchangeBinding{source: down.name, destination: q}.bindQueue(t, ch)
	require.Equal(t, 1, exchangeCopies(t, ch, up, "", q))

	require.NoError(t, exchangeDelete(ch, down.name))
	require.NoError(t, down.declare(ch))
	require.Zero(t, exchangeCopies(t, ch, down.name, "", q), "the binding to the queue came back")
	exchangeBinding{source: down.name, destination: q}.bindQueue(t, ch)
	require.Zero(t, exchangeCopies(t, ch, up, "", q), "the binding from the other exchange came back")
}

func TestExchange_AutoDeleteGoesWithTheLastBinding(t *testing.T) {
	rule(t, "exchange")
	c := dial(t)
	for row, removeLast := range map[string]func(*testing.T, *amqp091.Channel, exchangeBinding){
		"queue.unbind": func(t *testing.T, ch *amqp091.Channel, b exchangeBinding) { b.unbindQueue(t, ch) },
		"queue.delete": func(t *testing.T, ch *amqp091.Channel, b exchangeBinding) {
			_, err := ch.QueueDelete(b.destination, false, false, false)
			require.NoError(t, err)
		},
	} {
		t.Run(row, func(t *testing.T) {
			rule(t, "exchange")
			ch := channelOn(t, c)
			x := exchangeSpec{kind: "direct", autoDelete: true}.mustDeclare(t, ch)
			first := exchangeBinding{source: x, destination: tempQueue(t, ch), key: "k"}
			last := exchangeBinding{source: x, destination: tempQueue(t, ch), key: "k"}
			first.bindQueue(t, ch)
			last.bindQueue(t, ch)
			first.unbindQueue(t, ch)
			exchangeMustExist(t, c, x)
			removeLast(t, ch, last)
			exchangeMustNotExist(t, c, x)
		})
	}
}

func TestExchange_AutoDeleteGoesWithTheLastExchangeBinding(t *testing.T) {
	rule(t, "exchange")
	c := dial(t)
	for row, removeLast := range map[string]func(*testing.T, *amqp091.Channel, exchangeBinding){
		"exchange.unbind": func(t *testing.T, ch *amqp091.Channel, b exchangeBinding) { b.unbindExchange(t, ch) },
		"exchange.delete": func(t *testing.T, ch *amqp091.Channel, b exchangeBinding) {
			require.NoError(t, exchangeDelete(ch, b.destination))
		},
	} {
		t.Run(row, func(t *testing.T) {
			rule(t, "exchange")
			ch := channelOn(t, c)
			x := exchangeSpec{kind: "fanout", autoDelete: true}.mustDeclare(t, ch)
			b := exchangeBinding{source: x, destination: tempExchange(t, ch, "fanout")}
			b.bindExchange(t, ch)
			exchangeMustExist(t, c, x)
			removeLast(t, ch, b)
			exchangeMustNotExist(t, c, x)
		})
	}
}

func TestExchange_AutoDeleteGoesWhenAnExclusiveQueueDies(t *testing.T) {
	rule(t, "exchange")
	c, owner := dial(t), dial(t)
	x := exchangeSpec{kind: "fanout", autoDelete: true}.mustDeclare(t, channelOn(t, c))
	ch := channelOn(t, owner)
	q := queueSpec{exclusive: true}.mustDeclare(t, ch)
	exchangeBinding{source: x, destination: q}.bindQueue(t, ch)
	exchangeMustExist(t, c, x)
	require.NoError(t, owner.Close())
	exchangeMustNotExist(t, c, x)
}

func TestExchange_AutoDeleteStaysUntilItWasBound(t *testing.T) {
	rule(t, "exchange")
	c := dial(t)
	ch := channelOn(t, c)
	x := exchangeSpec{kind: "fanout", autoDelete: true}.mustDeclare(t, ch)
	exchangeBinding{source: x, destination: tempQueue(t, ch)}.unbindQueue(t, ch)
	exchangeMustExist(t, c, x)
	asDestination := exchangeBinding{source: tempExchange(t, ch, "fanout"), destination: x}
	asDestination.bindExchange(t, ch)
	asDestination.unbindExchange(t, ch)
	exchangeMustExist(t, c, x)
	require.NoError(t, ch.Close())
	exchangeMustExist(t, c, x)
}

func TestExchange_AutoDeleteCascadesUpstream(t *testing.T) {
	rule(t, "exchange")
	c := dial(t)
	ch := channelOn(t, c)
	top := exchangeSpec{kind: "fanout", autoDelete: true}.mustDeclare(t, ch)
	middle := exchangeSpec{kind: "fanout", autoDelete: true}.mustDeclare(t, ch)
	last := exchangeSpec{kind: "fanout", autoDelete: true}.mustDeclare(t, ch)
	q := tempQueue(t, ch)
	exchangeBinding{source: top, destination: middle}.bindExchange(t, ch)
	exchangeBinding{source: middle, destination: last}.bindExchange(t, ch)
	exchangeBinding{source: last, destination: q}.bindQueue(t, ch)
	require.Equal(t, 1, exchangeCopies(t, ch, top, "", q))
	_, err := ch.QueueDelete(q, false, false, false)
	require.NoError(t, err)
	for _, x := range []string{last, middle, top} {
		exchangeMustNotExist(t, c, x)
	}
}

func TestExchange_AutoDeleteCascadeStopsAtAnotherBinding(t *testing.T) {
	rule(t, "exchange")
	c := dial(t)
	ch := channelOn(t, c)
	top := exchangeSpec{kind: "fanout", autoDelete: true}.mustDeclare(t, ch)
	below := exchangeSpec{kind: "fanout", autoDelete: true}.mustDeclare(t, ch)
	kept, dropped := tempQueue(t, ch), tempQueue(t, ch)
	exchangeBinding{source: top, destination: below}.bindExchange(t, ch)
	exchangeBinding{source: top, destination: kept}.bindQueue(t, ch)
	exchangeBinding{source: below, destination: dropped}.bindQueue(t, ch)
	_, err := ch.QueueDelete(dropped, false, false, false)
	require.NoError(t, err)
	exchangeMustNotExist(t, c, below)
	exchangeMustExist(t, c, top)
	require.Equal(t, 1, exchangeCopies(t, ch, top, "", kept))
}
