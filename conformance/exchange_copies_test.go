package conformance

import (
	"fmt"
	"testing"

	"github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

func TestExchange_CopyHeadersAddRoutingKeys(t *testing.T) {
	rule(t, "exchange")
	ch := openChannel(t)
	for _, header := range []string{"CC", "BCC"} {
		for _, kind := range []string{"direct", "topic", ""} {
			t.Run(header+" "+kind, func(t *testing.T) {
				rule(t, "exchange")
				primary, second, third, other := tempQueue(t, ch), tempQueue(t, ch), tempQueue(t, ch), tempQueue(t, ch)
				queues := []string{primary, second, third, other}
				x := ""
				if kind != "" {
					x = tempExchange(t, ch, kind)
					for _, q := range queues {
						exchangeBinding{source: x, destination: q, key: q}.bindQueue(t, ch)
					}
				}
				publish(t, ch, x, primary, "m", exchangeHeaders(amqp091.Table{header: []any{second, third}}))
				var copies []int
				for _, q := range queues {
					copies = append(copies, queueDrain(t, ch, q))
				}
				require.Equal(t, []int{1, 1, 1, 0}, copies)
			})
		}
	}
}

func TestExchange_CopyHeadersWorkThroughExchanges(t *testing.T) {
	rule(t, "exchange")
	ch := openChannel(t)
	x, way, q := tempExchange(t, ch, "fanout"), tempExchange(t, ch, "direct"), tempQueue(t, ch)
	exchangeBinding{source: x, destination: way}.bindExchange(t, ch)
	exchangeBinding{source: way, destination: q, key: "copy"}.bindQueue(t, ch)
	require.Equal(t, 1, exchangeCopies(t, ch, x, "k", q, exchangeHeaders(amqp091.Table{"CC": []any{"copy"}})))
	require.Zero(t, exchangeCopies(t, ch, x, "k", q))
}

func TestExchange_CopyHeadersGiveAQueueOneCopy(t *testing.T) {
	rule(t, "exchange")
	ch := openChannel(t)
	q := tempQueue(t, ch)
	require.Equal(t, 1, exchangeCopies(t, ch, "", q, q, exchangeHeaders(amqp091.Table{"CC": []any{q, q}, "BCC": []any{q}})))
}

func TestExchange_CopyHeadersAreCaseSensitive(t *testing.T) {
	rule(t, "exchange")
	ch := openChannel(t)
	q := tempQueue(t, ch)
	for _, header := range []string{"cc", "bcc", "Cc", "Bcc"} {
		t.Run(header, func(t *testing.T) {
			rule(t, "exchange")
			require.Zero(t, exchangeCopies(t, ch, "amq.direct", "k", q, exchangeHeaders(amqp091.Table{header: q})))
		})
	}
}

func TestExchange_CopyHeadersSkipWhatIsNoString(t *testing.T) {
	rule(t, "exchange")
	ch := openChannel(t)
	q := tempQueue(t, ch)
	copies := []any{int32(5), nil, true, []any{"array"}, q}
	for _, header := range []string{"CC", "BCC"} {
		t.Run(header, func(t *testing.T) {
			rule(t, "exchange")
			require.Equal(t, 1, exchangeCopies(t, ch, "", "no-such-queue", q, exchangeHeaders(amqp091.Table{header: copies})))
		})
	}
}

func TestExchange_CopyHeadersMustBeArrays(t *testing.T) {
	rule(t, "exchange")
	c := dial(t)
	for _, header := range []string{"CC", "BCC"} {
		for wireType, value := range exchangeValuesByType() {
			if wireType == "array" {
				continue
			}
			t.Run(header+" "+wireType, func(t *testing.T) {
				rule(t, "exchange")
				ch := channelOn(t, c)
				m := amqp091.Publishing{Headers: amqp091.Table{header: value}}
				requireChannelError(t, ch, func() error { return ch.PublishWithContext(t.Context(), "amq.fanout", "", false, false, m) },
					amqp091.PreconditionFailed,
					fmt.Sprintf("PRECONDITION_FAILED - invalid message: {unacceptable_type_in_header,%q,%s}", header, wireType))
			})
		}
	}
}

func TestExchange_CopyHeadersAreCheckedAfterTheExchange(t *testing.T) {
	rule(t, "exchange")
	ch := openChannel(t)
	gone := uniqueName(t, "gone")
	m := amqp091.Publishing{Headers: amqp091.Table{"CC": "no array"}}
	requireChannelError(t, ch, func() error { return ch.PublishWithContext(t.Context(), gone, "", false, false, m) },
		amqp091.NotFound, exchangeMissing(gone))
}

func TestExchange_CarbonCopyStaysAndBlindCopyGoes(t *testing.T) {
	rule(t, "exchange")
	ch := openChannel(t)
	primary, cc, bcc := tempQueue(t, ch), tempQueue(t, ch), tempQueue(t, ch)
	publish(t, ch, "", primary, "m", exchangeHeaders(amqp091.Table{"CC": []any{cc}, "BCC": []any{bcc}, "kept": "yes"}))
	for role, q := range map[string]string{"primary": primary, "CC": cc, "BCC": bcc} {
		t.Run(role, func(t *testing.T) {
			rule(t, "exchange")
			d := queueGetUnacked(t, ch, q)
			require.Equal(t, amqp091.Table{"CC": []any{cc}, "kept": "yes"}, d.Headers)
			require.Equal(t, primary, d.RoutingKey, "routing key of the delivery")
		})
	}
}

func TestExchange_CopyHeadersSatisfyMandatory(t *testing.T) {
	rule(t, "exchange")
	ch := openChannel(t)
	q := tempQueue(t, ch)
	returns := ch.NotifyReturn(make(chan amqp091.Return, 1))
	m := amqp091.Publishing{Headers: amqp091.Table{"BCC": []any{q}}}
	require.NoError(t, ch.PublishWithContext(t.Context(), "", "no-such-queue", true, false, m))
	require.Equal(t, 1, queueDrain(t, ch, q))
	require.Empty(t, returns)
}
