package conformance

import (
	"strconv"
	"strings"
	"testing"

	"github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

// limitedQueue declares a queue of limited length.
func limitedQueue(t *testing.T, ch *amqp091.Channel, args amqp091.Table) string {
	t.Helper()
	return queueSpec{args: args}.mustDeclare(t, ch)
}

func limitLength(n int32) amqp091.Table { return amqp091.Table{"x-max-length": n} }

// limitRefusing are arguments of a queue that refuses what is too much.
func limitRefusing(n int32) amqp091.Table {
	return amqp091.Table{"x-max-length": n, "x-overflow": "reject-publish"}
}

// limitPublish publishes to a queue one after the other and tells which messages were
// confirmed.
func limitPublish(t *testing.T, ch *amqp091.Channel, queue string, bodies ...string) (accepted []string) {
	t.Helper()
	for _, body := range bodies {
		if confirmPublish(t, ch, "", queue, amqp091.Publishing{Body: []byte(body)}) {
			accepted = append(accepted, body)
		}
	}
	return accepted
}

func TestQueue_LimitDropsTheOldest(t *testing.T) {
	rule(t, "queue")
	for _, row := range []struct {
		name   string
		args   amqp091.Table
		bodies []string
		kept   []string
	}{
		{"by number", limitLength(2), []string{"0", "1", "2", "3"}, []string{"2", "3"}},
		{"by number, and it fits", limitLength(4), []string{"0", "1", "2", "3"}, []string{"0", "1", "2", "3"}},
		{"none", limitLength(0), []string{"0", "1"}, nil},
		{"by octets", amqp091.Table{"x-max-length-bytes": int32(5)}, []string{"aaa", "bb", "c", "dd"}, []string{"bb", "c", "dd"}},
		{"by octets, a large one", amqp091.Table{"x-max-length-bytes": int32(5)}, []string{"a", "b", "ccccc"}, []string{"ccccc"}},
		{"by octets, too large itself", amqp091.Table{"x-max-length-bytes": int32(5)}, []string{"a", "b", "cccccc"}, nil},
		{"no octets", amqp091.Table{"x-max-length-bytes": int32(0)}, []string{"a", "", ""}, []string{"", ""}},
		{
			"by both, number first", amqp091.Table{"x-max-length": int32(2), "x-max-length-bytes": int32(100)},
			[]string{"aaa", "b", "c"}, []string{"b", "c"},
		},
		{
			"by both, octets first", amqp091.Table{"x-max-length": int32(3), "x-max-length-bytes": int32(4)},
			[]string{"aaa", "b", "c"}, []string{"b", "c"},
		},
		{
			"drop-head by name", amqp091.Table{"x-max-length": int32(1), "x-overflow": "drop-head"},
			[]string{"0", "1"}, []string{"1"},
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			rule(t, "queue")
			ch := confirmOpen(t)
			q := limitedQueue(t, ch, row.args)
			require.Equal(t, row.bodies, limitPublish(t, ch, q, row.bodies...), "all are confirmed")
			require.Equal(t, row.kept, readyBodies(basicDrain(t, ch, q, len(row.kept))))
		})
	}
}

// Only bodies count: neither properties nor headers.
func TestQueue_LimitOfOctetsIsThatOfBodies(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	q := limitedQueue(t, ch, amqp091.Table{"x-max-length-bytes": int32(2)})
	headers := basicWithHeaders(amqp091.Table{"large": strings.Repeat("v", 1000)})
	publish(t, ch, "", q, "0", headers)
	publish(t, ch, "", q, "1", headers)
	require.Equal(t, []string{"0", "1"}, readyBodies(basicDrain(t, ch, q, 2)))
}

