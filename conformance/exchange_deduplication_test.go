package conformance

import (
	"strconv"
	"testing"

	"github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

// The plugin of this type is not shipped with RabbitMQ: its rules are those of its
// documentation.

func TestExchange_DeduplicationRefusesArguments(t *testing.T) {
	rule(t, "exchange")
	c := dial(t)
	type table = amqp091.Table
	size := "Missing or invalid argument, 'x-cache-size' must be an integer greater than 0"
	ttl := "Invalid argument, 'x-cache-ttl' must be an integer greater than 0"
	persistence := "Invalid argument, 'x-cache-persistence' must be either 'disk' or 'memory'"
	for _, row := range []struct {
		args table
		text string
	}{
		{nil, size},
		{table{"x-cache-size": int32(0)}, size},
		{table{"x-cache-size": "many"}, size},
		{table{"x-cache-size": int32(1), "x-cache-ttl": int32(0)}, ttl},
		{table{"x-cache-size": int32(1), "x-cache-ttl": true}, ttl},
		{table{"x-cache-size": int32(1), "x-cache-persistence": "paper"}, persistence},
	} {
		ch := channelOn(t, c)
		x := exchangeSpec{name: uniqueName(t, "x"), kind: "x-message-deduplication", args: row.args}
		requireChannelError(t, ch, func() error { return x.declare(ch) }, amqp091.PreconditionFailed, "PRECONDITION_FAILED - "+row.text)
	}
}

func TestExchange_DeduplicationDropsRepeats(t *testing.T) {
	rule(t, "exchange")
	ch := openChannel(t)
	args := amqp091.Table{"x-cache-size": int32(2), "x-cache-ttl": int32(60_000), "x-cache-persistence": "memory"}
	x := exchangeSpec{kind: "x-message-deduplication", args: args}.mustDeclare(t, ch)
	q := tempQueue(t, ch)
	exchangeBinding{source: x, destination: q, key: "ignored"}.bindQueue(t, ch)
	copies := func(id any) int {
		return exchangeCopies(t, ch, x, "k", q, exchangeHeaders(amqp091.Table{"x-deduplication-header": id}))
	}
	require.Equal(t, []int{1, 0, 1, 0}, []int{copies("a"), copies("a"), copies("b"), copies("a")})
	require.Equal(t, []int{1, 1, 0}, []int{copies(int32(5)), copies("a"), copies("a")}, "the cache has room for two")
	require.Equal(t, []int{1, 1}, []int{exchangeCopies(t, ch, x, "k", q), exchangeCopies(t, ch, x, "k", q)}, "without the header")
}

func TestExchange_DeduplicationForgetsInTime(t *testing.T) {
	rule(t, "exchange")
	ch := openChannel(t)
	x := exchangeSpec{kind: "x-message-deduplication", args: amqp091.Table{"x-cache-size": int32(100)}}.mustDeclare(t, ch)
	q := tempQueue(t, ch)
	exchangeBinding{source: x, destination: q}.bindQueue(t, ch)
	headers := exchangeHeaders(amqp091.Table{"x-deduplication-header": "a", "x-cache-ttl": int32(50)})
	require.Equal(t, 1, exchangeCopies(t, ch, x, "k", q, headers))
	eventually(t, "the repeat is routed", func() bool { return exchangeCopies(t, ch, x, "k", q, headers) == 1 })
}

func TestExchange_DeduplicationIsAtomic(t *testing.T) {
	rule(t, "exchange")
	setup := openChannel(t)
	x := exchangeSpec{kind: "x-message-deduplication", args: amqp091.Table{"x-cache-size": int32(1000)}}.mustDeclare(t, setup)
	q := tempQueue(t, setup)
	exchangeBinding{source: x, destination: q}.bindQueue(t, setup)
	done := make(chan struct{})
	for range 4 {
		ch := openChannel(t)
		require.NoError(t, ch.Confirm(false))
		go func() {
			defer func() { done <- struct{}{} }()
			for i := range 200 {
				p := amqp091.Publishing{Headers: amqp091.Table{"x-deduplication-header": strconv.Itoa(i)}}
				confirm, err := ch.PublishWithDeferredConfirmWithContext(t.Context(), x, "k", false, false, p)
				if err != nil || !confirm.Wait() {
					t.Errorf("publish %d: %v", i, err)
					return
				}
			}
		}()
	}
	for range 4 {
		<-done
	}
	require.Equal(t, 200, queueDrain(t, setup, q))
}
