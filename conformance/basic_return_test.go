package conformance

import (
	"strconv"
	"strings"
	"testing"

	"github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

func TestBasic_MandatoryWithoutATargetIsReturned(t *testing.T) {
	rule(t, "basic")
	c := basicWireOpen(t)
	properties := basicAllProperties()
	for _, body := range []string{"", "body", strings.Repeat("x", 10_000)} {
		t.Run("body of "+strconv.Itoa(len(body)), func(t *testing.T) {
			rule(t, "basic")
			c.send(basicWirePublication{
				exchange: "amq.topic", key: "no.such.binding", bits: basicMandatoryBit, properties: properties, body: body,
			}.encode())
			r := basicExpectReturn(c)
			require.EqualValues(t, 312, r.code)
			require.Equal(t, "NO_ROUTE", r.text)
			require.Equal(t, "amq.topic", r.exchange)
			require.Equal(t, "no.such.binding", r.key)
			basicRequireOctets(t, properties, r.properties, "properties of return")
			require.Equal(t, body, string(r.body))
		})
	}
}

func TestBasic_MandatoryToAMissingQueueIsReturned(t *testing.T) {
	rule(t, "basic")
	ch := openChannel(t)
	returns := ch.NotifyReturn(make(chan amqp091.Return, 1))
	queue := uniqueName(t, "missing")
	basicMandatory(t, ch, "", queue, amqp091.Publishing{Body: []byte("m")})
	r := basicReceiveReturn(t, returns)
	require.Empty(t, r.Exchange)
	require.Equal(t, queue, r.RoutingKey)
	require.Equal(t, "m", string(r.Body))
}

func TestBasic_MandatoryWithATargetIsNotReturned(t *testing.T) {
	rule(t, "basic")
	c := basicWireOpen(t)
	queue := basicWireQueue(c)
	c.send(basicWirePublication{key: queue, bits: basicMandatoryBit, body: "m"}.encode())
	basicRequireNothingMore(c)
}

func TestBasic_PublishWithoutMandatoryIsNotReturned(t *testing.T) {
	rule(t, "basic")
	c := basicWireOpen(t)
	c.send(basicWirePublication{key: "no such queue", body: "m"}.encode())
	basicRequireNothingMore(c)
}

func TestBasic_ReturnsComeInTheOrderOfThePublishes(t *testing.T) {
	rule(t, "basic")
	ch := openChannel(t)
	const n = 20
	returns := ch.NotifyReturn(make(chan amqp091.Return, n))
	for i := range n {
		basicMandatory(t, ch, "", "no such queue", amqp091.Publishing{Body: []byte(strconv.Itoa(i))})
	}
	for i := range n {
		require.Equal(t, strconv.Itoa(i), string(basicReceiveReturn(t, returns).Body))
	}
}

func TestBasic_ReturnGoesToThePublishingChannel(t *testing.T) {
	rule(t, "basic")
	c := dial(t)
	publisher, other := channelOn(t, c), channelOn(t, c)
	returns := publisher.NotifyReturn(make(chan amqp091.Return, 1))
	strays := other.NotifyReturn(make(chan amqp091.Return, 1))
	basicMandatory(t, publisher, "", "no such queue", amqp091.Publishing{})
	basicReceiveReturn(t, returns)
	basicRoundTrip(t, other)
	require.Empty(t, strays)
}

func TestBasic_ReturnKeepsCCAndStripsBCC(t *testing.T) {
	rule(t, "basic")
	ch := openChannel(t)
	returns := ch.NotifyReturn(make(chan amqp091.Return, 1))
	basicMandatory(t, ch, "", "no such queue", amqp091.Publishing{
		Headers: amqp091.Table{"CC": []any{"no such copy"}, "BCC": []any{"no such blind copy"}, "other": "kept"},
	})
	require.Equal(t, amqp091.Table{"CC": []any{"no such copy"}, "other": "kept"}, basicReceiveReturn(t, returns).Headers)
}

func TestBasic_MandatoryCountsTheCopies(t *testing.T) {
	rule(t, "basic")
	for _, header := range []string{"CC", "BCC"} {
		t.Run(header, func(t *testing.T) {
			rule(t, "basic")
			ch := openChannel(t)
			queue := tempQueue(t, ch)
			returns := ch.NotifyReturn(make(chan amqp091.Return, 1))
			basicMandatory(t, ch, "", "no such queue", amqp091.Publishing{Headers: amqp091.Table{header: []any{queue}}})
			basicGetOne(t, ch, queue)
			basicRoundTrip(t, ch)
			require.Empty(t, returns)
		})
	}
}

func TestBasic_MandatoryLooksBehindTheAlternateExchange(t *testing.T) {
	rule(t, "basic")
	ch := openChannel(t)
	alternate, queue := tempExchange(t, ch, "fanout"), tempQueue(t, ch)
	exchange := uniqueName(t, "x")
	require.NoError(t, ch.ExchangeDeclare(exchange, "direct", false, false, false, false,
		amqp091.Table{"alternate-exchange": alternate}))
	deleteExchangeLater(t, exchange)
	returns := ch.NotifyReturn(make(chan amqp091.Return, 1))

	basicMandatory(t, ch, exchange, "k", amqp091.Publishing{Body: []byte("returned")})
	require.Equal(t, exchange, basicReceiveReturn(t, returns).Exchange)
	require.NoError(t, ch.QueueBind(queue, "", alternate, false, nil))
	basicMandatory(t, ch, exchange, "k", amqp091.Publishing{Body: []byte("taken")})
	require.Equal(t, "taken", string(basicGetOne(t, ch, queue).Body))
	basicRoundTrip(t, ch)
	require.Empty(t, returns)
}
