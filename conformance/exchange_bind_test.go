package conformance

import (
	"testing"

	"github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

func TestExchange_BindRoutesToTheDestination(t *testing.T) {
	rule(t, "exchange")
	ch := openChannel(t)
	source, destination, q := tempExchange(t, ch, "direct"), tempExchange(t, ch, "direct"), tempQueue(t, ch)
	exchangeBinding{source: source, destination: destination, key: "k"}.bindExchange(t, ch)
	exchangeBinding{source: destination, destination: q, key: "k"}.bindQueue(t, ch)
	require.Equal(t, 1, exchangeCopies(t, ch, source, "k", q), "a key that both bindings take")
	require.Zero(t, exchangeCopies(t, ch, source, "other", q), "another key")
}

func TestExchange_UnbindEndsTheRouting(t *testing.T) {
	rule(t, "exchange")
	ch := openChannel(t)
	source, destination, q := tempExchange(t, ch, "fanout"), tempExchange(t, ch, "fanout"), tempQueue(t, ch)
	b := exchangeBinding{source: source, destination: destination}
	b.bindExchange(t, ch)
	exchangeBinding{source: destination, destination: q}.bindQueue(t, ch)
	require.Equal(t, 1, exchangeCopies(t, ch, source, "", q))
	b.unbindExchange(t, ch)
	require.Zero(t, exchangeCopies(t, ch, source, "", q))
}

func TestExchange_BindToWhatIsMissingIsNotFound(t *testing.T) {
	rule(t, "exchange")
	c := dial(t)
	here := tempExchange(t, channelOn(t, c), "direct")
	gone, goneToo := uniqueName(t, "gone"), uniqueName(t, "gone-too")
	for _, row := range []struct {
		name, source, destination, missing string
	}{
		{"source", gone, here, gone},
		{"destination", here, gone, gone},
		{"both, the source is named", gone, goneToo, gone},
	} {
		t.Run(row.name, func(t *testing.T) {
			rule(t, "exchange")
			ch := channelOn(t, c)
			requireChannelError(t, ch, func() error { return ch.ExchangeBind(row.destination, "k", row.source, false, nil) },
				amqp091.NotFound, exchangeMissing(row.missing))
		})
	}
}

func TestExchange_UnbindOfWhatIsMissingIsOk(t *testing.T) {
	rule(t, "exchange")
	ch := openChannel(t)
	here, there := tempExchange(t, ch, "direct"), tempExchange(t, ch, "direct")
	gone := uniqueName(t, "gone")
	for row, b := range map[string]exchangeBinding{
		"binding":     {source: here, destination: there, key: "never bound"},
		"source":      {source: gone, destination: here},
		"destination": {source: here, destination: gone},
		"both":        {source: gone, destination: gone},
	} {
		t.Run(row, func(t *testing.T) {
			rule(t, "exchange")
			b.unbindExchange(t, ch)
		})
	}
}

func TestExchange_BindingsOfTheDefaultExchangeAreRefused(t *testing.T) {
	rule(t, "exchange")
	c := dial(t)
	ch := channelOn(t, c)
	x, q, gone := tempExchange(t, ch, "direct"), tempQueue(t, ch), uniqueName(t, "gone")
	for row, action := range map[string]func(*amqp091.Channel) error{
		"queue.bind":                  func(ch *amqp091.Channel) error { return ch.QueueBind(q, q, "", false, nil) },
		"queue.bind, missing queue":   func(ch *amqp091.Channel) error { return ch.QueueBind(gone, "k", "", false, nil) },
		"queue.unbind":                func(ch *amqp091.Channel) error { return ch.QueueUnbind(q, q, "", nil) },
		"queue.unbind, missing queue": func(ch *amqp091.Channel) error { return ch.QueueUnbind(gone, "k", "", nil) },
		"exchange.bind, source":       func(ch *amqp091.Channel) error { return ch.ExchangeBind(x, "k", "", false, nil) },
		"exchange.bind, destination":  func(ch *amqp091.Channel) error { return ch.ExchangeBind("", "k", x, false, nil) },
		"exchange.unbind source":      func(ch *amqp091.Channel) error { return ch.ExchangeUnbind(x, "k", "", false, nil) },
		"exchange.unbind destination": func(ch *amqp091.Channel) error { return ch.ExchangeUnbind("", "k", x, false, nil) },
	} {
		t.Run(row, func(t *testing.T) {
			rule(t, "exchange")
			ch := channelOn(t, c)
			requireChannelError(t, ch, func() error { return action(ch) }, amqp091.AccessRefused, exchangeDefaultRefused)
		})
	}
}

func TestExchange_BoundTwiceIsOneBinding(t *testing.T) {
	rule(t, "exchange")
	ch := openChannel(t)
	source, destination, q := tempExchange(t, ch, "direct"), tempExchange(t, ch, "fanout"), tempQueue(t, ch)
	exchangeBinding{source: destination, destination: q}.bindQueue(t, ch)
	b := exchangeBinding{source: source, destination: destination, key: "k"}
	b.bindExchange(t, ch)
	b.bindExchange(t, ch)
	require.Equal(t, 1, exchangeCopies(t, ch, source, "k", q))
	b.unbindExchange(t, ch)
	require.Zero(t, exchangeCopies(t, ch, source, "k", q), "one unbind undoes both")
}

func TestExchange_BindingToAQueueAndToAnExchangeOfTheSameNameAreTwo(t *testing.T) {
	rule(t, "exchange")
	ch := openChannel(t)
	source := tempExchange(t, ch, "fanout")
	name := queueSpec{}.mustDeclare(t, ch)
	exchangeSpec{name: name, kind: "fanout"}.mustDeclare(t, ch)
	behind := tempQueue(t, ch)
	exchangeBinding{source: name, destination: behind}.bindQueue(t, ch)
	b := exchangeBinding{source: source, destination: name}
	b.bindQueue(t, ch)
	b.bindExchange(t, ch)
	publish(t, ch, source, "", "both")
	require.Equal(t, []int{1, 1}, []int{queueDrain(t, ch, name), queueDrain(t, ch, behind)})
	b.unbindQueue(t, ch)
	publish(t, ch, source, "", "the exchange")
	require.Equal(t, []int{0, 1}, []int{queueDrain(t, ch, name), queueDrain(t, ch, behind)})
}

func TestExchange_DeclareWithNoWaitGetsNoReply(t *testing.T) {
	rule(t, "exchange")
	c := rawOpen(t)
	c.openChannel(1)
	x := uniqueName(t, "x")
	deleteExchangeLater(t, x)
	const noWait = 0x10
	none := fieldTable()
	for _, step := range []struct {
		name      string
		method    uint16
		arguments [][]byte
	}{
		{"declare", 10, [][]byte{u16(0), shortStr(x), shortStr("direct"), u8(noWait), none}},
		{"bind", 30, [][]byte{u16(0), shortStr(x), shortStr("amq.direct"), shortStr(x), u8(1), none}},
		{"unbind", 40, [][]byte{u16(0), shortStr(x), shortStr("amq.direct"), shortStr(x), u8(1), none}},
		{"delete", 20, [][]byte{u16(0), shortStr(x), u8(2)}},
	} {
		t.Run(step.name, func(t *testing.T) {
			rule(t, "exchange")
			c.t = t
			c.sendMethod(1, 40, step.method, step.arguments...)
			c.requireAlive()
		})
	}
}

func TestExchange_NoWaitErrorsStillCloseTheChannel(t *testing.T) {
	rule(t, "exchange")
	c := dial(t)
	here, gone := tempExchange(t, channelOn(t, c), "direct"), uniqueName(t, "gone")
	t.Run("declare", func(t *testing.T) {
		rule(t, "exchange")
		ch := channelOn(t, c)
		requireChannelError(t, ch, func() error { return ch.ExchangeDeclare(here, "topic", false, false, false, true, nil) },
			amqp091.PreconditionFailed, exchangeInequivalent("type", here, "'topic'", "'direct'"))
	})
	t.Run("bind", func(t *testing.T) {
		rule(t, "exchange")
		ch := channelOn(t, c)
		requireChannelError(t, ch, func() error { return ch.ExchangeBind(here, "k", gone, true, nil) },
			amqp091.NotFound, exchangeMissing(gone))
	})
	t.Run("delete", func(t *testing.T) {
		rule(t, "exchange")
		ch := channelOn(t, c)
		requireChannelError(t, ch, func() error { return ch.ExchangeDelete("", false, true) },
			amqp091.AccessRefused, exchangeDefaultRefused)
	})
}

func TestExchange_ErrorsNameTheFailedMethod(t *testing.T) {
	rule(t, "exchange")
	c := rawOpen(t)
	gone := uniqueName(t, "gone")
	none := fieldTable()
	for i, row := range []struct {
		name      string
		method    uint16
		arguments [][]byte
		code      uint16
		text      string
	}{
		{"declare", 10, [][]byte{u16(0), shortStr(gone), shortStr("direct"), u8(1), none}, amqp091.NotFound, exchangeMissing(gone)},
		{"delete", 20, [][]byte{u16(0), shortStr(""), u8(0)}, amqp091.AccessRefused, exchangeDefaultRefused},
		{"bind", 30, [][]byte{u16(0), shortStr(""), shortStr(gone), shortStr(""), u8(0), none}, amqp091.AccessRefused, exchangeDefaultRefused},
		{"unbind", 40, [][]byte{u16(0), shortStr(""), shortStr(gone), shortStr(""), u8(0), none}, amqp091.AccessRefused, exchangeDefaultRefused},
	} {
		t.Run(row.name, func(t *testing.T) {
			rule(t, "exchange")
			c.t = t
			number := uint16(i + 1)
			c.openChannel(number)
			c.sendMethod(number, 40, row.method, row.arguments...)
			class, method := c.expectChannelClose(number, row.code, row.text)
			require.Equal(t, [2]uint16{40, row.method}, [2]uint16{class, method})
		})
	}
}
