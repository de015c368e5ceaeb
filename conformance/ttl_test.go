package conformance

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

// ttlShort is a time to live that is over soon, and ttlLong one that no test lives to
// see, in milliseconds.
const (
	ttlShort = 100
	ttlLong  = 600_000
)

// ttlQueue declares a queue with a time to live, in milliseconds.
func ttlQueue(t *testing.T, ch *amqp091.Channel, ms int64) string {
	t.Helper()
	return queueSpec{args: amqp091.Table{"x-message-ttl": ms}}.mustDeclare(t, ch)
}

// ttlAwaitEmpty waits until a queue counts no ready message.
func ttlAwaitEmpty(t *testing.T, ch *amqp091.Channel, queue string) {
	t.Helper()
	barrier(t)
	basicAwaitReady(t, ch, queue, 0)
	requireEmpty(t, ch, queue)
}

// The shorter one of the queue's and the message's time to live decides.
func TestQueue_TTLIsTheShorterOne(t *testing.T) {
	rule(t, "queue")
	const none = -1
	for _, row := range []struct {
		name           string
		queue, message int
		expires        bool
	}{
		{"none", none, none, false},
		{"of the queue", ttlShort, none, true},
		{"of the message", none, ttlShort, true},
		{"the queue's is shorter", ttlShort, ttlLong, true},
		{"the message's is shorter", ttlLong, ttlShort, true},
		{"both are long", ttlLong, ttlLong, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			rule(t, "queue")
			t.Parallel()
			ch := openChannel(t)
			args, message := amqp091.Table{}, ""
			if row.queue != none {
				args["x-message-ttl"] = int32(row.queue)
			}
			if row.message != none {
				message = strconv.Itoa(row.message)
			}
			q, target := deadQueues(t, ch, args)
			began := time.Now()
			publish(t, ch, "", q, "m", expiring(message))
			if row.expires {
				requireLettered(t, ch, target, "m")
				require.GreaterOrEqual(t, time.Since(began), ttlShort*time.Millisecond-ttlRounding)
				return
			}
			ttlPasses(t, ch, 2*ttlShort)
			require.Equal(t, "m", getBody(t, ch, q))
		})
	}
}

// ttlRounding is by how much a message may go too early, which brokers that count in
// whole milliseconds cannot tell.
const ttlRounding = 2 * time.Millisecond

// ttlPasses waits until a message that is published now has expired, which is as many
// milliseconds later.
func ttlPasses(t *testing.T, ch *amqp091.Channel, ms int64) {
	t.Helper()
	clock, target := deadQueues(t, ch, amqp091.Table{"x-message-ttl": ms})
	publish(t, ch, "", clock, "m")
	requireLettered(t, ch, target, "m")
}

// With a time of zero a message is for those who wait for it already.
func TestQueue_TTLOfZeroIsForConsumersThatAreReady(t *testing.T) {
	rule(t, "queue")
	for name, row := range map[string]struct {
		args       amqp091.Table
		expiration string
	}{
		"of the queue":   {args: amqp091.Table{"x-message-ttl": int32(0)}},
		"of the message": {expiration: "0"},
		"of both":        {args: amqp091.Table{"x-message-ttl": int32(0)}, expiration: "0"},
	} {
		t.Run(name, func(t *testing.T) {
			rule(t, "queue")
			c := dial(t)
			ch, consuming := channelOn(t, c), channelOn(t, c)
			q := queueSpec{args: row.args}.mustDeclare(t, ch)
			publish(t, ch, "", q, "too early", expiring(row.expiration))
			ttlAwaitEmpty(t, ch, q)
			const room = 3
			basicQos(t, consuming, room, basicPerConsumer)
			ds := basicConsumer{}.startOn(t, consuming, q)
			for i := range room {
				publish(t, ch, "", q, strconv.Itoa(i), expiring(row.expiration))
			}
			publish(t, ch, "", q, "no room", expiring(row.expiration))
			require.Equal(t, []string{"0", "1", "2"}, basicReceiveBodies(t, ds, room))
			ttlAwaitEmpty(t, ch, q)
			requireNoDelivery(t, ds)
		})
	}
}

