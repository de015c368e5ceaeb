package conformance

import (
	"testing"

	"github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

// Sender-selected distribution: the headers CC and BCC name more routing keys.

func basicWithHeaders(headers amqp091.Table) func(*amqp091.Publishing) {
	return func(p *amqp091.Publishing) { p.Headers = headers }
}

func basicGetOne(t *testing.T, ch *amqp091.Channel, queue string) amqp091.Delivery {
	t.Helper()
	basicAwaitReady(t, ch, queue, 1)
	d, ok, err := ch.Get(queue, true)
	require.NoError(t, err)
	require.True(t, ok)
	return d
}

func TestBasic_CCAndBCCReachMoreQueues(t *testing.T) {
	rule(t, "basic")
	ch := openChannel(t)
	first, second, third := tempQueue(t, ch), tempQueue(t, ch), tempQueue(t, ch)
	publish(t, ch, "", first, "m", basicWithHeaders(amqp091.Table{"CC": []any{second}, "BCC": []any{third}, "other": "kept"}))
	for _, queue := range []string{first, second, third} {
		d := basicGetOne(t, ch, queue)
		require.Equal(t, first, d.RoutingKey, "the key is the publisher's for every copy")
		require.Equal(t, amqp091.Table{"CC": []any{second}, "other": "kept"}, d.Headers, "BCC is removed, CC is kept")
	}
}

func TestBasic_CCWorksWithKeysOfAnyExchange(t *testing.T) {
	rule(t, "basic")
	for _, kind := range []string{"direct", "topic"} {
		t.Run(kind, func(t *testing.T) {
			rule(t, "basic")
			ch := openChannel(t)
			exchange := tempExchange(t, ch, kind)
			one, two := tempQueue(t, ch), tempQueue(t, ch)
			require.NoError(t, ch.QueueBind(one, "key.one", exchange, false, nil))
			require.NoError(t, ch.QueueBind(two, "key.two", exchange, false, nil))
			publish(t, ch, exchange, "key.none", "m",
				basicWithHeaders(amqp091.Table{"CC": []any{"key.one"}, "BCC": []any{"key.two"}}))
			require.Equal(t, "key.none", basicGetOne(t, ch, one).RoutingKey)
			require.Equal(t, "key.none", basicGetOne(t, ch, two).RoutingKey)
		})
	}
}

func TestBasic_CCGivesAQueueOneCopy(t *testing.T) {
	rule(t, "basic")
	ch := openChannel(t)
	queue := tempQueue(t, ch)
	publish(t, ch, "", queue, "m", basicWithHeaders(amqp091.Table{"CC": []any{queue, queue}, "BCC": []any{queue}}))
	require.Equal(t, []basicReady{{"m", false}}, basicDrain(t, ch, queue, 1))
}

func TestBasic_CCIgnoresWhatIsNotAString(t *testing.T) {
	rule(t, "basic")
	ch := openChannel(t)
	first, second := tempQueue(t, ch), tempQueue(t, ch)
	publish(t, ch, "", first, "m", basicWithHeaders(amqp091.Table{"CC": []any{int32(1), true, second, nil}}))
	basicGetOne(t, ch, first)
	basicGetOne(t, ch, second)
}

func TestBasic_CCIsCaseSensitive(t *testing.T) {
	rule(t, "basic")
	ch := openChannel(t)
	first, second := tempQueue(t, ch), tempQueue(t, ch)
	publish(t, ch, "", first, "m", basicWithHeaders(amqp091.Table{"cc": []any{second}, "Bcc": "not an array"}))
	require.Equal(t, amqp091.Table{"cc": []any{second}, "Bcc": "not an array"}, basicGetOne(t, ch, first).Headers)
	requireEmpty(t, ch, second)
}

func TestBasic_CCAndBCCAreArrays(t *testing.T) {
	rule(t, "basic")
	values := []struct {
		wireType string
		value    any
	}{
		{"longstr", "q"},
		{"signedint", int32(1)},
		{"bool", true},
		{"table", amqp091.Table{}},
		{"void", nil},
	}
	for _, header := range []string{"CC", "BCC"} {
		for _, v := range values {
			t.Run(header+" of type "+v.wireType, func(t *testing.T) {
				rule(t, "basic")
				ch := openChannel(t)
				requireChannelError(t, ch,
					basicPublishing(ch, "", "k", amqp091.Publishing{Headers: amqp091.Table{header: v.value}}),
					406, `PRECONDITION_FAILED - invalid message: {unacceptable_type_in_header,"`+header+`",`+v.wireType+`}`)
			})
		}
	}
}