// What consumers hold does not count.
func TestQueue_LimitIsForReadyMessages(t *testing.T) {
	rule(t, "queue")
	for name, args := range map[string]amqp091.Table{
		"drop-head":      limitLength(2),
		"reject-publish": limitRefusing(2),
		"octets":         {"x-max-length-bytes": int32(2)},
	} {
		t.Run(name, func(t *testing.T) {
			rule(t, "queue")
			ch := confirmOpen(t)
			q := limitedQueue(t, ch, args)
			require.Len(t, limitPublish(t, ch, q, "0", "1"), 2)
			held := basicTakeAll(t, ch, q, 2)
			require.Equal(t, []string{"2", "3"}, limitPublish(t, ch, q, "2", "3"))
			require.Equal(t, 2, readyCount(t, ch, q))
			require.NoError(t, held[1].Ack(basicMultiple))
			require.Equal(t, []string{"2", "3"}, readyBodies(basicDrain(t, ch, q, 2)))
		})
	}
}

// What comes back is the oldest. A queue that refuses lets it in, too many or not.
func TestQueue_LimitHoldsForWhatComesBack(t *testing.T) {
	rule(t, "queue")
	for name, row := range map[string]struct {
		args amqp091.Table
		kept []string
	}{
		"drop-head":      {limitLength(2), []string{"2", "3"}},
		"reject-publish": {limitRefusing(2), []string{"0", "1", "2", "3"}},
	} {
		t.Run(name, func(t *testing.T) {
			rule(t, "queue")
			ch := confirmOpen(t)
			target := tempQueue(t, ch)
			q := limitedQueue(t, ch, deadAmong(row.args, target))
			limitPublish(t, ch, q, "0", "1")
			held := basicTakeAll(t, ch, q, 2)
			limitPublish(t, ch, q, "2", "3")
			require.NoError(t, held[1].Nack(basicMultiple, basicRequeue))
			require.Equal(t, row.kept, readyBodies(basicDrain(t, ch, q, len(row.kept))))
			basicAwaitReady(t, ch, target, 4-len(row.kept))
		})
	}
}

// What a consumer takes at once was never too much.
func TestQueue_LimitOfZeroIsForConsumersThatAreReady(t *testing.T) {
	rule(t, "queue")
	c := dial(t)
	ch, consuming := channelOn(t, c), channelOn(t, c)
	q := limitedQueue(t, ch, limitLength(0))
	basicQos(t, consuming, 2, basicPerConsumer)
	ds := basicConsumer{}.startOn(t, consuming, q)
	for i := range 3 {
		publish(t, ch, "", q, strconv.Itoa(i))
	}
	require.Equal(t, []string{"0", "1"}, basicReceiveBodies(t, ds, 2))
	basicEmptyEventually(t, ch, q)
	requireNoDelivery(t, ds)
}

func TestQueue_LimitRefuses(t *testing.T) {
	rule(t, "queue")
	octets := func(n int32) amqp091.Table {
		return amqp091.Table{"x-max-length-bytes": n, "x-overflow": "reject-publish"}
	}
	for _, row := range []struct {
		name   string
		args   amqp091.Table
		bodies []string
		kept   []string
	}{
		{"by number", limitRefusing(2), []string{"0", "1", "2", "3"}, []string{"0", "1"}},
		{"all", limitRefusing(0), []string{"0", "1"}, nil},
		{"by octets", octets(5), []string{"aaa", "bbb", "cc", "d"}, []string{"aaa", "cc"}},
		{"by octets, the first one", octets(5), []string{"aaaaaa", "bbbbb"}, []string{"bbbbb"}},
		{"by octets, but the empty ones", octets(0), []string{"a", "", ""}, []string{"", ""}},
		{
			"by both", amqp091.Table{"x-max-length": int32(2), "x-max-length-bytes": int32(4), "x-overflow": "reject-publish"},
			[]string{"aaaa", "b", "", ""}, []string{"aaaa", ""},
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			rule(t, "queue")
			ch := confirmOpen(t)
			target := tempQueue(t, ch)
			q := limitedQueue(t, ch, deadAmong(row.args, target))
			require.Equal(t, row.kept, limitPublish(t, ch, q, row.bodies...))
			require.Equal(t, row.kept, readyBodies(basicDrain(t, ch, q, len(row.kept))))
			basicEmptyEventually(t, ch, target)
		})
	}
}

