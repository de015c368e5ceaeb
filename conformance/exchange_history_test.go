package conformance

import (
	"strconv"
	"testing"

	"github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

// exchangeWithHistory keeps so many messages for queues that are bound later.
func exchangeWithHistory(t *testing.T, ch *amqp091.Channel, length any) string {
	t.Helper()
	return exchangeSpec{kind: "x-recent-history", args: amqp091.Table{"x-recent-history-length": length}}.mustDeclare(t, ch)
}

func publishNumbers(t *testing.T, ch *amqp091.Channel, exchange string, n int) {
	t.Helper()
	for i := range n {
		publish(t, ch, exchange, "key-"+strconv.Itoa(i), strconv.Itoa(i))
	}
}

// allBodies takes all ready messages of a queue.
func allBodies(t *testing.T, ch *amqp091.Channel, queue string) (bodies []string) {
	t.Helper()
	for {
		d, ok, err := ch.Get(queue, true)
		require.NoError(t, err)
		if !ok {
			return bodies
		}
		bodies = append(bodies, string(d.Body))
	}
}

func TestExchange_HistoryGoesToQueuesThatAreBoundLater(t *testing.T) {
	rule(t, "exchange")
	ch := openChannel(t)
	x := exchangeWithHistory(t, ch, int32(3))
	early, late := tempQueue(t, ch), tempQueue(t, ch)
	exchangeBinding{source: x, destination: early, key: "ignored"}.bindQueue(t, ch)
	publishNumbers(t, ch, x, 5)
	require.Equal(t, []string{"0", "1", "2", "3", "4"}, allBodies(t, ch, early))
	b := exchangeBinding{source: x, destination: late}
	b.bindQueue(t, ch)
	require.Equal(t, []string{"2", "3", "4"}, allBodies(t, ch, late))
	b.bindQueue(t, ch)
	require.Empty(t, allBodies(t, ch, late), "the same binding once more")
	b.unbindQueue(t, ch)
	b.bindQueue(t, ch)
	require.Equal(t, []string{"2", "3", "4"}, allBodies(t, ch, late), "bound anew")
	b.key = "other"
	b.bindQueue(t, ch)
	require.Equal(t, []string{"2", "3", "4"}, allBodies(t, ch, late), "another binding")
}

func TestExchange_HistoryIsTwentyMessagesByDefault(t *testing.T) {
	rule(t, "exchange")
	ch := openChannel(t)
	x, q := tempExchange(t, ch, "x-recent-history"), tempQueue(t, ch)
	publishNumbers(t, ch, x, 25)
	exchangeBinding{source: x, destination: q}.bindQueue(t, ch)
	bodies := allBodies(t, ch, q)
	require.Len(t, bodies, 20)
	require.Equal(t, "5", bodies[0])
}

func TestExchange_HistoryKeepsMessagesAsTheyWere(t *testing.T) {
	rule(t, "exchange")
	ch := openChannel(t)
	x, q := exchangeWithHistory(t, ch, int64(5)), tempQueue(t, ch)
	publish(t, ch, x, "some.key", "body", func(p *amqp091.Publishing) {
		p.MessageId, p.DeliveryMode, p.Headers = "id", amqp091.Persistent, amqp091.Table{"k": "v"}
	})
	exchangeBinding{source: x, destination: q}.bindQueue(t, ch)
	d := queueGetUnacked(t, ch, q)
	require.Equal(t, []string{x, "some.key", "body", "id"}, []string{d.Exchange, d.RoutingKey, string(d.Body), d.MessageId})
	require.Equal(t, amqp091.Persistent, d.DeliveryMode)
	require.Equal(t, amqp091.Table{"k": "v"}, d.Headers)
	require.False(t, d.Redelivered)
}

func TestExchange_HistoryLeavesOutWhatIsNotToBeStored(t *testing.T) {
	rule(t, "exchange")
	ch := openChannel(t)
	x, early, late := exchangeWithHistory(t, ch, int32(10)), tempQueue(t, ch), tempQueue(t, ch)
	exchangeBinding{source: x, destination: early}.bindQueue(t, ch)
	for body, value := range map[string]any{"true": true, "false": false, "text": "true", "number": int32(1)} {
		publish(t, ch, x, "k", body, exchangeHeaders(amqp091.Table{"x-recent-history-no-store": value}))
	}
	exchangeBinding{source: x, destination: late}.bindQueue(t, ch)
	require.Len(t, allBodies(t, ch, early), 4)
	require.ElementsMatch(t, []string{"false", "text", "number"}, allBodies(t, ch, late))
}

func TestExchange_HistoryGoesThroughExchangesThatAreBoundLater(t *testing.T) {
	rule(t, "exchange")
	ch := openChannel(t)
	x, byKey, q := exchangeWithHistory(t, ch, int32(10)), tempExchange(t, ch, "topic"), tempQueue(t, ch)
	exchangeBinding{source: byKey, destination: q, key: "#"}.bindQueue(t, ch)
	publishNumbers(t, ch, x, 3)
	exchangeBinding{source: x, destination: byKey}.bindExchange(t, ch)
	// RabbitMQ sends them through exchanges in reverse.
	require.ElementsMatch(t, []string{"0", "1", "2"}, allBodies(t, ch, q))
}

func TestExchange_HistoryHasWhatComesThroughExchanges(t *testing.T) {
	rule(t, "exchange")
	ch := openChannel(t)
	first, x, q := tempExchange(t, ch, "fanout"), exchangeWithHistory(t, ch, int32(10)), tempQueue(t, ch)
	exchangeBinding{source: first, destination: x}.bindExchange(t, ch)
	publishNumbers(t, ch, first, 2)
	exchangeBinding{source: x, destination: q}.bindQueue(t, ch)
	require.Equal(t, []string{"0", "1"}, allBodies(t, ch, q))
}

func TestExchange_HistoryLengthMustBePositive(t *testing.T) {
	rule(t, "exchange")
	c := dial(t)
	for printed, value := range map[string]any{
		"0": int32(0), "-1": int64(-1), `<<"5">>`: "5", "5.0": 5.0, "true": true, "7": uint32(7),
	} {
		t.Run(printed, func(t *testing.T) {
			rule(t, "exchange")
			ch := channelOn(t, c)
			x := exchangeSpec{name: uniqueName(t, "x"), kind: "x-recent-history", args: amqp091.Table{"x-recent-history-length": value}}
			requireChannelError(t, ch, func() error { return x.declare(ch) }, amqp091.PreconditionFailed,
				"PRECONDITION_FAILED - Invalid argument "+printed+", 'x-recent-history-length' must be a positive integer")
		})
	}
}
