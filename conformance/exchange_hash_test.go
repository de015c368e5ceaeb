package conformance

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

// exchangeSpread publishes messages with other keys and counts what each of the
// queues gets. The option depends on the number of the message.
func exchangeSpread(t *testing.T, ch *amqp091.Channel, exchange string, messages int, queues []string, opts ...func(i int, p *amqp091.Publishing)) []int {
	t.Helper()
	for i := range messages {
		publish(t, ch, exchange, fmt.Sprintf("key-%d", i), "m", func(p *amqp091.Publishing) {
			for _, o := range opts {
				o(i, p)
			}
		})
	}
	counts := make([]int, len(queues))
	for i, q := range queues {
		counts[i] = queueDrain(t, ch, q)
	}
	return counts
}

func sum(counts []int) (n int) {
	for _, c := range counts {
		n += c
	}
	return n
}

// nonZero is how many of the counts are above zero.
func nonZero(counts []int) (n int) {
	for _, c := range counts {
		if c > 0 {
			n++
		}
	}
	return n
}

// exchangeHashing is an exchange that hashes, with queues of the given weights.
func exchangeHashing(t *testing.T, ch *amqp091.Channel, args amqp091.Table, weights ...string) (exchange string, queues []string) {
	t.Helper()
	exchange = exchangeSpec{kind: "x-consistent-hash", args: args}.mustDeclare(t, ch)
	for _, weight := range weights {
		q := tempQueue(t, ch)
		exchangeBinding{source: exchange, destination: q, key: weight}.bindQueue(t, ch)
		queues = append(queues, q)
	}
	return exchange, queues
}

func TestExchange_ConsistentHashRefusesArguments(t *testing.T) {
	rule(t, "exchange")
	c := dial(t)
	for _, row := range []struct {
		name, text string
		args       amqp091.Table
	}{
		{"header and property", "hash-header and hash-property are mutually exclusive", amqp091.Table{"hash-header": "h", "hash-property": "message_id"}},
		{"header and unknown property", "hash-header and hash-property are mutually exclusive", amqp091.Table{"hash-header": "h", "hash-property": "nope"}},
		{"unknown property", "Unsupported property: app_id", amqp091.Table{"hash-property": "app_id"}},
		{"empty property", "Unsupported property:", amqp091.Table{"hash-property": ""}},
	} {
		t.Run(row.name, func(t *testing.T) {
			rule(t, "exchange")
			ch := channelOn(t, c)
			x := exchangeSpec{name: uniqueName(t, "x"), kind: "x-consistent-hash", args: row.args}
			requireChannelError(t, ch, func() error { return x.declare(ch) }, amqp091.PreconditionFailed, "PRECONDITION_FAILED - "+row.text)
		})
	}
}

func TestExchange_ConsistentHashRefusesBindingKeys(t *testing.T) {
	rule(t, "exchange")
	c := dial(t)
	setup := openChannel(t)
	x, _ := exchangeHashing(t, setup, nil)
	q := tempQueue(t, setup)
	for key, text := range map[string]string{
		"":        "The binding key must be an integer: <<>>",
		"one":     `The binding key must be an integer: <<"one">>`,
		"1.5":     `The binding key must be an integer: <<"1.5">>`,
		" 1":      `The binding key must be an integer: <<" 1">>`,
		"0":       "The binding key must be greater than 0",
		"-1":      "The binding key must be greater than 0",
		"-00":     "The binding key must be greater than 0",
		"-999999": "The binding key must be greater than 0",
		"10001":   "The binding key must not exceed 10000",
	} {
		t.Run(key, func(t *testing.T) {
			rule(t, "exchange")
			ch := channelOn(t, c)
			requireChannelError(t, ch, func() error { return ch.QueueBind(q, key, x, false, nil) },
				amqp091.PreconditionFailed, "PRECONDITION_FAILED - "+text)
		})
	}
}

func TestExchange_ConsistentHashGivesEachMessageOneQueue(t *testing.T) {
	rule(t, "exchange")
	ch := openChannel(t)
	x, queues := exchangeHashing(t, ch, nil, "1", "+2", "03", "1")
	counts := exchangeSpread(t, ch, x, 700, queues)
	require.Equal(t, 700, sum(counts))
	for i, weight := range []int{1, 2, 3, 1} {
		require.InDelta(t, 100*weight, counts[i], 60, "%v", counts)
	}
}

func TestExchange_ConsistentHashKeepsKeysTogether(t *testing.T) {
	rule(t, "exchange")
	ch := openChannel(t)
	x, queues := exchangeHashing(t, ch, nil, "5", "5", "5")
	for i := range 20 {
		key := strconv.Itoa(i)
		counts := make([]int, len(queues))
		for range 3 {
			publish(t, ch, x, key, "m", func(p *amqp091.Publishing) { p.MessageId = uniqueName(t, "id") })
		}
		for n, q := range queues {
			counts[n] = queueDrain(t, ch, q)
		}
		require.Equal(t, 1, nonZero(counts), "%v", counts)
	}
}