// Without confirms nobody is told.
func TestQueue_LimitRefusesSilentlyWithoutConfirms(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	returns := ch.NotifyReturn(make(chan amqp091.Return, 3))
	q := limitedQueue(t, ch, limitRefusing(1))
	for i := range 3 {
		basicMandatory(t, ch, "", q, amqp091.Publishing{Body: []byte(strconv.Itoa(i))})
	}
	require.Equal(t, []string{"0"}, readyBodies(basicDrain(t, ch, q, 1)))
	require.Empty(t, returns)
}

// A queue that was full takes messages again as soon as there is room.
func TestQueue_LimitRefusesOnlyWhileTheQueueIsFull(t *testing.T) {
	rule(t, "queue")
	ch := confirmOpen(t)
	q := limitedQueue(t, ch, limitRefusing(1))
	for i := range 3 {
		body := strconv.Itoa(i)
		require.Equal(t, []string{body}, limitPublish(t, ch, q, body, "too much"))
		require.Equal(t, body, getBody(t, ch, q))
	}
}

// Whether there is room is asked before a consumer could take the message.
func TestQueue_LimitOfZeroRefusesInSpiteOfConsumers(t *testing.T) {
	rule(t, "queue")
	c := dial(t)
	ch := channelOn(t, c)
	require.NoError(t, ch.Confirm(false))
	q := limitedQueue(t, ch, limitRefusing(0))
	ds := basicConsumer{noAck: true}.startOn(t, channelOn(t, c), q)
	require.Empty(t, limitPublish(t, ch, q, "m"))
	requireNoDelivery(t, ds)
}

func TestQueue_LimitRefusesNothingThatAConsumerTakes(t *testing.T) {
	rule(t, "queue")
	c := dial(t)
	ch := channelOn(t, c)
	require.NoError(t, ch.Confirm(false))
	q := limitedQueue(t, ch, limitRefusing(1))
	ds := basicConsumer{}.startOn(t, channelOn(t, c), q)
	const n = 20
	for i := range n {
		body := strconv.Itoa(i)
		require.Len(t, limitPublish(t, ch, q, body), 1)
		require.Equal(t, body, string(receive(t, ds).Body))
	}
}

// What is refused, and is to be dead-lettered, is both.
func TestQueue_LimitRefusesAndDeadLetters(t *testing.T) {
	rule(t, "queue")
	args := amqp091.Table{"x-max-length": int32(1), "x-overflow": "reject-publish-dlx"}
	t.Run("with a dead-letter exchange", func(t *testing.T) {
		rule(t, "queue")
		ch := confirmOpen(t)
		q, target := deadQueues(t, ch, args)
		require.Equal(t, []string{"0"}, limitPublish(t, ch, q, "0", "1", "2"))
		require.Equal(t, []string{"1", "2"}, readyBodies(basicDrain(t, ch, target, 2)))
		require.Equal(t, []string{"0"}, readyBodies(basicDrain(t, ch, q, 1)))
	})
	t.Run("without", func(t *testing.T) {
		rule(t, "queue")
		ch := confirmOpen(t)
		q := limitedQueue(t, ch, args)
		require.Equal(t, []string{"0"}, limitPublish(t, ch, q, "0", "1", "2"))
		require.Equal(t, []string{"0"}, readyBodies(basicDrain(t, ch, q, 1)))
	})
	t.Run("of persistent messages", func(t *testing.T) {
		rule(t, "queue")
		ch := confirmOpen(t)
		target := confirmDurableQueue(t, ch, nil)
		q := confirmDurableQueue(t, ch, deadAmong(args, target))
		for i := range 2 {
			p := amqp091.Publishing{DeliveryMode: amqp091.Persistent, Body: []byte(strconv.Itoa(i))}
			require.Equal(t, i == 0, confirmPublish(t, ch, "", q, p))
		}
		require.Equal(t, "1", string(requireLettered(t, ch, target, "1").Body))
	})
	t.Run("and other queues keep theirs", func(t *testing.T) {
		rule(t, "queue")
		ch := confirmOpen(t)
		x := tempExchange(t, ch, "fanout")
		q, target := deadQueues(t, ch, args)
		taking := tempQueue(t, ch)
		for _, queue := range []string{q, taking} {
			exchangeBinding{source: x, destination: queue}.bindQueue(t, ch)
		}
		require.True(t, confirmPublish(t, ch, x, "k", amqp091.Publishing{Body: []byte("0")}))
		require.False(t, confirmPublish(t, ch, x, "k", amqp091.Publishing{Body: []byte("1")}))
		require.Equal(t, []string{"0", "1"}, readyBodies(basicDrain(t, ch, taking, 2)))
		d := requireLettered(t, ch, target, "1")
		requireDeaths(t, d, death{count: 1, reason: "maxlen", queue: q, exchange: x, keys: []any{"k"}})
	})
}