// What comes back when its time is over is dropped.
func TestQueue_TTLGoesOnWhileAMessageIsOut(t *testing.T) {
	rule(t, "queue")
	for name, back := range map[string]func(*testing.T, *amqp091.Channel, amqp091.Delivery){
		"nack": func(t *testing.T, _ *amqp091.Channel, d amqp091.Delivery) {
			require.NoError(t, d.Nack(basicSingle, basicRequeue))
		},
		"reject": func(t *testing.T, _ *amqp091.Channel, d amqp091.Delivery) {
			require.NoError(t, d.Reject(basicRequeue))
		},
		"recover": func(t *testing.T, ch *amqp091.Channel, _ amqp091.Delivery) {
			require.NoError(t, basicRecover(ch))
		},
		"the end of the channel": func(t *testing.T, ch *amqp091.Channel, _ amqp091.Delivery) {
			require.NoError(t, ch.Close())
		},
	} {
		t.Run(name, func(t *testing.T) {
			rule(t, "queue")
			t.Parallel()
			c := dial(t)
			observer, ch := channelOn(t, c), channelOn(t, c)
			q, target := deadQueues(t, observer, nil)
			ds := basicConsumer{}.startOn(t, ch, q)
			publish(t, observer, "", q, "m", expiring(strconv.Itoa(ttlShort)))
			d := receive(t, ds)
			ttlPasses(t, observer, 2*ttlShort)
			basicEmptyEventually(t, observer, target)
			back(t, ch, d)
			requireDeaths(t, requireLettered(t, observer, target, "m"),
				death{count: 1, reason: "expired", queue: q, keys: []any{q}, expiration: strconv.Itoa(ttlShort)})
			requireEmpty(t, observer, q)
		})
	}
}

// However often a message comes back, it has its time once.
func TestQueue_TTLDoesNotBeginAnewWhenAMessageComesBack(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	q, target := deadQueues(t, ch, amqp091.Table{"x-message-ttl": int32(5 * ttlShort)})
	publish(t, ch, "", q, "m")
	eventually(t, "the message expires", func() bool {
		if d, ok, err := ch.Get(q, false); err == nil && ok {
			require.NoError(t, d.Nack(basicSingle, basicRequeue))
		}
		return readyCount(t, ch, target) == 1
	})
	requireLettered(t, ch, target, "m")
}

// A message that is out does not expire: it can be acknowledged, and is no dead letter.
func TestQueue_TTLDoesNotEndWhatIsOut(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	q, target := deadQueues(t, ch, amqp091.Table{"x-message-ttl": int32(ttlShort)})
	ds := basicConsumer{}.startOn(t, ch, q)
	publish(t, ch, "", q, "m")
	d := receive(t, ds)
	ttlPasses(t, ch, 2*ttlShort)
	require.NoError(t, d.Ack(basicSingle))
	basicRoundTrip(t, ch)
	basicEmptyEventually(t, ch, target)
	requireEmpty(t, ch, q)
}

// Messages expire at the head. One behind a message that lives longer stays, is counted,
// and goes when it comes to the head.
func TestQueue_TTLEndsAtTheHead(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	q, target := deadQueues(t, ch, nil)
	publish(t, ch, "", q, "long")
	publish(t, ch, "", q, "short", expiring("1"))
	publish(t, ch, "", q, "last")
	basicAwaitReady(t, ch, q, 3)
	ttlPasses(t, ch, ttlShort)
	require.Equal(t, 3, readyCount(t, ch, q))
	basicEmptyEventually(t, ch, target)
	d := basicTake(t, ch, q)
	require.Equal(t, "long", string(d.Body))
	require.NoError(t, d.Ack(basicSingle))
	require.Equal(t, "last", getBody(t, ch, q))
	requireLettered(t, ch, target, "short")
	requireEmpty(t, ch, q)
}

// A consumer that comes late is not given what has expired behind the head.
func TestQueue_TTLKeepsExpiredMessagesFromConsumers(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	q := tempQueue(t, ch)
	publish(t, ch, "", q, "0")
	for range 3 {
		publish(t, ch, "", q, "short", expiring("1"))
	}
	publish(t, ch, "", q, "1")
	basicAwaitReady(t, ch, q, 5)
	ttlPasses(t, ch, ttlShort)
	ds := basicConsumer{noAck: true}.startOn(t, ch, q)
	require.Equal(t, []string{"0", "1"}, basicReceiveBodies(t, ds, 2))
	requireNoDelivery(t, ds)
}

// What has expired behind the head is purged, and counted, as if it had not.
func TestQueue_TTLCountsWhatHasNotGone(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	q, target := deadQueues(t, ch, nil)
	publish(t, ch, "", q, "long")
	publish(t, ch, "", q, "short", expiring("1"))
	basicAwaitReady(t, ch, q, 2)
	ttlPasses(t, ch, ttlShort)
	n, err := ch.QueuePurge(q, false)
	require.NoError(t, err)
	require.Equal(t, 2, n)
	basicEmptyEventually(t, ch, target)
}

