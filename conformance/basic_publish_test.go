package conformance

import (
	"fmt"
	"testing"

	"github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

func TestBasic_PublishWithImmediateIsNotImplemented(t *testing.T) {
	rule(t, "basic")
	c := basicWireOpen(t)
	c.send(basicWirePublication{key: "q", bits: basicImmediateBit, body: "m"}.encode())
	class, method := c.expectConnectionClose(540, "NOT_IMPLEMENTED - immediate=true")
	require.Equal(t, [2]uint16{basicClass, 40}, [2]uint16{class, method}, "offending method")
}

func TestBasic_PublishToAMissingExchange(t *testing.T) {
	rule(t, "basic")
	c := basicWireOpen(t)
	exchange := uniqueName(t, "missing")
	c.send(basicWirePublication{exchange: exchange, key: "k", body: "m"}.encode())
	class, method := c.expectChannelClose(basicWireChannel, 404, "NOT_FOUND - no exchange '"+exchange+"' in vhost '/'")
	require.Equal(t, [2]uint16{basicClass, 40}, [2]uint16{class, method}, "offending method")
}

func TestBasic_PublishErrorKeepsWhatWasPublishedBefore(t *testing.T) {
	rule(t, "basic")
	c, ch := basicWireOpen(t), openChannel(t)
	queue, exchange := tempQueue(t, ch), uniqueName(t, "missing")
	c.send(join(
		basicWirePublication{key: queue, body: "before"}.encode(),
		basicWirePublication{exchange: exchange, body: "wrong"}.encode(),
		basicWirePublication{key: queue, body: "after"}.encode(),
		basicWirePublication{exchange: exchange, body: "wrong again"}.encode(),
	))
	c.expectChannelClose(basicWireChannel, 404, "NOT_FOUND - no exchange '"+exchange+"' in vhost '/'")
	c.requireAlive()
	require.Equal(t, []basicReady{{"before", false}}, basicDrain(t, ch, queue, 1))
}

func TestBasic_PublishToAnInternalExchange(t *testing.T) {
	rule(t, "basic")
	ch := openChannel(t)
	exchange := uniqueName(t, "x")
	require.NoError(t, ch.ExchangeDeclare(exchange, "direct", false, false, true, false, nil))
	deleteExchangeLater(t, exchange)
	for _, name := range []string{exchange, "amq.rabbitmq.trace"} {
		t.Run(name[:3], func(t *testing.T) {
			rule(t, "basic")
			ch := openChannel(t)
			requireChannelError(t, ch, basicPublishing(ch, name, "k", amqp091.Publishing{}),
				403, "ACCESS_REFUSED - cannot publish to internal exchange '"+name+"' in vhost '/'")
		})
	}
}

// basicPublishing is a publish as an action of requireChannelError.
func basicPublishing(ch *amqp091.Channel, exchange, key string, p amqp091.Publishing) func() error {
	return func() error { return ch.Publish(exchange, key, false, false, p) }
}

func TestBasic_PublishToTheDefaultExchangeReachesTheQueueOfThatName(t *testing.T) {
	rule(t, "basic")
	ch := openChannel(t)
	queue := tempQueue(t, ch)
	publish(t, ch, "", queue, "m")
	d := receive(t, basicConsumer{}.startOn(t, ch, queue))
	require.Empty(t, d.Exchange)
	require.Equal(t, queue, d.RoutingKey)
	require.Equal(t, "m", string(d.Body))
}

func TestBasic_PublishWithoutATargetIsDropped(t *testing.T) {
	rule(t, "basic")
	ch := openChannel(t)
	publish(t, ch, "", uniqueName(t, "missing"), "m")
	publish(t, ch, tempExchange(t, ch, "fanout"), "", "m")
	basicRoundTrip(t, ch)
}

func TestBasic_PublishIgnoresTheTicket(t *testing.T) {
	rule(t, "basic")
	c := basicWireOpen(t)
	queue := basicWireQueue(c)
	c.send(join(
		encodeMethod(basicWireChannel, basicClass, 40, u16(777), shortStr(""), shortStr(queue), u8(0)),
		encodeHeader(basicWireChannel, basicClass, 1), encodeFrame(bodyFrame, basicWireChannel, []byte("m")),
		basicEncodeGet(queue),
	))
	require.Equal(t, "m", string(basicExpectGetOk(c).body))
}

func TestBasic_PublishChecksTheUserID(t *testing.T) {
	rule(t, "basic")
	_, user, _, _ := suite.credentials(t)
	t.Run("own name", func(t *testing.T) {
		rule(t, "basic")
		ch := openChannel(t)
		queue := tempQueue(t, ch)
		publish(t, ch, "", queue, "m", func(p *amqp091.Publishing) { p.UserId = user })
		d, ok, err := ch.Get(queue, true)
		require.NoError(t, err)
		require.True(t, ok)
		require.Equal(t, user, d.UserId)
	})
	t.Run("another's name", func(t *testing.T) {
		rule(t, "basic")
		ch := openChannel(t)
		requireChannelError(t, ch, basicPublishing(ch, "", "k", amqp091.Publishing{UserId: "joe"}),
			406, "PRECONDITION_FAILED - user_id property set to 'joe' but authenticated user was '"+user+"'")
	})
}

func TestBasic_PublishAcceptsExpirations(t *testing.T) {
	rule(t, "basic")
	for _, expiration := range []string{"1", "60000", "0060000", "+60000", "315360000000"} {
		t.Run(expiration, func(t *testing.T) {
			rule(t, "basic")
			ch := openChannel(t)
			publish(t, ch, "", uniqueName(t, "missing"), "m", func(p *amqp091.Publishing) { p.Expiration = expiration })
			basicRoundTrip(t, ch)
		})
	}
}

func TestBasic_PublishRefusesExpirations(t *testing.T) {
	rule(t, "basic")
	refused := []struct{ expiration, reason string }{
		{"abc", "no_integer"},
		{" 1", "no_integer"},
		{"-", "no_integer"},
		{"1s", `{leftover_string,"s"}`},
		{"1.5", `{leftover_string,".5"}`},
		{"1 ", `{leftover_string," "}`},
		{"-1", "{value_negative,-1}"},
		{"315360000001", "{value_too_large,315360000001}"},
	}
	for _, r := range refused {
		t.Run(fmt.Sprintf("%q", r.expiration), func(t *testing.T) {
			rule(t, "basic")
			ch := openChannel(t)
			requireChannelError(t, ch,
				basicPublishing(ch, "", uniqueName(t, "missing"), amqp091.Publishing{Expiration: r.expiration}),
				406, "PRECONDITION_FAILED - invalid expiration '"+r.expiration+"': "+r.reason)
		})
	}
	t.Run("empty", func(t *testing.T) {
		rule(t, "basic")
		c := basicWireOpen(t)
		const expirationFlag = 1 << 8
		c.send(basicWirePublication{key: "k", properties: join(u16(expirationFlag), shortStr(""))}.encode())
		c.expectChannelClose(basicWireChannel, 406, "PRECONDITION_FAILED - invalid expiration '': no_integer")
	})
}

// Each publication has two faults; the one that is checked first is reported.
func TestBasic_PublishChecksInOrder(t *testing.T) {
	rule(t, "basic")
	internal := uniqueName(t, "x")
	require.NoError(t, openChannel(t).ExchangeDeclare(internal, "direct", false, false, true, false, nil))
	deleteExchangeLater(t, internal)
	missing := uniqueName(t, "missing")
	wrongCC := amqp091.Table{"CC": "not an array"}
	_, user, _, _ := suite.credentials(t)
	wrongUserText := "PRECONDITION_FAILED - user_id property set to 'joe' but authenticated user was '" + user + "'"
	wrongCCText := `PRECONDITION_FAILED - invalid message: {unacceptable_type_in_header,"CC",longstr}`
	cases := []struct {
		name, exchange string
		message        amqp091.Publishing
		code           int
		text           string
	}{
		{
			"missing exchange before expiration", missing, amqp091.Publishing{Expiration: "x"},
			404, "NOT_FOUND - no exchange '" + missing + "' in vhost '/'",
		},
		{
			"internal exchange before expiration", internal, amqp091.Publishing{Expiration: "x"},
			403, "ACCESS_REFUSED - cannot publish to internal exchange '" + internal + "' in vhost '/'",
		},
		{
			"internal exchange before user_id", internal, amqp091.Publishing{UserId: "joe"},
			403, "ACCESS_REFUSED - cannot publish to internal exchange '" + internal + "' in vhost '/'",
		},
		{
			"expiration before CC", "", amqp091.Publishing{Expiration: "x", Headers: wrongCC},
			406, "PRECONDITION_FAILED - invalid expiration 'x': no_integer",
		},
		{
			"CC before user_id since 4.0", "", amqp091.Publishing{UserId: "joe", Headers: wrongCC},
			406, oneOf(wrongUserText, wrongCCText),
		},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			rule(t, "basic")
			ch := openChannel(t)
			requireChannelError(t, ch, basicPublishing(ch, tc.exchange, "k", tc.message), tc.code, tc.text)
		})
	}
}

func TestBasic_PublishTakesDeliveryModes(t *testing.T) {
	rule(t, "basic")
	const deliveryModeFlag = 1 << 12
	for _, mode := range []byte{1, 2} {
		t.Run(fmt.Sprint(mode), func(t *testing.T) {
			rule(t, "basic")
			basicRequireEcho(t, join(u16(deliveryModeFlag), u8(mode)))
		})
	}
	for _, mode := range []byte{0, 3, 255} {
		t.Run(fmt.Sprint(mode), func(t *testing.T) {
			rule(t, "basic")
			properties := join(u16(deliveryModeFlag), u8(mode))
			if suite.broker.kind != rabbit3 {
				basicRequireEcho(t, properties)
				return
			}
			c := basicWireOpen(t)
			c.send(basicWirePublication{key: "k", properties: properties}.encode())
			c.expectChannelClose(basicWireChannel, 406,
				fmt.Sprintf("PRECONDITION_FAILED - invalid message: {delivery_mode_unknown,%d}", mode))
		})
	}
}
