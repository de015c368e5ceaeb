package conformance

import (
	"strconv"
	"testing"

	"github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

// deadCause is one way for the message "m" to die in a queue.
type deadCause struct {
	name, reason string
	args         amqp091.Table
	expiration   string
	kill         func(t *testing.T, ch *amqp091.Channel, queue string)
}

func deadCauses() []deadCause {
	nothing := func(*testing.T, *amqp091.Channel, string) {}
	more := func(t *testing.T, ch *amqp091.Channel, queue string) {
		t.Helper()
		publish(t, ch, "", queue, "more")
	}
	nack := func(multiple bool) func(*testing.T, *amqp091.Channel, string) {
		return func(t *testing.T, ch *amqp091.Channel, queue string) {
			t.Helper()
			basicAwaitReady(t, ch, queue, 1)
			require.NoError(t, basicTake(t, ch, queue).Nack(multiple, basicDrop))
		}
	}
	return []deadCause{
		{name: "basic.reject", reason: "rejected", kill: rejected},
		{name: "basic.nack", reason: "rejected", kill: nack(basicSingle)},
		{name: "basic.nack multiple", reason: "rejected", kill: nack(basicMultiple)},
		{name: "rejected with an expiration", reason: "rejected", expiration: "60000", kill: rejected},
		{name: "the queue's TTL", reason: "expired", args: amqp091.Table{"x-message-ttl": int32(1)}, kill: nothing},
		{name: "a TTL of zero", reason: "expired", args: amqp091.Table{"x-message-ttl": int32(0)}, kill: nothing},
		{name: "its expiration", reason: "expired", expiration: "1", kill: nothing},
		{name: "an expiration of zero", reason: "expired", expiration: "0", kill: nothing},
		{name: "both", reason: "expired", args: amqp091.Table{"x-message-ttl": int32(2)}, expiration: "60000", kill: nothing},
		{name: "too many messages", reason: "maxlen", args: amqp091.Table{"x-max-length": int32(1)}, kill: more},
		{name: "too many octets", reason: "maxlen", args: amqp091.Table{"x-max-length-bytes": int32(4)}, kill: more},
		{name: "no room for any", reason: "maxlen", args: amqp091.Table{"x-max-length": int32(0)}, kill: nothing},
		{
			name: "refused", reason: "maxlen", kill: nothing,
			args: amqp091.Table{"x-max-length": int32(0), "x-overflow": "reject-publish-dlx"},
		},
	}
}

func TestQueue_DeadLettersTellHowTheyDied(t *testing.T) {
	rule(t, "queue")
	for _, cause := range deadCauses() {
		t.Run(cause.name, func(t *testing.T) {
			rule(t, "queue")
			t.Parallel()
			ch := openChannel(t)
			source, target := deadQueues(t, ch, cause.args)
			publish(t, ch, "", source, "m", expiring(cause.expiration))
			cause.kill(t, ch, source)
			d := requireLettered(t, ch, target, "m")
			want := death{
				count: 1, reason: cause.reason, queue: source, exchange: "", keys: []any{source}, expiration: cause.expiration,
			}
			requireDeaths(t, d, want)
			requireFirstAndLastDeath(t, d, want, want)
			require.Empty(t, d.Expiration)
			require.Empty(t, d.Exchange)
			require.Equal(t, target, d.RoutingKey)
			require.False(t, d.Redelivered)
		})
	}
}

// Quorum queues tell the same. They do not know reject-publish-dlx.
func TestQueue_DeadLettersOfQuorumQueuesTellHowTheyDied(t *testing.T) {
	rule(t, "queue")
	for _, cause := range deadCauses() {
		if cause.args["x-overflow"] != nil {
			continue
		}
		t.Run(cause.name, func(t *testing.T) {
			rule(t, "queue")
			t.Parallel()
			ch := openChannel(t)
			target := tempQueue(t, ch)
			source := quorumQueue(t, ch, deadAmong(cause.args, target))
			publish(t, ch, "", source, "m", expiring(cause.expiration))
			cause.kill(t, ch, source)
			d := requireLettered(t, ch, target, "m")
			want := death{
				count: 1, reason: cause.reason, queue: source, exchange: "", keys: []any{source}, expiration: cause.expiration,
			}
			requireDeaths(t, d, want)
			requireFirstAndLastDeath(t, d, want, want)
		})
	}
}

// What dies leaves the queue.
func TestQueue_DeadLettersAreGoneFromTheirQueue(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	source, target := deadQueues(t, ch, nil)
	basicFill(t, ch, source, 3)
	ds := basicTakeAll(t, ch, source, 3)
	require.NoError(t, ds[1].Nack(basicMultiple, basicDrop))
	require.NoError(t, ds[2].Nack(basicSingle, basicRequeue))
	require.Equal(t, []basicReady{{"0", false}, {"1", false}}, basicDrain(t, ch, target, 2))
	require.Equal(t, []basicReady{{"2", true}}, basicDrain(t, ch, source, 1))
}

func TestQueue_DeadLettersStayInOrder(t *testing.T) {
	rule(t, "queue")
	const n = 50
	var want []string
	for i := range n {
		want = append(want, strconv.Itoa(i))
	}
	for name, args := range map[string]amqp091.Table{
		"expired": {"x-message-ttl": int32(0)},
		"maxlen":  {"x-max-length": int32(0)},
	} {
		t.Run(name, func(t *testing.T) {
			rule(t, "queue")
			ch := openChannel(t)
			source, target := deadQueues(t, ch, args)
			basicFillForConsumers(t, ch, source, n)
			require.Equal(t, want, readyBodies(basicDrain(t, ch, target, n)))
		})
	}
}

// Without x-dead-letter-routing-key a dead message keeps its keys.
func TestQueue_DeadLettersKeepTheirRoutingKey(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	x, dead := tempExchange(t, ch, "topic"), tempExchange(t, ch, "topic")
	source := queueSpec{args: amqp091.Table{"x-dead-letter-exchange": dead}}.mustDeclare(t, ch)
	target := tempQueue(t, ch)
	exchangeBinding{source: x, destination: source, key: "a.#"}.bindQueue(t, ch)
	exchangeBinding{source: dead, destination: target, key: "a.b"}.bindQueue(t, ch)
	publish(t, ch, x, "a.b", "m")
	rejected(t, ch, source)
	d := requireLettered(t, ch, target, "m")
	require.Equal(t, dead, d.Exchange)
	require.Equal(t, "a.b", d.RoutingKey)
	requireDeaths(t, d, death{count: 1, reason: "rejected", queue: source, exchange: x, keys: []any{"a.b"}})
}

func TestQueue_DeadLettersGoToAllQueuesOfTheExchange(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	dead := tempExchange(t, ch, "fanout")
	source := queueSpec{args: amqp091.Table{"x-dead-letter-exchange": dead, "x-dead-letter-routing-key": "k"}}.mustDeclare(t, ch)
	targets := []string{tempQueue(t, ch), tempQueue(t, ch)}
	for _, target := range targets {
		exchangeBinding{source: dead, destination: target}.bindQueue(t, ch)
	}
	publish(t, ch, "", source, "m")
	rejected(t, ch, source)
	for _, target := range targets {
		require.Equal(t, "k", requireLettered(t, ch, target, "m").RoutingKey)
	}
}

// An empty routing key is one, and not none.
func TestQueue_DeadLetterRoutingKeyMayBeEmpty(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	dead := tempExchange(t, ch, "direct")
	source := queueSpec{args: amqp091.Table{"x-dead-letter-exchange": dead, "x-dead-letter-routing-key": ""}}.mustDeclare(t, ch)
	target := tempQueue(t, ch)
	exchangeBinding{source: dead, destination: target, key: ""}.bindQueue(t, ch)
	publish(t, ch, "", source, "m")
	rejected(t, ch, source)
	require.Empty(t, requireLettered(t, ch, target, "m").RoutingKey)
}

// The dead-letter exchange is looked up when it is needed.
func TestQueue_DeadLetterExchangeMayBeMissing(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	target, dead := tempQueue(t, ch), exchangeSpec{name: uniqueName(t, "x"), kind: "fanout"}
	source := queueSpec{args: amqp091.Table{"x-dead-letter-exchange": dead.name}}.mustDeclare(t, ch)
	publish(t, ch, "", source, "lost")
	rejected(t, ch, source)
	basicEmptyEventually(t, ch, source)
	exchangeBinding{source: dead.mustDeclare(t, ch), destination: target}.bindQueue(t, ch)
	publish(t, ch, "", source, "m")
	rejected(t, ch, source)
	requireLettered(t, ch, target, "m")
}

// An internal exchange takes dead messages, and an alternate exchange those that the
// first one has no queue for.
func TestQueue_DeadLetterExchangeIsUsedAsExchangesAre(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	target := tempQueue(t, ch)
	alternate := exchangeSpec{kind: "fanout", internal: true}.mustDeclare(t, ch)
	dead := exchangeSpec{kind: "direct", internal: true, args: amqp091.Table{"alternate-exchange": alternate}}.mustDeclare(t, ch)
	exchangeBinding{source: alternate, destination: target}.bindQueue(t, ch)
	source := queueSpec{args: amqp091.Table{"x-dead-letter-exchange": dead}}.mustDeclare(t, ch)
	publish(t, ch, "", source, "m")
	rejected(t, ch, source)
	require.Equal(t, dead, requireLettered(t, ch, target, "m").Exchange)
}

// Bindings may ask for headers, for the publisher's and for those that tell of the death.
func TestQueue_DeadLettersAreRoutedByHeaders(t *testing.T) {
	rule(t, "queue")
	for name, args := range map[string]amqp091.Table{
		"the publisher's": {"x-match": "all", "h": "v"},
		"the broker's":    {"x-match": "all-with-x", "x-first-death-reason": "rejected"},
	} {
		t.Run(name, func(t *testing.T) {
			rule(t, "queue")
			ch := openChannel(t)
			dead, target := tempExchange(t, ch, "headers"), tempQueue(t, ch)
			exchangeBinding{source: dead, destination: target, args: args}.bindQueue(t, ch)
			source := queueSpec{args: amqp091.Table{"x-dead-letter-exchange": dead}}.mustDeclare(t, ch)
			publish(t, ch, "", source, "m", basicWithHeaders(amqp091.Table{"h": "v"}))
			rejected(t, ch, source)
			requireLettered(t, ch, target, "m")
		})
	}
}

// A dead message that has nowhere to go is not returned to its publisher, who asked for
// that when it was published.
func TestQueue_DeadLettersAreNotReturned(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	returns := ch.NotifyReturn(make(chan amqp091.Return, 1))
	source := queueSpec{args: deadAmong(amqp091.Table{"x-message-ttl": int32(0)}, "nowhere")}.mustDeclare(t, ch)
	basicMandatory(t, ch, "", source, amqp091.Publishing{})
	basicEmptyEventually(t, ch, source)
	basicRoundTrip(t, ch)
	require.Empty(t, returns)
}

func TestQueue_DeadLettersAreOnlyWhatDies(t *testing.T) {
	rule(t, "queue")
	for name, end := range map[string]func(*testing.T, *amqp091.Channel, string){
		"acknowledged": func(t *testing.T, ch *amqp091.Channel, queue string) {
			require.NoError(t, basicTake(t, ch, queue).Ack(basicSingle))
		},
		"automatically acknowledged": func(t *testing.T, ch *amqp091.Channel, queue string) {
			getBody(t, ch, queue)
		},
		"purged": func(t *testing.T, ch *amqp091.Channel, queue string) {
			n, err := ch.QueuePurge(queue, false)
			require.NoError(t, err)
			require.Equal(t, 1, n)
		},
		"deleted with the queue": func(t *testing.T, ch *amqp091.Channel, queue string) {
			n, err := queueDeletion{name: queue}.delete(ch)
			require.NoError(t, err)
			require.Equal(t, 1, n)
		},
	} {
		t.Run(name, func(t *testing.T) {
			rule(t, "queue")
			ch := openChannel(t)
			source, target := deadQueues(t, ch, nil)
			basicFill(t, ch, source, 1)
			end(t, ch, source)
			basicEmptyEventually(t, ch, target)
		})
	}
}

func TestQueue_DeadLettersAreNotWhatAQueueTakesWithIt(t *testing.T) {
	rule(t, "queue")
	t.Run("auto-delete", func(t *testing.T) {
		rule(t, "queue")
		c := dial(t)
		ch, other := channelOn(t, c), channelOn(t, c)
		target := tempQueue(t, ch)
		source := queueSpec{autoDelete: true, args: deadAmong(nil, target)}.mustDeclare(t, ch)
		basicQos(t, other, 1, basicPerConsumer)
		ds := basicConsumer{}.startOn(t, other, source)
		basicFillForConsumers(t, ch, source, 2)
		receive(t, ds)
		require.NoError(t, other.Close())
		queueMustNotExist(t, c, source)
		basicEmptyEventually(t, ch, target)
	})
	t.Run("exclusive", func(t *testing.T) {
		rule(t, "queue")
		c, ch := dial(t), openChannel(t)
		owner := channelOn(t, c)
		target := tempQueue(t, ch)
		source := queueSpec{exclusive: true, args: deadAmong(nil, target)}.mustDeclare(t, owner)
		basicFill(t, owner, source, 1)
		require.NoError(t, c.Close())
		basicEmptyEventually(t, ch, target)
	})
}

// Reason, queue and keys of a queue that nothing is sent to by name.
func TestQueue_DeadLettersGoFromQueueToQueue(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	third, last := deadQueues(t, ch, amqp091.Table{"x-max-length": int32(0)})
	second := queueSpec{args: deadAmong(amqp091.Table{"x-message-ttl": int32(1)}, third)}.mustDeclare(t, ch)
	first := queueSpec{args: deadAmong(nil, second)}.mustDeclare(t, ch)
	publish(t, ch, "", first, "m", expiring("50000"))
	rejected(t, ch, first)
	d := requireLettered(t, ch, last, "m")
	requireDeaths(t, d,
		death{count: 1, reason: "maxlen", queue: third, keys: []any{third}},
		death{count: 1, reason: "expired", queue: second, keys: []any{second}},
		death{count: 1, reason: "rejected", queue: first, keys: []any{first}, expiration: "50000"},
	)
	requireFirstAndLastDeath(t, d, death{reason: "rejected", queue: first}, death{reason: "maxlen", queue: third})
}

func TestQueue_DeadLettersOfATransaction(t *testing.T) {
	rule(t, "queue")
	ch, observer := txOpen(t)
	source, target := deadQueues(t, observer, nil)
	basicFill(t, observer, source, 2)
	ds := basicTakeAll(t, ch, source, 2)
	require.NoError(t, ds[0].Reject(basicDrop))
	require.NoError(t, ds[1].Ack(basicSingle))
	basicRoundTrip(t, ch)
	basicEmptyEventually(t, observer, target)
	require.NoError(t, ch.TxRollback())
	require.NoError(t, ds[1].Nack(basicMultiple, basicDrop))
	require.NoError(t, ch.TxCommit())
	require.Equal(t, []string{"0", "1"}, readyBodies(basicDrain(t, observer, target, 2)))
}

// The queue that dead messages go to may refuse them, or drop them in its turn.
func TestQueue_DeadLettersAreSubjectToTheLimitsOfTheirTarget(t *testing.T) {
	rule(t, "queue")
	for overflow, kept := range map[string]string{"reject-publish": "0", "drop-head": "2"} {
		t.Run(overflow, func(t *testing.T) {
			rule(t, "queue")
			ch := openChannel(t)
			target := queueSpec{args: amqp091.Table{"x-max-length": int32(1), "x-overflow": overflow}}.mustDeclare(t, ch)
			source := queueSpec{args: deadAmong(nil, target)}.mustDeclare(t, ch)
			basicFill(t, ch, source, 3)
			ds := basicTakeAll(t, ch, source, 3)
			require.NoError(t, ds[2].Nack(basicMultiple, basicDrop))
			barrier(t)
			require.Equal(t, []string{kept}, readyBodies(basicDrain(t, ch, target, 1)))
		})
	}
}

// A confirm is for the queues that the publisher's message went to.
func TestQueue_DeadLettersAreConfirmedWhenTheyArrive(t *testing.T) {
	rule(t, "queue")
	for name, args := range map[string]amqp091.Table{
		"expired at once": {"x-message-ttl": int32(0)},
		"no room":         {"x-max-length": int32(0)},
	} {
		t.Run(name, func(t *testing.T) {
			rule(t, "queue")
			ch := confirmOpen(t)
			target := tempQueue(t, ch)
			source := confirmDurableQueue(t, ch, deadAmong(args, target))
			require.True(t, confirmPublish(t, ch, "", source, amqp091.Publishing{DeliveryMode: amqp091.Persistent, Body: []byte("m")}))
			d := requireLettered(t, ch, target, "m")
			require.Equal(t, amqp091.Persistent, d.DeliveryMode, "a persistent message stays so")
		})
	}
}

// With x-dead-letter-strategy at-least-once a quorum queue keeps a message until all
// queues that it goes to have confirmed it.
func TestQueue_DeadLettersOfQuorumQueuesAtLeastOnce(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	dead := tempExchange(t, ch, "fanout")
	source := quorumQueue(t, ch, amqp091.Table{
		"x-dead-letter-exchange": dead, "x-overflow": "reject-publish", "x-dead-letter-strategy": "at-least-once",
	})
	targets := []string{quorumQueue(t, ch, nil), confirmDurableQueue(t, ch, nil)}
	for _, target := range targets {
		exchangeBinding{source: dead, destination: target}.bindQueue(t, ch)
	}
	publish(t, ch, "", source, "m", func(p *amqp091.Publishing) { p.DeliveryMode = amqp091.Persistent })
	rejected(t, ch, source)
	for _, target := range targets {
		requireDeaths(t, requireLettered(t, ch, target, "m"),
			death{count: 1, reason: "rejected", queue: source, keys: []any{source}})
	}
}
