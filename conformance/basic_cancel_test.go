package conformance

import (
	"testing"
	"time"

	"github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

// basicCancelNoWait is the no-wait bit of basic.cancel.
const basicCancelNoWait = 1

func basicEncodeCancel(tag string, bits byte) []byte {
	return encodeMethod(basicWireChannel, basicClass, 30, shortStr(tag), u8(bits))
}

func TestBasic_CancelAnswersWithTheTag(t *testing.T) {
	rule(t, "basic")
	c := basicWireOpen(t)
	queue := basicWireQueue(c)
	basicWireConsume(c, queue, "mine", 0)
	for _, tag := range []string{"mine", "mine", "unknown", ""} {
		c.send(basicEncodeCancel(tag, 0))
		m := c.expectMethod(basicClass, 31)
		require.Equal(t, tag, m.shortStr())
	}
}

func TestBasic_CancelEndsTheDeliveries(t *testing.T) {
	rule(t, "basic")
	c := basicWireOpen(t)
	queue := basicWireQueue(c)
	basicWireConsume(c, queue, "mine", 0)
	c.send(basicEncodeCancel("mine", 0))
	c.expectMethod(basicClass, 31)
	c.send(basicWirePublication{key: queue, body: "kept"}.encode())
	basicRequireNothingMore(c)
	c.send(basicEncodeGet(queue))
	require.Equal(t, "kept", string(basicExpectGetOk(c).body))
}

func TestBasic_CancelWithNoWaitIsNotAnswered(t *testing.T) {
	rule(t, "basic")
	c := basicWireOpen(t)
	queue := basicWireQueue(c)
	basicWireConsume(c, queue, "mine", 0)
	c.send(basicEncodeCancel("mine", basicCancelNoWait))
	c.send(basicWirePublication{key: queue, body: "kept"}.encode())
	basicRequireNothingMore(c)
}

func TestBasic_CancelComesAfterTheDeliveriesUnderWay(t *testing.T) {
	rule(t, "basic")
	c := basicWireOpen(t)
	queue := basicWireQueue(c)
	for range 20 {
		c.send(basicWirePublication{key: queue, body: "m"}.encode())
	}
	basicWireConsume(c, queue, "mine", 0)
	c.send(basicEncodeCancel("mine", 0))
	var delivered uint32
	f := c.readFrame()
	for {
		class, method, _ := f.methodID()
		if class == basicClass && method == 31 {
			break
		}
		require.EqualValues(t, basicDeliverMethod, method, "expected a delivery, got %v", f)
		var content basicWireContent
		content.readPayload(c)
		delivered++
		f = c.readFrame()
	}
	basicRequireNothingMore(c)
	if delivered < 20 {
		c.send(basicEncodeGet(queue))
		require.Equal(t, 20-delivered-1, basicExpectGetOk(c).remaining, "the rest stays in the queue")
	}
}

func TestBasic_CancelLeavesUnacknowledgedMessagesOut(t *testing.T) {
	rule(t, "basic")
	ch := openChannel(t)
	queue := basicFilledQueue(t, ch, 2)
	ds := basicConsumer{tag: "mine"}.startOn(t, ch, queue)
	basicReceiveBodies(t, ds, 2)
	require.NoError(t, ch.Cancel("mine", false))
	basicEmptyEventually(t, ch, queue)
	require.NoError(t, ch.Ack(1, basicSingle))
	require.NoError(t, ch.Close())
	require.Equal(t, []basicReady{{"1", true}}, basicDrain(t, openChannel(t), queue, 1))
}

func TestBasic_CancelLeavesOtherConsumersAlone(t *testing.T) {
	rule(t, "basic")
	ch := openChannel(t)
	queue := tempQueue(t, ch)
	basicConsumer{tag: "leaves"}.startOn(t, ch, queue)
	stays := basicConsumer{tag: "stays"}.startOn(t, ch, queue)
	require.NoError(t, ch.Cancel("leaves", false))
	basicFillForConsumers(t, ch, queue, 3)
	require.Equal(t, []string{"0", "1", "2"}, basicReceiveBodies(t, stays, 3))
}

func TestBasic_CancelReachesOnlyItsOwnChannel(t *testing.T) {
	rule(t, "basic")
	c := dial(t)
	ch, other := channelOn(t, c), channelOn(t, c)
	queue := tempQueue(t, ch)
	ds := basicConsumer{tag: "same"}.startOn(t, ch, queue)
	require.NoError(t, other.Cancel("same", false))
	publish(t, ch, "", queue, "m")
	receive(t, ds)
}

func TestBasic_ConsumersOfADeletedQueueAreTold(t *testing.T) {
	rule(t, "basic")
	c := dial(t)
	deleter, one, two := channelOn(t, c), channelOn(t, c), channelOn(t, dial(t))
	queue := tempQueue(t, deleter)
	notices := map[string]<-chan string{
		"first":  one.NotifyCancel(make(chan string, 1)),
		"second": two.NotifyCancel(make(chan string, 1)),
	}
	basicConsumer{tag: "first"}.startOn(t, one, queue)
	basicConsumer{tag: "second"}.startOn(t, two, queue)
	_, err := deleter.QueueDelete(queue, false, false, false)
	require.NoError(t, err)
	for tag, notice := range notices {
		select {
		case got := <-notice:
			require.Equal(t, tag, got)
		case <-time.After(patience):
			require.Fail(t, "no basic.cancel for "+tag)
		}
	}
	basicRoundTrip(t, one)
	basicRoundTrip(t, two)
}

// basicWireOpenWithNotices is a raw client that wants to hear of cancelled consumers.
func basicWireOpenWithNotices(t *testing.T) *rawClient {
	t.Helper()
	c := rawDial(t)
	c.start()
	capabilities := fieldTable(boolField("consumer_cancel_notify", 1))
	c.sendStartOk("PLAIN", plainResponse(c.user, c.password), field("capabilities", 'F', capabilities))
	tune := c.expectTune()
	tune.heartbeat = 0
	c.handshakeWith(tune)
	c.openChannel(basicWireChannel)
	return c
}

// basicDeleteElsewhere deletes a queue on the suite's own connection.
func basicDeleteElsewhere(t *testing.T, queue string) {
	t.Helper()
	suite.tidy(t, func(ch *amqp091.Channel) error {
		_, err := ch.QueueDelete(queue, false, false, false)
		return err
	})
}

func TestBasic_CancelFromTheBrokerOnTheWire(t *testing.T) {
	rule(t, "basic")
	c := basicWireOpenWithNotices(t)
	queue := tempQueue(t, openChannel(t))
	basicWireConsume(c, queue, "mine", 0)
	basicDeleteElsewhere(t, queue)
	m := c.expectMethod(basicClass, 30)
	require.EqualValues(t, basicWireChannel, m.channel)
	require.Equal(t, "mine", m.shortStr())
	require.EqualValues(t, basicCancelNoWait, m.u8(), "no-wait bit")
	basicRequireNothingMore(c)
}

func TestBasic_CancelFromTheBrokerFreesTheTag(t *testing.T) {
	rule(t, "basic")
	c := basicWireOpenWithNotices(t)
	queue := tempQueue(t, openChannel(t))
	basicWireConsume(c, queue, "mine", 0)
	basicDeleteElsewhere(t, queue)
	c.expectMethod(basicClass, 30)
	basicWireConsume(c, basicWireQueue(c), "mine", 0)
	basicRequireNothingMore(c)
}

func TestBasic_CancelOkFromTheClientIsAccepted(t *testing.T) {
	rule(t, "basic")
	c := basicWireOpenWithNotices(t)
	queue := tempQueue(t, openChannel(t))
	basicWireConsume(c, queue, "mine", 0)
	basicDeleteElsewhere(t, queue)
	c.expectMethod(basicClass, 30)
	c.sendMethod(basicWireChannel, basicClass, 31, shortStr("mine"))
	basicRequireNothingMore(c)
}

func TestBasic_CancelFromTheBrokerNeedsTheCapability(t *testing.T) {
	rule(t, "basic")
	c := basicWireOpen(t)
	queue := tempQueue(t, openChannel(t))
	basicWireConsume(c, queue, "mine", 0)
	basicDeleteElsewhere(t, queue)
	basicRequireNothingMore(c)
}

// RabbitMQ's channel forgets the messages of a deleted queue only when they are
// acknowledged.
func TestBasic_MessagesOfADeletedQueueCanStillBeAcknowledged(t *testing.T) {
	rule(t, "basic")
	ch := openChannel(t)
	queue := basicFilledQueue(t, ch, 3)
	deliveries := basicTakeAll(t, ch, queue, 3)
	_, err := ch.QueueDelete(queue, false, false, false)
	require.NoError(t, err)
	require.NoError(t, deliveries[0].Ack(basicSingle))
	require.NoError(t, deliveries[1].Reject(basicRequeue))
	require.NoError(t, deliveries[2].Nack(basicSingle, basicDrop))
	basicRoundTrip(t, ch)
}

func TestBasic_ConsumeOfADeletedQueueFails(t *testing.T) {
	rule(t, "basic")
	ch := openChannel(t)
	queue := tempQueue(t, ch)
	basicConsumer{tag: "mine"}.startOn(t, ch, queue)
	basicDeleteElsewhere(t, queue)
	requireChannelError(t, ch, basicConsumer{tag: "mine"}.refused(ch, queue),
		404, "NOT_FOUND - no queue '"+queue+"' in vhost '/'")
}
