package conformance

import (
	"fmt"
	"testing"

	"github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

// quorumQueue declares a quorum queue with more arguments.
func quorumQueue(t *testing.T, ch *amqp091.Channel, more amqp091.Table) string {
	t.Helper()
	args := queueQuorumArgs()
	for name, value := range more {
		args[name] = value
	}
	return queueSpec{durable: true, args: args}.mustDeclare(t, ch)
}

// quorumReturns are the ways in which a delivery that is the only one of its channel
// comes back. Since 4.3 RabbitMQ does not count a nack any more; Leveret keeps to
// what the versions before do.
func quorumReturns() map[string]func(ch *amqp091.Channel, d amqp091.Delivery) error {
	return map[string]func(ch *amqp091.Channel, d amqp091.Delivery) error{
		"nack":          func(_ *amqp091.Channel, d amqp091.Delivery) error { return d.Nack(basicSingle, basicRequeue) },
		"reject":        func(_ *amqp091.Channel, d amqp091.Delivery) error { return d.Reject(basicRequeue) },
		"recover":       func(ch *amqp091.Channel, _ amqp091.Delivery) error { return basicRecover(ch) },
		"channel close": func(ch *amqp091.Channel, _ amqp091.Delivery) error { return ch.Close() },
	}
}

// quorumTake gets the only message of a queue, once it is back.
func quorumTake(t *testing.T, ch *amqp091.Channel, q string) (d amqp091.Delivery) {
	t.Helper()
	eventually(t, "the message is back", func() bool {
		var ok bool
		var err error
		d, ok, err = ch.Get(q, false)
		require.NoError(t, err)
		return ok
	})
	return d
}

func TestQueue_QuorumCountsReturnsInAHeader(t *testing.T) {
	rule(t, "queue")
	c := dial(t)
	for name, giveBack := range quorumReturns() {
		t.Run("get, "+name, func(t *testing.T) {
			rule(t, "queue")
			q := quorumQueue(t, channelOn(t, c), nil)
			publish(t, channelOn(t, c), "", q, "m", exchangeHeaders(amqp091.Table{"own": "header"}))
			for i := range 3 {
				ch := channelOn(t, c)
				d := quorumTake(t, ch, q)
				quorumRequireCount(t, d, i, amqp091.Table{"own": "header"})
				require.Equal(t, i > 0, d.Redelivered)
				require.NoError(t, giveBack(ch, d))
			}
		})
		t.Run("deliver, "+name, func(t *testing.T) {
			rule(t, "queue")
			q := quorumQueue(t, channelOn(t, c), nil)
			publish(t, channelOn(t, c), "", q, "m")
			for i := range 3 {
				ch := channelOn(t, c)
				d := receive(t, basicConsumer{tag: "tag"}.startOn(t, ch, q))
				quorumRequireCount(t, d, i, nil)
				require.Equal(t, i > 0, d.Redelivered)
				require.NoError(t, ch.Cancel("tag", false))
				require.NoError(t, giveBack(ch, d))
			}
		})
	}
}

// quorumRequireCount requires the headers of a message that has come back so many
// times. Up to 3.12 most first deliveries have a count of zero.
func quorumRequireCount(t *testing.T, d amqp091.Delivery, returns int, own amqp091.Table) {
	t.Helper()
	want := amqp091.Table{}
	for name, value := range own {
		want[name] = value
	}
	if returns > 0 {
		want["x-delivery-count"] = int64(returns)
	}
	got := amqp091.Table{}
	for name, value := range d.Headers {
		got[name] = value
	}
	if suite.broker.kind == rabbit3 && got["x-delivery-count"] == int64(0) {
		delete(got, "x-delivery-count")
	}
	require.Equal(t, want, got)
}

func TestQueue_QuorumDropsWhatComesBackTooOften(t *testing.T) {
	rule(t, "queue")
	c := dial(t)
	for name, giveBack := range quorumReturns() {
		for _, limit := range []int{0, 1, 2} {
			t.Run(fmt.Sprintf("%s, limit %d", name, limit), func(t *testing.T) {
				rule(t, "queue")
				observer := channelOn(t, c)
				q := quorumQueue(t, observer, amqp091.Table{"x-delivery-limit": int32(limit)})
				publish(t, observer, "", q, "m")
				for range limit + 1 {
					ch := channelOn(t, c)
					require.NoError(t, giveBack(ch, quorumTake(t, ch, q)))
				}
				basicEmptyEventually(t, observer, q)
			})
		}
	}
}

func TestQueue_QuorumDeliveryLimitIsTwenty(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	q := quorumQueue(t, ch, nil)
	publish(t, ch, "", q, "m")
	for range 21 {
		require.NoError(t, quorumTake(t, ch, q).Reject(basicRequeue)) // counts in all versions
	}
	basicEmptyEventually(t, ch, q)
}

func TestQueue_QuorumDeliveryLimitBelowZeroIsNone(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	q := quorumQueue(t, ch, amqp091.Table{"x-delivery-limit": int32(-1)})
	publish(t, ch, "", q, "m")
	for range 30 {
		require.NoError(t, quorumTake(t, ch, q).Reject(basicRequeue)) // counts in all versions
	}
	require.Equal(t, int64(30), quorumTake(t, ch, q).Headers["x-delivery-count"])
}

func TestQueue_QuorumDeadLettersWhatComesBackTooOften(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	target := tempQueue(t, ch)
	q := quorumQueue(t, ch, amqp091.Table{
		"x-delivery-limit": int32(1), "x-dead-letter-exchange": "", "x-dead-letter-routing-key": target,
	})
	publish(t, ch, "", q, "m")
	for range 2 {
		require.NoError(t, quorumTake(t, ch, q).Reject(basicRequeue)) // counts in all versions
	}
	d := quorumTake(t, ch, target)
	require.Equal(t, "m", string(d.Body))
	require.Equal(t, "delivery_limit", d.Headers["x-first-death-reason"])
	deaths, ok := d.Headers["x-death"].([]any)
	require.True(t, ok, "x-death is %v", d.Headers["x-death"])
	require.Len(t, deaths, 1)
	death, ok := deaths[0].(amqp091.Table)
	require.True(t, ok)
	require.Equal(t, "delivery_limit", death["reason"])
	require.Equal(t, q, death["queue"])
	require.Equal(t, int64(1), death["count"])
}

// quorumLimited are the arguments of a queue with a delivery limit that is not
// reached. Up to 3.13 messages come back to the tail of a queue that has none.
func quorumLimited() amqp091.Table { return amqp091.Table{"x-delivery-limit": int32(100)} }

func TestQueue_QuorumGivesReturnedMessagesFirst(t *testing.T) {
	rule(t, "queue")
	for name, row := range map[string]struct {
		giveBack func(ch *amqp091.Channel) error
		order    []string
	}{
		"nack of all":      {func(ch *amqp091.Channel) error { return ch.Nack(0, basicMultiple, basicRequeue) }, []string{"0", "1", "2", "3", "4"}},
		"recover":          {basicRecover, []string{"0", "1", "2", "3", "4"}},
		"channel close":    {func(ch *amqp091.Channel) error { return ch.Close() }, []string{"0", "1", "2", "3", "4"}},
		"one by one":       {quorumNacking(1, 2, 3), []string{"0", "1", "2", "3", "4"}},
		"the first last":   {quorumNacking(2, 3, 1), []string{"1", "2", "0", "3", "4"}},
		"one by one, down": {quorumNacking(3, 2, 1), []string{"2", "1", "0", "3", "4"}},
	} {
		t.Run(name, func(t *testing.T) {
			rule(t, "queue")
			c := dial(t)
			ch := channelOn(t, c)
			q := quorumQueue(t, ch, quorumLimited())
			basicFill(t, ch, q, 5)
			basicTakeAll(t, ch, q, 3)
			require.NoError(t, row.giveBack(ch))
			require.Equal(t, row.order, readyBodies(basicDrain(t, channelOn(t, c), q, 5)))
		})
	}
}

func quorumNacking(tags ...uint64) func(ch *amqp091.Channel) error {
	return func(ch *amqp091.Channel) error {
		for _, tag := range tags {
			if err := ch.Nack(tag, basicSingle, basicRequeue); err != nil {
				return err
			}
		}
		return nil
	}
}

func TestQueue_QuorumPrefersHighPriorities(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	q := quorumQueue(t, ch, nil)
	publishByPriority(t, ch, q, 1, 1, 9)
	require.Equal(t, "9-2", getBody(t, ch, q))
	require.Equal(t, []string{"1-0", "1-1"}, readyBodies(basicDrain(t, ch, q, 2)))
}

// What has come back goes before messages of higher priority.
func TestQueue_QuorumGivesReturnedMessagesBeforeHigherPriorities(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	q := quorumQueue(t, ch, quorumLimited())
	publishByPriority(t, ch, q, 1)
	basicTake(t, ch, q)
	publishByPriority(t, ch, q, 9)
	require.NoError(t, ch.Nack(0, basicMultiple, basicRequeue))
	require.Equal(t, []string{"1-0", "9-0"}, readyBodies(basicDrain(t, ch, q, 2)))
}

func TestQueue_QuorumRejectedMessagesAreGone(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	q := quorumQueue(t, ch, nil)
	basicFill(t, ch, q, 2)
	basicTakeAll(t, ch, q, 2)
	require.NoError(t, ch.Reject(1, basicDrop))
	require.NoError(t, ch.Nack(2, basicSingle, basicDrop))
	basicEmptyEventually(t, ch, q)
}

func TestQueue_QuorumRefusesALimitOfTheChannel(t *testing.T) {
	rule(t, "queue")
	c := dial(t)
	ch := channelOn(t, c)
	q := quorumQueue(t, ch, nil)
	basicQos(t, ch, 5, basicPerChannel)
	requireConnectionError(t, c, basicConsumer{}.refused(ch, q), amqp091.NotImplemented,
		"NOT_IMPLEMENTED - queue '"+q+"' in vhost '/' does not support global qos")
}

// The flag is accepted and means nothing.
func TestQueue_QuorumDoesNotEnforceExclusiveConsumers(t *testing.T) {
	rule(t, "queue")
	c := dial(t)
	ch := channelOn(t, c)
	q := quorumQueue(t, ch, nil)
	first := basicConsumer{exclusive: true, noAck: true}.startOn(t, channelOn(t, c), q)
	second := basicConsumer{noAck: true}.startOn(t, channelOn(t, c), q)
	third := basicConsumer{exclusive: true, noAck: true}.startOn(t, channelOn(t, c), q)
	basicFillForConsumers(t, ch, q, 3)
	for _, ds := range []<-chan amqp091.Delivery{first, second, third} {
		receive(t, ds)
	}
}

func TestQueue_QuorumPrefersConsumersOfHigherPriority(t *testing.T) {
	rule(t, "queue")
	c := dial(t)
	ch, upper := channelOn(t, c), channelOn(t, c)
	q := quorumQueue(t, ch, nil)
	basicQos(t, upper, 2, basicPerConsumer)
	low := basicConsumer{}.startOn(t, channelOn(t, c), q)
	high := basicConsumer{args: basicWithPriority(10)}.startOn(t, upper, q)
	basicFillForConsumers(t, ch, q, 4)
	require.Equal(t, []string{"0", "1"}, basicReceiveBodies(t, high, 2))
	require.Equal(t, []string{"2", "3"}, basicReceiveBodies(t, low, 2))
}

func TestQueue_QuorumGetCountsWhatIsLeft(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	q := quorumQueue(t, ch, nil)
	basicFill(t, ch, q, 3)
	require.Equal(t, "0", string(basicTake(t, ch, q).Body))
	n, err := ch.QueuePurge(q, false)
	require.NoError(t, err)
	require.Equal(t, 2, n)
}

// The delivery mode comes back as it was sent though all messages are kept.
func TestQueue_QuorumLeavesTheDeliveryMode(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	q := quorumQueue(t, ch, nil)
	for _, mode := range []uint8{amqp091.Transient, amqp091.Persistent} {
		publish(t, ch, "", q, "m", func(p *amqp091.Publishing) { p.DeliveryMode = mode })
		d := quorumTake(t, ch, q)
		require.Equal(t, mode, d.DeliveryMode)
		require.NoError(t, d.Ack(basicSingle))
	}
}

func TestQueue_QuorumConfirms(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	q := quorumQueue(t, ch, nil)
	require.NoError(t, ch.Confirm(false))
	for range 3 {
		d, err := ch.PublishWithDeferredConfirmWithContext(t.Context(), "", q, false, false, amqp091.Publishing{})
		require.NoError(t, err)
		acked, err := d.WaitContext(t.Context())
		require.NoError(t, err)
		require.True(t, acked)
	}
}

// The count is of the queue that the message was in, and does not go with it.
func TestQueue_QuorumDeadLettersWithoutTheCount(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	target := tempQueue(t, ch)
	q := quorumQueue(t, ch, amqp091.Table{"x-dead-letter-exchange": "", "x-dead-letter-routing-key": target})
	publish(t, ch, "", q, "m")
	require.NoError(t, quorumTake(t, ch, q).Reject(basicRequeue))
	require.NoError(t, quorumTake(t, ch, q).Reject(basicDrop))
	require.NotContains(t, quorumTake(t, ch, target).Headers, "x-delivery-count")
}

// A header of that name that a client sends is replaced as soon as there is a count.
func TestQueue_QuorumCountReplacesTheClientsHeader(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	q := quorumQueue(t, ch, nil)
	publish(t, ch, "", q, "m", exchangeHeaders(amqp091.Table{"x-delivery-count": int64(7)}))
	require.NoError(t, quorumTake(t, ch, q).Reject(basicRequeue))
	require.Equal(t, int64(1), quorumTake(t, ch, q).Headers["x-delivery-count"])
}

// What a consumer that ends has not acknowledged comes back at once, in its order.
func TestQueue_QuorumReturnsWhatAConsumerHeld(t *testing.T) {
	rule(t, "queue")
	c := dial(t)
	ch, observer := channelOn(t, c), channelOn(t, c)
	q := quorumQueue(t, ch, quorumLimited())
	ds := basicConsumer{}.startOn(t, ch, q)
	basicFillForConsumers(t, observer, q, 3)
	basicReceiveBodies(t, ds, 3)
	require.NoError(t, ch.Close())
	require.Equal(t, []basicReady{{"0", true}, {"1", true}, {"2", true}}, basicDrain(t, observer, q, 3))
}

func TestQueue_QuorumTransactions(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	q := quorumQueue(t, ch, quorumLimited())
	require.NoError(t, ch.Tx())
	publish(t, ch, "", q, "m")
	require.NoError(t, ch.TxCommit())
	require.NoError(t, quorumTake(t, ch, q).Reject(basicRequeue))
	require.NoError(t, ch.TxCommit())
	d := quorumTake(t, ch, q)
	quorumRequireCount(t, d, 1, nil)
	require.True(t, d.Redelivered)
}

// A quorum queue takes the argument, and drops the oldest message.
func TestQueue_QuorumTakesRejectPublishDLXForDropHead(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	target := tempQueue(t, ch)
	q := quorumQueue(t, ch, amqp091.Table{
		"x-max-length": int32(1), "x-overflow": "reject-publish-dlx",
		"x-dead-letter-exchange": "", "x-dead-letter-routing-key": target,
	})
	require.NoError(t, ch.Confirm(false))
	for _, body := range []string{"old", "new"} {
		d, err := ch.PublishWithDeferredConfirmWithContext(t.Context(), "", q, false, false, amqp091.Publishing{Body: []byte(body)})
		require.NoError(t, err)
		acked, err := d.WaitContext(t.Context())
		require.NoError(t, err)
		require.True(t, acked, body)
	}
	require.Equal(t, []string{"new"}, readyBodies(basicDrain(t, ch, q, 1)))
	require.Equal(t, "old", string(quorumTake(t, ch, target).Body))
}
