package conformance

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

func queueInUse(name string) string {
	return fmt.Sprintf("PRECONDITION_FAILED - queue '%s' in vhost '/' in use", name)
}

func queueNotEmpty(name string) string {
	return fmt.Sprintf("PRECONDITION_FAILED - queue '%s' in vhost '/' not empty", name)
}

func TestQueue_DeleteOfAMissingQueueAnswersZero(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	gone := uniqueName(t, "gone")
	for row, d := range map[string]queueDeletion{
		"plain": {name: gone}, "if-unused": {name: gone, ifUnused: true}, "if-empty": {name: gone, ifEmpty: true},
	} {
		t.Run(row, func(t *testing.T) {
			rule(t, "queue")
			n, err := d.delete(ch)
			require.NoError(t, err)
			require.Zero(t, n)
		})
	}
}

func TestQueue_DeleteAnswersTheReadyMessages(t *testing.T) {
	rule(t, "queue")
	c := dial(t)
	ch := channelOn(t, c)
	q := tempQueue(t, ch)
	for range 3 {
		publish(t, ch, "", q, "m")
	}
	queueGetUnacked(t, ch, q)
	n, err := queueDeletion{name: q}.delete(ch)
	require.NoError(t, err)
	require.Equal(t, 2, n, "the unacknowledged message does not count")
	queueMustNotExist(t, c, q)
}

func TestQueue_DeleteIfUnusedKeepsAQueueWithConsumers(t *testing.T) {
	rule(t, "queue")
	c := dial(t)
	ch := channelOn(t, c)
	q := tempQueue(t, ch)
	queueConsume(t, channelOn(t, c), q, "tag")
	requireChannelError(t, ch, queueDeletion{name: q, ifUnused: true}.deleting(ch), amqp091.PreconditionFailed, queueInUse(q))
	queueMustExist(t, c, q)
}

func TestQueue_DeleteIfUnusedIgnoresMessagesAndBindings(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	q := tempQueue(t, ch)
	exchangeBinding{source: "amq.direct", destination: q, key: q}.bindQueue(t, ch)
	publish(t, ch, "", q, "m")
	n, err := queueDeletion{name: q, ifUnused: true}.delete(ch)
	require.NoError(t, err)
	require.Equal(t, 1, n)
}

func TestQueue_DeleteIfUnusedAfterTheLastConsumer(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	q := tempQueue(t, ch)
	queueConsume(t, ch, q, "tag")
	require.NoError(t, ch.Cancel("tag", false))
	_, err := queueDeletion{name: q, ifUnused: true}.delete(ch)
	require.NoError(t, err)
}

func TestQueue_DeleteIfEmptyKeepsAQueueWithMessages(t *testing.T) {
	rule(t, "queue")
	c := dial(t)
	ch := channelOn(t, c)
	q := tempQueue(t, ch)
	publish(t, ch, "", q, "m")
	requireChannelError(t, ch, queueDeletion{name: q, ifEmpty: true}.deleting(ch), amqp091.PreconditionFailed, queueNotEmpty(q))
	require.Equal(t, "m", getBody(t, channelOn(t, c), q))
}

func TestQueue_DeleteIfEmptyCountsReadyMessagesOnly(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	q := tempQueue(t, ch)
	publish(t, ch, "", q, "m")
	queueGetUnacked(t, ch, q)
	n, err := queueDeletion{name: q, ifEmpty: true}.delete(ch)
	require.NoError(t, err)
	require.Zero(t, n)
}

func TestQueue_DeleteIfEmptyIgnoresConsumers(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	q := tempQueue(t, ch)
	queueConsume(t, ch, q, "tag")
	_, err := queueDeletion{name: q, ifEmpty: true}.delete(ch)
	require.NoError(t, err)
}

func TestQueue_DeleteChecksEmptyBeforeUnused(t *testing.T) {
	rule(t, "queue")
	c := dial(t)
	ch, consumer := channelOn(t, c), channelOn(t, c)
	q := tempQueue(t, ch)
	require.NoError(t, consumer.Qos(1, 0, false))
	ds, err := consumer.Consume(q, "tag", false, false, false, false, nil)
	require.NoError(t, err)
	publish(t, ch, "", q, "held by the consumer")
	publish(t, ch, "", q, "ready")
	receive(t, ds)
	both := queueDeletion{name: q, ifUnused: true, ifEmpty: true}
	requireChannelError(t, ch, both.deleting(ch), amqp091.PreconditionFailed, queueNotEmpty(q))
	ch = channelOn(t, c)
	require.Equal(t, "ready", getBody(t, ch, q))
	requireChannelError(t, ch, both.deleting(ch), amqp091.PreconditionFailed, queueInUse(q))
}

