package conformance

import (
	"maps"
	"testing"
	"time"

	"github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

// Steps that the tests of expiry, length limits and dead-lettering share.

// deadAmong are arguments and those of a queue that dead-letters to another one
// through the default exchange.
func deadAmong(args amqp091.Table, target string) amqp091.Table {
	all := amqp091.Table{"x-dead-letter-exchange": "", "x-dead-letter-routing-key": target}
	maps.Copy(all, args)
	return all
}

// deadQueues declares a queue with the arguments, and the one that it dead-letters
// to through the default exchange.
func deadQueues(t *testing.T, ch *amqp091.Channel, args amqp091.Table) (source, target string) {
	t.Helper()
	target = tempQueue(t, ch)
	return queueSpec{args: deadAmong(args, target)}.mustDeclare(t, ch), target
}

// expiring sets the expiration of a message, in milliseconds.
func expiring(ms string) func(*amqp091.Publishing) {
	return func(p *amqp091.Publishing) { p.Expiration = ms }
}

// rejected takes the next message of a queue and rejects it.
func rejected(t *testing.T, ch *amqp091.Channel, queue string) {
	t.Helper()
	basicAwaitReady(t, ch, queue, 1)
	require.NoError(t, basicTake(t, ch, queue).Reject(basicDrop))
}

// death is one entry of the header x-death.
type death struct {
	count                   int64
	reason, queue, exchange string
	keys                    []any
	expiration              string // empty for none
}

// table is the entry without its time.
func (d death) table() amqp091.Table {
	entry := amqp091.Table{
		"count": d.count, "reason": d.reason, "queue": d.queue, "exchange": d.exchange, "routing-keys": d.keys,
	}
	if d.expiration != "" {
		entry["original-expiration"] = d.expiration
	}
	return entry
}

// requireDeaths requires the header x-death, the newest death first. Up to RabbitMQ 3.12
// the others are in no order. The times are in seconds and of the last minute.
func requireDeaths(t *testing.T, d amqp091.Delivery, want ...death) {
	t.Helper()
	entries, ok := d.Headers["x-death"].([]any)
	require.True(t, ok, "headers %v", d.Headers)
	var got, expected []amqp091.Table
	for _, e := range entries {
		entry, ok := e.(amqp091.Table)
		require.True(t, ok, "entry %v", e)
		entry = maps.Clone(entry)
		at, ok := entry["time"].(time.Time)
		require.True(t, ok, "time %v", entry["time"])
		require.WithinDuration(t, time.Now(), at, time.Minute)
		delete(entry, "time")
		got = append(got, entry)
	}
	for _, w := range want {
		expected = append(expected, w.table())
	}
	if oneOf(true, false) {
		require.ElementsMatch(t, expected, got)
		expected, got = expected[:1], got[:1]
	}
	require.Equal(t, expected, got)
}

// requireFirstAndLastDeath requires the headers that tell of the first death and, since
// RabbitMQ 3.13, of the last one.
func requireFirstAndLastDeath(t *testing.T, d amqp091.Delivery, first, last death) {
	t.Helper()
	want := amqp091.Table{
		"x-first-death-reason": first.reason, "x-first-death-queue": first.queue, "x-first-death-exchange": first.exchange,
	}
	maps.Copy(want, oneOf(nil, amqp091.Table{
		"x-last-death-reason": last.reason, "x-last-death-queue": last.queue, "x-last-death-exchange": last.exchange,
	}))
	got := maps.Clone(d.Headers)
	delete(got, "x-death")
	require.Equal(t, want, got)
}

// requireLettered requires that a queue gets one message and nothing else, and returns it.
func requireLettered(t *testing.T, ch *amqp091.Channel, queue, body string) amqp091.Delivery {
	t.Helper()
	d := basicGetOne(t, ch, queue)
	require.Equal(t, body, string(d.Body))
	basicEmptyEventually(t, ch, queue)
	return d
}