// A message that expires makes room, and one that has expired behind the head does not.
func TestQueue_LimitCountsWhatHasNotGone(t *testing.T) {
	rule(t, "queue")
	ch := confirmOpen(t)
	q := limitedQueue(t, ch, limitRefusing(2))
	publish(t, ch, "", q, "long")
	publish(t, ch, "", q, "short", expiring("1"))
	basicAwaitReady(t, ch, q, 2)
	ttlPasses(t, ch, ttlShort)
	require.Empty(t, limitPublish(t, ch, q, "too much"))
	require.Equal(t, "long", getBody(t, ch, q))
	basicAwaitReady(t, ch, q, 0)
	require.Len(t, limitPublish(t, ch, q, "m"), 1)
}

// Many messages at once, which a broker may handle as one piece of work.
func TestQueue_LimitHoldsForMany(t *testing.T) {
	rule(t, "queue")
	const n, limit = 3000, 10
	var last []string
	for i := n - limit; i < n; i++ {
		last = append(last, strconv.Itoa(i))
	}
	for name, durable := range map[string]bool{"transient": false, "durable": true} {
		t.Run(name, func(t *testing.T) {
			rule(t, "queue")
			ch := confirmOpen(t)
			target := tempQueue(t, ch)
			q := queueSpec{durable: durable, args: deadAmong(limitLength(limit), target)}.mustDeclare(t, ch)
			var all []*amqp091.DeferredConfirmation
			for i := range n {
				p := amqp091.Publishing{DeliveryMode: amqp091.Persistent, Body: []byte(strconv.Itoa(i))}
				all = append(all, confirmSend(t, ch, "", q, p))
			}
			for _, c := range all {
				require.True(t, confirmWait(t, c))
			}
			require.Equal(t, last, readyBodies(basicDrain(t, ch, q, limit)))
			basicAwaitReady(t, ch, target, n-limit)
		})
	}
}

// The publishes of a transaction go into the queue one by one.
func TestQueue_LimitHoldsInATransaction(t *testing.T) {
	rule(t, "queue")
	ch, observer := txOpen(t)
	q, target := deadQueues(t, observer, limitLength(1))
	for i := range 3 {
		publish(t, ch, "", q, strconv.Itoa(i))
	}
	require.NoError(t, ch.TxCommit())
	require.Equal(t, []string{"0", "1"}, readyBodies(basicDrain(t, observer, target, 2)))
	require.Equal(t, []string{"2"}, readyBodies(basicDrain(t, observer, q, 1)))
}

// A queue that refuses does not look at the priority of what comes.
func TestQueue_LimitRefusesAnyPriority(t *testing.T) {
	rule(t, "queue")
	ch := confirmOpen(t)
	q := priorityQueue(t, ch, 5, limitRefusing(2))
	for _, p := range []uint8{1, 5, 3} {
		confirmPublish(t, ch, "", q, amqp091.Publishing{Priority: p, Body: []byte{'0' + p}})
	}
	require.Equal(t, []string{"5", "1"}, readyBodies(basicDrain(t, ch, q, 2)))
}
