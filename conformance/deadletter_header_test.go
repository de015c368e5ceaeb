package conformance

import (
	"bytes"
	"encoding/binary"
	"testing"
	"time"

	"github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

// roundTrips is a queue whose dead messages go to another one, and from there back
// when they are rejected.
func roundTrips(t *testing.T, ch *amqp091.Channel, args amqp091.Table) (source, target string) {
	t.Helper()
	source = uniqueName(t, "q")
	target = queueSpec{args: deadAmong(nil, source)}.mustDeclare(t, ch)
	return queueSpec{name: source, args: deadAmong(args, target)}.mustDeclare(t, ch), target
}

// A second death for the same reason in the same queue counts, and its entry comes to
// the front; apart from the count the entry tells of the first one.
func TestQueue_DeathsAreCountedByQueueAndReason(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	x := tempExchange(t, ch, "direct")
	source, target := roundTrips(t, ch, nil)
	exchangeBinding{source: x, destination: source, key: "k"}.bindQueue(t, ch)
	publish(t, ch, x, "k", "m", expiring("60000"))
	const rounds = 3
	for round := int64(1); round <= rounds; round++ {
		rejected(t, ch, source)
		basicAwaitReady(t, ch, target, 1)
		d := basicTake(t, ch, target)
		inSource := death{count: round, reason: "rejected", queue: source, exchange: x, keys: []any{"k"}, expiration: "60000"}
		inTarget := death{count: round - 1, reason: "rejected", queue: target, keys: []any{target}}
		deaths := []death{inSource, inTarget}
		if round == 1 {
			deaths = deaths[:1]
		}
		requireDeaths(t, d, deaths...)
		last := inSource
		if round > 1 {
			last.exchange = "" // it was dead-lettered to the queue
		}
		requireFirstAndLastDeath(t, d, inSource, last)
		require.NoError(t, d.Reject(basicDrop))
	}
}

// The time is that of the first death of the entry.
func TestQueue_DeathsKeepTheTimeOfTheFirst(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	source, target := roundTrips(t, ch, nil)
	publish(t, ch, "", source, "m")
	timeOf := func(d amqp091.Delivery) time.Time {
		entry, ok := d.Headers["x-death"].([]any)[0].(amqp091.Table)
		require.True(t, ok)
		at, ok := entry["time"].(time.Time)
		require.True(t, ok)
		return at
	}
	rejected(t, ch, source)
	basicAwaitReady(t, ch, target, 1)
	d := basicTake(t, ch, target)
	first := timeOf(d)
	eventually(t, "the next second", func() bool { return time.Now().Unix() > first.Unix()+1 })
	require.NoError(t, d.Reject(basicDrop))
	rejected(t, ch, source)
	require.Equal(t, first, timeOf(requireLettered(t, ch, target, "m")))
}

func TestQueue_DeathsOfOtherReasonsHaveTheirOwnEntry(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	source, target := roundTrips(t, ch, amqp091.Table{"x-message-ttl": int32(ttlShort)})
	consuming := channelOn(t, dial(t))
	ds := basicConsumer{tag: "c"}.startOn(t, consuming, source)
	publish(t, ch, "", source, "m")
	require.NoError(t, receive(t, ds).Reject(basicDrop))
	require.NoError(t, consuming.Cancel("c", false))
	rejected(t, ch, target)
	basicAwaitReady(t, ch, target, 1) // it has expired in the source
	requireDeaths(t, requireLettered(t, ch, target, "m"),
		death{count: 1, reason: "expired", queue: source, keys: []any{source}},
		death{count: 1, reason: "rejected", queue: target, keys: []any{target}},
		death{count: 1, reason: "rejected", queue: source, keys: []any{source}},
	)
}

// The keys of an entry are those of the publish and its CC, without BCC.
func TestQueue_DeathsTellAllRoutingKeysButBCC(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	source, target := deadQueues(t, ch, nil)
	publish(t, ch, "", source, "m", basicWithHeaders(amqp091.Table{"CC": []any{"c1", "c2"}, "BCC": []any{"b"}}))
	rejected(t, ch, source)
	d := requireLettered(t, ch, target, "m")
	requireDeaths(t, d, death{count: 1, reason: "rejected", queue: source, keys: []any{source, "c1", "c2"}})
	require.NotContains(t, d.Headers, "BCC")
}

// Without x-dead-letter-routing-key all keys of the publish are used, and with it none.
func TestQueue_DeadLettersAreRoutedByCC(t *testing.T) {
	rule(t, "queue")
	for name, key := range map[string]string{"own keys": "", "another key": "other"} {
		t.Run(name, func(t *testing.T) {
			rule(t, "queue")
			ch := openChannel(t)
			dead := tempExchange(t, ch, "direct")
			args := amqp091.Table{"x-dead-letter-exchange": dead}
			byKey, byCC := tempQueue(t, ch), tempQueue(t, ch)
			if key != "" {
				args["x-dead-letter-routing-key"] = key
			}
			source := queueSpec{args: args}.mustDeclare(t, ch)
			for _, k := range []string{source, "other"} {
				exchangeBinding{source: dead, destination: byKey, key: k}.bindQueue(t, ch)
			}
			exchangeBinding{source: dead, destination: byCC, key: "cc"}.bindQueue(t, ch)
			publish(t, ch, "", source, "m", basicWithHeaders(amqp091.Table{"CC": []any{"cc"}}))
			rejected(t, ch, source)
			d := requireLettered(t, ch, byKey, "m")
			if key != "" {
				require.Equal(t, key, d.RoutingKey)
				basicEmptyEventually(t, ch, byCC)
				return
			}
			require.Equal(t, source, d.RoutingKey)
			require.Equal(t, []any{"cc"}, d.Headers["CC"])
			require.Equal(t, source, requireLettered(t, ch, byCC, "m").RoutingKey)
		})
	}
}

// Where another routing key takes the place of the own ones, CC stays since 3.13.
func TestQueue_DeadLettersKeepCC(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	source, target := deadQueues(t, ch, nil)
	publish(t, ch, "", source, "m", basicWithHeaders(amqp091.Table{"CC": []any{"cc"}}))
	rejected(t, ch, source)
	d := requireLettered(t, ch, target, "m")
	require.Equal(t, oneOf[any](nil, []any{"cc"}), d.Headers["CC"])
}

// Whatever the publisher set comes back as it was, apart from the expiration, and his
// headers stand beside the new ones.
func TestQueue_DeadLettersKeepTheirProperties(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	source, target := deadQueues(t, ch, nil)
	var flags uint16
	var before, after, fields [][]byte
	for _, p := range basicPropertyValues() {
		switch {
		case p.flag == basicFlagExpiration || p.flag == basicFlagHeaders:
		case p.flag > basicFlagHeaders:
			before = append(before, p.value)
		default:
			after = append(after, p.value)
		}
		flags |= p.flag
	}
	for _, f := range basicHeaderFields() {
		fields = append(fields, append(shortStr("h "+f.name), f.value[2:]...))
	}
	c := basicWireOpen(t)
	properties := join(u16(flags), join(before...), fieldTable(fields...),
		after[0], after[1], after[2], after[3], shortStr("50000"), join(after[4:]...))
	c.send(basicWirePublication{key: source, properties: properties, body: "m"}.encode())
	rejected(t, ch, source)
	basicAwaitReady(t, ch, target, 1)
	c.send(basicEncodeGet(target))
	got := basicExpectGetOk(c)
	require.Equal(t, "m", string(got.body))
	lead := join(u16(flags&^basicFlagExpiration), join(before...))
	require.Greater(t, len(got.properties), len(lead)+4)
	basicRequireOctets(t, lead, got.properties[:len(lead)], "what is before the headers")
	table := got.properties[len(lead):]
	end := 4 + int(binary.BigEndian.Uint32(table))
	require.GreaterOrEqual(t, len(table), end)
	basicRequireOctets(t, join(after...), table[end:], "what is behind the headers")
	for i, f := range fields {
		require.True(t, bytes.Contains(table[:end], f), "header %s changed", basicHeaderFields()[i].name)
	}
}

// The octets of what the broker writes: count is a long, time a timestamp.
func TestQueue_DeathsHaveTypes(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	source, target := deadQueues(t, ch, nil)
	publish(t, ch, "", source, "m", expiring("50000"))
	rejected(t, ch, source)
	basicAwaitReady(t, ch, target, 1)
	c := basicWireOpen(t)
	c.send(basicEncodeGet(target))
	properties := basicExpectGetOk(c).properties
	for _, f := range [][]byte{
		append(shortStr("x-death"), 'A'),
		field("count", 'l', u64(1)),
		stringField("reason", "rejected"),
		stringField("queue", source),
		stringField("exchange", ""),
		stringField("original-expiration", "50000"),
		field("routing-keys", 'A', longStr(string(append([]byte{'S'}, longStr(source)...)))),
		append(shortStr("time"), 'T'),
		stringField("x-first-death-reason", "rejected"),
		stringField("x-first-death-queue", source),
		stringField("x-first-death-exchange", ""),
	} {
		require.True(t, bytes.Contains(properties, f), "%q is not in %q", f, properties)
	}
}

// Since 4.0 RabbitMQ passes the header of a publisher on, and replaces it by its own.
func TestQueue_DeathsThatAPublisherSendsCount(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	source, target := deadQueues(t, ch, nil)
	old := death{count: 4, reason: "rejected", queue: source, exchange: "x", keys: []any{"k"}}
	other := death{count: 2, reason: "expired", queue: "another", exchange: "x", keys: []any{"k"}}
	var sent []any
	for _, d := range []death{other, old} {
		entry := d.table()
		entry["time"] = time.Now()
		sent = append(sent, entry)
	}
	publish(t, ch, "", source, "m", basicWithHeaders(amqp091.Table{"x-death": sent}))
	rejected(t, ch, source)
	old.count++
	requireDeaths(t, requireLettered(t, ch, target, "m"), old, other)
}

// What a client gets it may publish again, and what is no list of deaths is replaced.
func TestQueue_DeathsThatMakeNoSenseAreReplaced(t *testing.T) {
	rule(t, "queue")
	for name, value := range map[string]any{
		"longstr": "dead", "signedint": int32(1), "void": nil, "table": amqp091.Table{"queue": "q"}, "empty array": []any(nil),
	} {
		t.Run(name, func(t *testing.T) {
			rule(t, "queue")
			ch := openChannel(t)
			source, target := deadQueues(t, ch, nil)
			publish(t, ch, "", source, "m", basicWithHeaders(amqp091.Table{"x-death": value}))
			require.Equal(t, amqp091.Table{"x-death": value}, basicTakeBack(t, ch, source).Headers, "until it dies the header is the publisher's")
			rejected(t, ch, source)
			requireDeaths(t, requireLettered(t, ch, target, "m"), death{count: 1, reason: "rejected", queue: source, keys: []any{source}})
		})
	}
}

// basicTakeBack takes a message, and gives it back.
func basicTakeBack(t *testing.T, ch *amqp091.Channel, queue string) amqp091.Delivery {
	t.Helper()
	basicAwaitReady(t, ch, queue, 1)
	d := basicTake(t, ch, queue)
	require.NoError(t, d.Reject(basicRequeue))
	return d
}

func TestQueue_FirstDeathIsWrittenOnce(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	second, last := deadQueues(t, ch, nil)
	first := queueSpec{args: deadAmong(nil, second)}.mustDeclare(t, ch)
	publish(t, ch, "", first, "m")
	rejected(t, ch, first)
	rejected(t, ch, second)
	requireFirstAndLastDeath(t, requireLettered(t, ch, last, "m"),
		death{reason: "rejected", queue: first}, death{reason: "rejected", queue: second})
}
