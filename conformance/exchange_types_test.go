package conformance

import (
	"fmt"
	"testing"

	"github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

func TestExchange_DirectComparesKeysOctetByOctet(t *testing.T) {
	rule(t, "exchange")
	ch := openChannel(t)
	for _, row := range []struct {
		bound, key string
		copies     int
	}{
		{"k", "k", 1},
		{"k", "K", 0},
		{"k", "", 0},
		{"k", "k ", 0},
		{"k", "kk", 0},
		{"", "", 1},
		{"", "k", 0},
		{"a.b", "a.b", 1},
		{"a.*", "a.b", 0},
		{"#", "a", 0},
		{"#", "#", 1},
		{"schlüssel", "schlüssel", 1},
	} {
		t.Run(fmt.Sprintf("bound %q key %q", row.bound, row.key), func(t *testing.T) {
			rule(t, "exchange")
			x, q := tempExchange(t, ch, "direct"), tempQueue(t, ch)
			exchangeBinding{source: x, destination: q, key: row.bound}.bindQueue(t, ch)
			require.Equal(t, row.copies, exchangeCopies(t, ch, x, row.key, q))
		})
	}
}

func TestExchange_DirectRoutesToEachQueueOfTheKey(t *testing.T) {
	rule(t, "exchange")
	ch := openChannel(t)
	x := tempExchange(t, ch, "direct")
	first, second, other := tempQueue(t, ch), tempQueue(t, ch), tempQueue(t, ch)
	exchangeBinding{source: x, destination: first, key: "k"}.bindQueue(t, ch)
	exchangeBinding{source: x, destination: second, key: "k"}.bindQueue(t, ch)
	exchangeBinding{source: x, destination: other, key: "other"}.bindQueue(t, ch)
	publish(t, ch, x, "k", "m")
	require.Equal(t, []int{1, 1, 0}, []int{queueDrain(t, ch, first), queueDrain(t, ch, second), queueDrain(t, ch, other)})
}

func TestExchange_FanoutIgnoresTheKey(t *testing.T) {
	rule(t, "exchange")
	ch := openChannel(t)
	for _, row := range []struct{ bound, key string }{{"", ""}, {"", "k"}, {"k", ""}, {"k", "other"}} {
		t.Run(fmt.Sprintf("bound %q key %q", row.bound, row.key), func(t *testing.T) {
			rule(t, "exchange")
			x, first, second := tempExchange(t, ch, "fanout"), tempQueue(t, ch), tempQueue(t, ch)
			exchangeBinding{source: x, destination: first, key: row.bound}.bindQueue(t, ch)
			exchangeBinding{source: x, destination: second, key: row.bound}.bindQueue(t, ch)
			publish(t, ch, x, row.key, "m")
			require.Equal(t, []int{1, 1}, []int{queueDrain(t, ch, first), queueDrain(t, ch, second)})
		})
	}
}

func TestExchange_WithoutBindingsDropsMessages(t *testing.T) {
	rule(t, "exchange")
	ch := openChannel(t)
	for _, kind := range []string{"direct", "fanout", "topic", "headers"} {
		t.Run(kind, func(t *testing.T) {
			rule(t, "exchange")
			require.NotNil(t, exchangeMandatory(t, tempExchange(t, ch, kind), "k"))
		})
	}
}

func TestExchange_DefaultExchangeRoutesByQueueName(t *testing.T) {
	rule(t, "exchange")
	ch := openChannel(t)
	q, other := tempQueue(t, ch), tempQueue(t, ch)
	publish(t, ch, "", q, "m")
	d := queueGetUnacked(t, ch, q)
	require.Empty(t, d.Exchange, "exchange of the delivery")
	require.Equal(t, q, d.RoutingKey, "routing key of the delivery")
	requireEmpty(t, ch, other)
	require.NotNil(t, exchangeMandatory(t, "", uniqueName(t, "no-such-queue")), "the name of no queue")
}

func TestExchange_DefaultExchangeForgetsADeletedQueue(t *testing.T) {
	rule(t, "exchange")
	ch := openChannel(t)
	q := tempQueue(t, ch)
	require.Nil(t, exchangeMandatory(t, "", q))
	_, err := queueDeletion{name: q}.delete(ch)
	require.NoError(t, err)
	require.NotNil(t, exchangeMandatory(t, "", q))
}

func TestExchange_PredeclaredExchangesRoute(t *testing.T) {
	rule(t, "exchange")
	ch := openChannel(t)
	for _, x := range exchangesPredeclared {
		if x.internal {
			continue
		}
		t.Run(x.name, func(t *testing.T) {
			rule(t, "exchange")
			q, key := tempQueue(t, ch), uniqueName(t, "key")
			b := exchangeBinding{source: x.name, destination: q, key: key, args: amqp091.Table{"key": key}}
			b.bindQueue(t, ch)
			publish(t, ch, x.name, key, key, exchangeHeaders(amqp091.Table{"key": key}))
			require.Equal(t, key, getBody(t, ch, q))
		})
	}
}

func TestExchange_OneMessageGivesAQueueOneCopy(t *testing.T) {
	rule(t, "exchange")
	ch := openChannel(t)
	for row, bind := range map[string]func(t *testing.T, x, q string){
		"two topic patterns": func(t *testing.T, x, q string) {
			exchangeBinding{source: x, destination: q, key: "#"}.bindQueue(t, ch)
			exchangeBinding{source: x, destination: q, key: "*"}.bindQueue(t, ch)
			exchangeBinding{source: x, destination: q, key: "k"}.bindQueue(t, ch)
		},
		"the same key with other arguments": func(t *testing.T, x, q string) {
			exchangeBinding{source: x, destination: q, key: "k"}.bindQueue(t, ch)
			exchangeBinding{source: x, destination: q, key: "k", args: amqp091.Table{"a": "b"}}.bindQueue(t, ch)
		},
		"two ways through exchanges": func(t *testing.T, x, q string) {
			for range 2 {
				way := tempExchange(t, ch, "fanout")
				exchangeBinding{source: x, destination: way, key: "k"}.bindExchange(t, ch)
				exchangeBinding{source: way, destination: q}.bindQueue(t, ch)
			}
		},
		"directly and through an exchange": func(t *testing.T, x, q string) {
			way := tempExchange(t, ch, "fanout")
			exchangeBinding{source: x, destination: way, key: "k"}.bindExchange(t, ch)
			exchangeBinding{source: way, destination: q}.bindQueue(t, ch)
			exchangeBinding{source: x, destination: q, key: "k"}.bindQueue(t, ch)
		},
	} {
		t.Run(row, func(t *testing.T) {
			rule(t, "exchange")
			x, q := tempExchange(t, ch, "topic"), tempQueue(t, ch)
			bind(t, x, q)
			require.Equal(t, 1, exchangeCopies(t, ch, x, "k", q))
		})
	}
}

func TestExchange_ChainsOfExchangesRoute(t *testing.T) {
	rule(t, "exchange")
	ch := openChannel(t)
	first, q := tempExchange(t, ch, "fanout"), tempQueue(t, ch)
	last := first
	for range 10 {
		next := tempExchange(t, ch, "topic")
		exchangeBinding{source: last, destination: next, key: "a.#"}.bindExchange(t, ch)
		last = next
	}
	exchangeBinding{source: last, destination: q, key: "a.*"}.bindQueue(t, ch)
	publish(t, ch, first, "a.b", "m")
	d := queueGetUnacked(t, ch, q)
	require.Equal(t, first, d.Exchange, "the delivery names the exchange that was published to")
	require.Equal(t, "a.b", d.RoutingKey)
	require.Zero(t, exchangeCopies(t, ch, first, "b.b", q), "a key that the chain does not take")
}

func TestExchange_CyclesOfExchangesEnd(t *testing.T) {
	rule(t, "exchange")
	ch := openChannel(t)
	a, b, q := tempExchange(t, ch, "fanout"), tempExchange(t, ch, "fanout"), tempQueue(t, ch)
	exchangeBinding{source: a, destination: b}.bindExchange(t, ch)
	exchangeBinding{source: b, destination: a}.bindExchange(t, ch)
	exchangeBinding{source: a, destination: a}.bindExchange(t, ch)
	require.NotNil(t, exchangeMandatory(t, a, ""), "no queue in the cycle")
	exchangeBinding{source: b, destination: q}.bindQueue(t, ch)
	require.Equal(t, 1, exchangeCopies(t, ch, a, "", q))
	require.Equal(t, 1, exchangeCopies(t, ch, b, "", q))
}

func TestExchange_InternalExchangeTakesWhatExchangesRoute(t *testing.T) {
	rule(t, "exchange")
	ch := openChannel(t)
	x, q := tempExchange(t, ch, "fanout"), tempQueue(t, ch)
	internal := exchangeSpec{kind: "fanout", internal: true}.mustDeclare(t, ch)
	exchangeBinding{source: x, destination: internal}.bindExchange(t, ch)
	exchangeBinding{source: internal, destination: q}.bindQueue(t, ch)
	require.Equal(t, 1, exchangeCopies(t, ch, x, "", q))
}

func TestExchange_MandatoryIsSatisfiedThroughExchanges(t *testing.T) {
	rule(t, "exchange")
	ch := openChannel(t)
	x, way, q := tempExchange(t, ch, "fanout"), tempExchange(t, ch, "direct"), tempQueue(t, ch)
	exchangeBinding{source: x, destination: way}.bindExchange(t, ch)
	exchangeBinding{source: way, destination: q, key: "k"}.bindQueue(t, ch)
	require.Nil(t, exchangeMandatory(t, x, "k"))
	require.NotNil(t, exchangeMandatory(t, x, "other"))
}