// The expiration stays with a message that is delivered.
func TestQueue_TTLLeavesTheExpiration(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	q := ttlQueue(t, ch, ttlLong)
	publish(t, ch, "", q, "m", expiring("600001"))
	require.Equal(t, "600001", basicGetOne(t, ch, q).Expiration)
}

// The time of a dead-lettered message begins anew where it goes, and its expiration does
// not go with it.
func TestQueue_TTLBeginsAnewInTheNextQueue(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	last := tempQueue(t, ch)
	target := queueSpec{args: deadAmong(amqp091.Table{"x-message-ttl": int32(2 * ttlShort)}, last)}.mustDeclare(t, ch)
	source := queueSpec{args: deadAmong(nil, target)}.mustDeclare(t, ch)
	began := time.Now()
	publish(t, ch, "", source, "m", expiring(strconv.Itoa(ttlShort)))
	d := requireLettered(t, ch, last, "m")
	require.GreaterOrEqual(t, time.Since(began), 3*ttlShort*time.Millisecond-2*ttlRounding)
	requireDeaths(t, d,
		death{count: 1, reason: "expired", queue: target, keys: []any{target}},
		death{count: 1, reason: "expired", queue: source, keys: []any{source}, expiration: strconv.Itoa(ttlShort)},
	)
}

// Persistent messages of durable queues expire as others do.
func TestQueue_TTLOfPersistentMessages(t *testing.T) {
	rule(t, "queue")
	ch := confirmOpen(t)
	target := confirmDurableQueue(t, ch, nil)
	q := confirmDurableQueue(t, ch, deadAmong(amqp091.Table{"x-message-ttl": int32(ttlShort)}, target))
	for i := range 3 {
		p := amqp091.Publishing{DeliveryMode: amqp091.Persistent, Body: []byte(strconv.Itoa(i))}
		require.True(t, confirmPublish(t, ch, "", q, p))
	}
	require.Equal(t, []string{"0", "1", "2"}, readyBodies(basicDrain(t, ch, target, 3)))
	requireEmpty(t, ch, q)
}

// However long a message takes through the broker, who waits for it gets it.
func TestQueue_TTLOfZeroIsForAllThatConsumersTake(t *testing.T) {
	rule(t, "queue")
	c := dial(t)
	ch, consuming := channelOn(t, c), channelOn(t, c)
	q := ttlQueue(t, ch, 0)
	ds := basicConsumer{noAck: true}.startOn(t, consuming, q)
	body := strings.Repeat("x", 200_000)
	const rounds = 200
	for range rounds {
		publish(t, ch, "", q, body)
		receive(t, ds)
	}
}

// In a transaction the time begins with the commit.
func TestQueue_TTLOfATransaction(t *testing.T) {
	rule(t, "queue")
	t.Run("for nobody", func(t *testing.T) {
		rule(t, "queue")
		ch, observer := txOpen(t)
		q, target := deadQueues(t, observer, nil)
		publish(t, ch, "", q, "m", expiring(strconv.Itoa(ttlShort)))
		ttlPasses(t, observer, 2*ttlShort)
		began := time.Now()
		require.NoError(t, ch.TxCommit())
		requireLettered(t, observer, target, "m")
		require.GreaterOrEqual(t, time.Since(began), ttlShort*time.Millisecond-ttlRounding)
	})
	t.Run("for a consumer", func(t *testing.T) {
		rule(t, "queue")
		ch, observer := txOpen(t)
		q := ttlQueue(t, observer, 0)
		ds := basicConsumer{noAck: true}.startOn(t, observer, q)
		publish(t, ch, "", q, "m")
		ttlPasses(t, channelOn(t, dial(t)), ttlShort)
		require.NoError(t, ch.TxCommit())
		require.Equal(t, "m", string(receive(t, ds).Body))
	})
}

// Messages of low priority wait behind those of higher priority, expired or not.
func TestQueue_TTLEndsAtTheHeadOfAllPriorities(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	target := tempQueue(t, ch)
	q := priorityQueue(t, ch, 5, deadAmong(nil, target))
	publish(t, ch, "", q, "high", ofPriority(5))
	publish(t, ch, "", q, "low", ofPriority(1), expiring("1"))
	basicAwaitReady(t, ch, q, 2)
	ttlPasses(t, ch, ttlShort)
	require.Equal(t, 2, readyCount(t, ch, q))
	require.Equal(t, "high", getBody(t, ch, q))
	requireLettered(t, ch, target, "low")
	requireEmpty(t, ch, q)
}