func TestQueue_DeleteRemovesItsBindings(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	s := queueSpec{name: tempQueue(t, ch)}
	x := tempExchange(t, ch, "fanout")
	exchangeBinding{source: x, destination: s.name}.bindQueue(t, ch)
	_, err := queueDeletion{name: s.name}.delete(ch)
	require.NoError(t, err)
	require.NotNil(t, exchangeMandatory(t, x, ""))
	_, err = s.declare(ch)
	require.NoError(t, err)
	require.Zero(t, exchangeCopies(t, ch, x, "", s.name), "a new queue of the name has no bindings")
}

func TestQueue_DeleteDropsItsMessages(t *testing.T) {
	rule(t, "queue")
	c := dial(t)
	ch := channelOn(t, c)
	s, holder := queueSpec{name: tempQueue(t, ch)}, channelOn(t, c)
	publish(t, holder, "", s.name, "unacknowledged")
	publish(t, holder, "", s.name, "ready")
	queueGetUnacked(t, holder, s.name)
	_, err := queueDeletion{name: s.name}.delete(ch)
	require.NoError(t, err)
	_, err = s.declare(ch)
	require.NoError(t, err)
	requireEmpty(t, ch, s.name)
	require.NoError(t, holder.Close())
	requireEmpty(t, ch, s.name)
}

func TestQueue_DeleteCancelsItsConsumers(t *testing.T) {
	rule(t, "queue")
	deleter := openChannel(t)
	q := tempQueue(t, deleter)
	ch := openChannel(t)
	canceled := ch.NotifyCancel(make(chan string, 2))
	first, second := queueConsume(t, ch, q, "first"), queueConsume(t, ch, q, "second")
	_, err := queueDeletion{name: q}.delete(deleter)
	require.NoError(t, err)
	tags := []string{queueNextTag(t, canceled), queueNextTag(t, canceled)}
	require.ElementsMatch(t, []string{"first", "second"}, tags)
	requireNoDelivery(t, first)
	requireNoDelivery(t, second)
	require.NoError(t, ch.Qos(1, 0, false), "the channel goes on")
}

func TestQueue_DeleteCancelsConsumersOfItsOwnChannel(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	q := tempQueue(t, ch)
	canceled := ch.NotifyCancel(make(chan string, 1))
	queueConsume(t, ch, q, "tag")
	_, err := queueDeletion{name: q}.delete(ch)
	require.NoError(t, err)
	require.Equal(t, "tag", queueNextTag(t, canceled))
}

// queueNextTag takes the next consumer tag that the broker cancels.
func queueNextTag(t *testing.T, canceled <-chan string) string {
	t.Helper()
	select {
	case tag := <-canceled:
		return tag
	case <-time.After(patience):
		require.Fail(t, "no basic.cancel from the broker")
		return ""
	}
}

func TestQueue_DeleteCancelsNoConsumerOfAClientWithoutTheCapability(t *testing.T) {
	rule(t, "queue")
	deleter := openChannel(t)
	q := tempQueue(t, deleter)
	c := rawOpen(t) // announces no capabilities
	c.openChannel(1)
	c.sendMethod(1, 60, 20, u16(0), shortStr(q), shortStr("tag"), u8(0), fieldTable())
	c.expectMethod(60, 21)
	_, err := queueDeletion{name: q}.delete(deleter)
	require.NoError(t, err)
	barrier(t)
	c.requireAlive()
}

func TestQueue_PublishingToADeletedQueueIsConfirmed(t *testing.T) {
	rule(t, "queue")
	ch := openChannel(t)
	q := tempQueue(t, ch)
	require.NoError(t, ch.Confirm(false))
	_, err := queueDeletion{name: q}.delete(ch)
	require.NoError(t, err)
	confirmation, err := ch.PublishWithDeferredConfirm("", q, false, false, amqp091.Publishing{})
	require.NoError(t, err)
	ctx, stop := context.WithTimeout(t.Context(), patience)
	defer stop()
	acked, err := confirmation.WaitContext(ctx)
	require.NoError(t, err)
	require.True(t, acked)
}