func TestExchange_ConsistentHashOfAHeaderOrProperty(t *testing.T) {
	rule(t, "exchange")
	ch := openChannel(t)
	set := map[string]func(i int, p *amqp091.Publishing){
		"header":         func(i int, p *amqp091.Publishing) { p.Headers = amqp091.Table{"id": strconv.Itoa(i)} },
		"number":         func(i int, p *amqp091.Publishing) { p.Headers = amqp091.Table{"id": int32(i)} },
		"correlation_id": func(i int, p *amqp091.Publishing) { p.CorrelationId = strconv.Itoa(i) },
		"message_id":     func(i int, p *amqp091.Publishing) { p.MessageId = strconv.Itoa(i) },
		"timestamp":      func(i int, p *amqp091.Publishing) { p.Timestamp = time.Unix(int64(1000+i), 0) },
	}
	for name, set := range set {
		t.Run(name, func(t *testing.T) {
			rule(t, "exchange")
			args := amqp091.Table{"hash-property": name}
			if name == "header" || name == "number" {
				args = amqp091.Table{"hash-header": "id"}
			}
			x, queues := exchangeHashing(t, ch, args, "10", "10", "10")
			same := func(_ int, p *amqp091.Publishing) { set(7, p) }
			require.Equal(t, 1, nonZero(exchangeSpread(t, ch, x, 30, queues, same)), "the same value, other keys")
			require.Equal(t, 3, nonZero(exchangeSpread(t, ch, x, 100, queues, set)), "other values")
			require.Equal(t, 1, nonZero(exchangeSpread(t, ch, x, 30, queues)), "no value")
		})
	}
}

func TestExchange_ConsistentHashMovesFewKeys(t *testing.T) {
	rule(t, "exchange")
	ch := openChannel(t)
	x, queues := exchangeHashing(t, ch, nil, "10", "10", "10")
	places := func() (at []int) {
		for i := range 200 {
			publish(t, ch, x, fmt.Sprintf("key-%d", i), "m")
			for n, q := range queues {
				if queueDrain(t, ch, q) == 1 {
					at = append(at, n)
				}
			}
		}
		return at
	}
	before := places()
	last := exchangeBinding{source: x, destination: tempQueue(t, ch), key: "10"}
	last.bindQueue(t, ch)
	queues = append(queues, last.destination)
	after, moved := places(), 0
	for i := range before {
		if before[i] != after[i] {
			require.Equal(t, 3, after[i], "keys go to the new queue only")
			moved++
		}
	}
	require.InDelta(t, 50, moved, 35)
	last.unbindQueue(t, ch)
	require.Equal(t, before, places(), "and back again")
}

func TestExchange_ConsistentHashIgnoresSecondBindings(t *testing.T) {
	rule(t, "exchange")
	ch := openChannel(t)
	x, queues := exchangeHashing(t, ch, nil, "10", "10")
	exchangeBinding{source: x, destination: queues[0], key: "1000"}.bindQueue(t, ch)
	counts := exchangeSpread(t, ch, x, 400, queues)
	require.Equal(t, 400, sum(counts))
	require.InDelta(t, 200, counts[0], 60)
}

func TestExchange_ConsistentHashStaysWhileABindingIsLeft(t *testing.T) {
	rule(t, "exchange")
	ch := openChannel(t)
	x, queues := exchangeHashing(t, ch, nil, "10")
	second := exchangeBinding{source: x, destination: queues[0], key: "20"}
	second.bindQueue(t, ch)
	second.unbindQueue(t, ch)
	require.Nil(t, exchangeMandatory(t, x, "k"))
}

func TestExchange_ConsistentHashLooksAtTheFirstKeyOnly(t *testing.T) {
	rule(t, "exchange")
	ch := openChannel(t)
	x, queues := exchangeHashing(t, ch, nil, "1", "1", "1", "1")
	copies := func(_ int, p *amqp091.Publishing) { p.Headers = amqp091.Table{"CC": []any{"a", "b", "c", "d", "e"}} }
	require.Equal(t, 50, sum(exchangeSpread(t, ch, x, 50, queues, copies)))
}

func TestExchange_ConsistentHashRoutesToExchanges(t *testing.T) {
	rule(t, "exchange")
	ch := openChannel(t)
	x, queues := exchangeHashing(t, ch, nil, "5")
	way, q := tempExchange(t, ch, "fanout"), tempQueue(t, ch)
	exchangeBinding{source: x, destination: way, key: "5"}.bindExchange(t, ch)
	exchangeBinding{source: way, destination: q}.bindQueue(t, ch)
	counts := exchangeSpread(t, ch, x, 100, []string{queues[0], q})
	require.Equal(t, 100, sum(counts))
	require.Equal(t, 2, nonZero(counts))
}

func TestExchange_ModulusHashKeepsKeysTogether(t *testing.T) {
	rule(t, "exchange")
	ch := openChannel(t)
	x := tempExchange(t, ch, "x-modulus-hash")
	require.NotNil(t, exchangeMandatory(t, x, "k"), "without bindings")
	var queues []string
	for i := range 3 {
		q := tempQueue(t, ch)
		exchangeBinding{source: x, destination: q, key: fmt.Sprintf("ignored-%d", i)}.bindQueue(t, ch)
		queues = append(queues, q)
	}
	first := exchangeSpread(t, ch, x, 300, queues)
	require.Equal(t, 300, sum(first))
	for _, n := range first {
		require.InDelta(t, 100, n, 50)
	}
	require.Equal(t, first, exchangeSpread(t, ch, x, 300, queues), "each key goes where it went")
	copies := func(_ int, p *amqp091.Publishing) { p.Headers = amqp091.Table{"CC": []any{"a", "b", "c", "d", "e"}} }
	require.Equal(t, 50, sum(exchangeSpread(t, ch, x, 50, queues, copies)), "one queue for all keys")
}
