package conformance

import (
	"strings"
	"testing"

	"github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

// Section 2 of the behaviour reference: the end of a channel.

// failChannel makes the broker close a channel and reads its channel.close, without
// answering.
func (c *rawClient) failChannel(number uint16) {
	c.t.Helper()
	c.send(passiveDeclare(number, "no-such-queue"))
	m := c.expectMethod(20, 40)
	require.Equal(c.t, number, m.channel)
	require.EqualValues(c.t, 404, m.u16())
}

func passiveDeclare(channel uint16, queue string) []byte {
	const passive = 1
	return encodeMethod(channel, 50, 10, u16(0), shortStr(queue), u8(passive), fieldTable())
}

// noSuchQueue is the reply text of failChannel.
const noSuchQueue = "NOT_FOUND - no queue 'no-such-queue' in vhost '/'"

// encodePublish is basic.publish with its content.
func encodePublish(channel uint16, exchange, key, body string) []byte {
	return join(
		encodeMethod(channel, 60, 40, u16(0), shortStr(exchange), shortStr(key), u8(0)),
		encodeHeader(channel, 60, uint64(len(body))),
		encodeFrame(bodyFrame, channel, []byte(body)),
	)
}

func TestChannel_CloseWithAnyCodeIsAnswered(t *testing.T) {
	rule(t, "channel")
	raw := rawOpen(t)
	for _, code := range []uint16{0, 200, 404, 541, 65535} {
		raw.openChannel(1)
		raw.sendMethod(1, 20, 40, u16(code), shortStr("because"), u16(60), u16(40))
		raw.expectMethod(20, 41)
	}
}

func TestChannel_ErrorNamesTheOffendingMethod(t *testing.T) {
	rule(t, "channel")
	raw := rawOpen(t)
	raw.openChannel(3)
	raw.send(passiveDeclare(3, "no-such-queue"))
	class, method := raw.expectChannelClose(3, 404, noSuchQueue)
	require.Equal(t, [2]uint16{50, 10}, [2]uint16{class, method})
	raw.requireAlive()
}

// A reply text is a short string: 255 octets at most, the last three of them dots when
// it had to be cut.
func TestChannel_LongReplyTextIsCut(t *testing.T) {
	rule(t, "channel")
	raw := rawOpen(t)
	raw.openChannel(1)
	queue := strings.Repeat("q", 255)
	raw.send(passiveDeclare(1, queue))
	raw.expectChannelClose(1, 404, ("NOT_FOUND - no queue '" + queue)[:252]+"...")
}

func TestChannel_ErrorLeavesOtherChannelsAlone(t *testing.T) {
	rule(t, "channel")
	raw := rawOpen(t)
	raw.openChannel(1)
	raw.openChannel(2)
	raw.send(passiveDeclare(1, "no-such-queue"))
	raw.expectChannelClose(1, 404, noSuchQueue)
	raw.sendMethod(2, 20, 20, u8(1))
	m := raw.expectMethod(20, 21)
	require.EqualValues(t, 2, m.channel)
}

func TestChannel_NumberIsFreeAfterAnErrorIsAnswered(t *testing.T) {
	rule(t, "channel")
	raw := rawOpen(t)
	for range 3 {
		raw.openChannel(1)
		raw.send(passiveDeclare(1, "no-such-queue"))
		raw.expectChannelClose(1, 404, noSuchQueue)
	}
}

// Until the client answers the broker's channel.close, what it sends on the channel
// vanishes: later errors, declarations, publishes with their content.
func TestChannel_MethodsAfterAnErrorAreDiscarded(t *testing.T) {
	rule(t, "channel")
	c := dial(t)
	ch := channelOn(t, c)
	queue, undeclared := tempQueue(t, ch), uniqueName(t, "q")
	raw := rawOpen(t)
	raw.openChannel(1)
	raw.send(join(
		passiveDeclare(1, "no-such-queue"),
		passiveDeclare(1, "no-such-queue-either"),
		encodeMethod(1, 50, 10, u16(0), shortStr(undeclared), u8(0), fieldTable()),
		encodePublish(1, "", queue, "discarded"),
		encodeMethod(1, 20, 20, u8(0)),
	))
	raw.expectChannelClose(1, 404, noSuchQueue)
	raw.requireAlive()
	raw.openChannel(1)
	requireEmpty(t, ch, queue)
	requireNoQueue(t, c, undeclared)
}

// The number is taken until the client has answered.
func TestChannel_OpenBeforeTheErrorIsAnsweredIsAConnectionError(t *testing.T) {
	rule(t, "channel")
	raw := rawOpen(t)
	raw.openChannel(1)
	raw.failChannel(1)
	raw.sendMethod(1, 20, 10, shortStr(""))
	class, method := raw.expectConnectionClose(504, "CHANNEL_ERROR - second 'channel.open' seen")
	require.Equal(t, [2]uint16{20, 10}, [2]uint16{class, method})
}

// The client's own channel.close may cross the broker's. It is answered, and the
// broker still waits for the answer to its own.
func TestChannel_CloseThatCrossesTheBrokersCloseIsAnswered(t *testing.T) {
	rule(t, "channel")
	raw := rawOpen(t)
	raw.openChannel(1)
	raw.failChannel(1)
	raw.send(channelClose(1))
	raw.expectMethod(20, 41)
	raw.sendMethod(1, 20, 41)
	raw.openChannel(1)
}

// Consumers end and their unacknowledged messages return when the broker closes the
// channel, before the client has answered.
func TestChannel_ConsumersMessagesReturnAtTheErrorAlready(t *testing.T) {
	rule(t, "channel")
	ch := openChannel(t)
	queue := tempQueue(t, ch)
	publish(t, ch, "", queue, "a")
	raw := rawOpen(t)
	raw.openChannel(1)
	raw.sendMethod(1, 60, 20, u16(0), shortStr(queue), shortStr("tag"), u8(0), fieldTable())
	raw.expectMethod(60, 21)
	raw.expectMethod(60, 60)
	raw.readFrame()
	raw.readFrame()
	raw.failChannel(1)
	eventually(t, "the message is back", func() bool { return readyCount(t, ch, queue) == 1 })
}

// What basic.get took returns when the channel's end is agreed, at the latest.
func TestChannel_MessagesOfGetReturnWhenTheErrorIsAnswered(t *testing.T) {
	rule(t, "channel")
	ch := openChannel(t)
	queue := tempQueue(t, ch)
	publish(t, ch, "", queue, "a")
	raw := rawOpen(t)
	raw.openChannel(1)
	eventually(t, "the message is there", func() bool { return readyCount(t, ch, queue) == 1 })
	raw.sendMethod(1, 60, 70, u16(0), shortStr(queue), u8(0))
	raw.expectMethod(60, 71)
	raw.readFrame()
	raw.readFrame()
	raw.failChannel(1)
	raw.sendMethod(1, 20, 41)
	eventually(t, "the message is back", func() bool { return readyCount(t, ch, queue) == 1 })
}

func TestChannel_UnackedMessagesReturnInOrderWhenItCloses(t *testing.T) {
	rule(t, "channel")
	c := dial(t)
	ch := channelOn(t, c)
	queue := tempQueue(t, ch)
	for _, body := range []string{"1", "2", "3"} {
		publish(t, ch, "", queue, body)
	}
	second := channelOn(t, c)
	eventually(t, "the messages are there", func() bool { return readyCount(t, ch, queue) == 3 })
	for range 2 {
		_, ok, err := second.Get(queue, false)
		require.NoError(t, err)
		require.True(t, ok)
	}
	require.NoError(t, second.Close())
	eventually(t, "the messages are back", func() bool { return readyCount(t, ch, queue) == 3 })
	for _, want := range []struct {
		body        string
		redelivered bool
	}{{"1", true}, {"2", true}, {"3", false}} {
		d, ok, err := ch.Get(queue, true)
		require.NoError(t, err)
		require.True(t, ok)
		require.Equal(t, want.body, string(d.Body))
		require.Equal(t, want.redelivered, d.Redelivered, "redelivered of %s", want.body)
	}
}

// An auto-delete queue is gone before the close of its last consumer's channel is
// answered.
func TestChannel_AutoDeleteQueueIsGoneBeforeCloseOk(t *testing.T) {
	rule(t, "channel")
	c := dial(t)
	ch := channelOn(t, c)
	queue := uniqueName(t, "q")
	_, err := ch.QueueDeclare(queue, false, true, false, false, nil)
	require.NoError(t, err)
	_, err = ch.Consume(queue, "", true, false, false, false, nil)
	require.NoError(t, err)
	require.NoError(t, ch.Close())
	requireNoQueue(t, c, queue)
}

// Closing a channel ends its consumers; the queue has none left.
func TestChannel_CloseEndsItsConsumers(t *testing.T) {
	rule(t, "channel")
	c := dial(t)
	ch := channelOn(t, c)
	queue := tempQueue(t, ch)
	second := channelOn(t, c)
	ds, err := second.Consume(queue, "", true, false, false, false, nil)
	require.NoError(t, err)
	require.NoError(t, second.Close())
	_, open := <-ds
	require.False(t, open)
	q, err := ch.QueueDeclarePassive(queue, false, false, false, false, nil)
	require.NoError(t, err)
	require.Zero(t, q.Consumers)
}

// On an open channel there is nothing to answer.
func TestChannel_CloseOkOutOfTurnIsAConnectionError(t *testing.T) {
	rule(t, "channel")
	raw := rawOpen(t)
	raw.openChannel(1)
	raw.sendMethod(1, 20, 41)
	class, method := raw.expectConnectionClose(503, "COMMAND_INVALID - unimplemented method")
	require.Equal(t, [2]uint16{20, 41}, [2]uint16{class, method})
}

func TestChannel_ManyChannelsWorkSideBySide(t *testing.T) {
	rule(t, "channel")
	c := dial(t)
	const channels = 200
	open := make([]*amqp091.Channel, channels)
	for i := range open {
		open[i] = channelOn(t, c)
	}
	queue := tempQueue(t, open[0])
	for _, ch := range open {
		publish(t, ch, "", queue, "x")
	}
	eventually(t, "all have arrived", func() bool { return readyCount(t, open[0], queue) == channels })
}

// Replies on one channel keep the order of the requests, however they are pipelined.
func TestChannel_PipelinedRequestsAreAnsweredInOrder(t *testing.T) {
	rule(t, "channel")
	raw := rawOpen(t)
	const exclusive = 1 << 2
	queue := uniqueName(t, "q")
	raw.send(join(
		encodeMethod(1, 20, 10, shortStr("")),
		encodeMethod(1, 50, 10, u16(0), shortStr(queue), u8(exclusive), fieldTable()),
		encodeMethod(1, 60, 10, u32(0), u16(5), u8(0)),
		encodeMethod(1, 85, 10, u8(0)),
		encodeMethod(1, 50, 30, u16(0), shortStr(queue), u8(0)),
		encodeMethod(1, 50, 40, u16(0), shortStr(queue), u8(0)),
		channelClose(1),
	))
	for _, reply := range [][2]uint16{{20, 11}, {50, 11}, {60, 11}, {85, 11}, {50, 31}, {50, 41}, {20, 41}} {
		raw.expectMethod(reply[0], reply[1])
	}
}

// Methods of a class that exists, but that only the broker sends.
func TestChannel_BrokersMethodFromAClientIsAConnectionError(t *testing.T) {
	rule(t, "channel")
	for _, c := range []struct {
		name          string
		class, method uint16
		args          []byte
	}{
		{"channel.open-ok", 20, 11, longStr("")},
		{"access.request-ok", 30, 11, u16(1)},
		{"exchange.declare-ok", 40, 11, nil},
		{"queue.declare-ok", 50, 11, join(shortStr("q"), u32(0), u32(0))},
		{"basic.qos-ok", 60, 11, nil},
		{"basic.consume-ok", 60, 21, shortStr("tag")},
		{"basic.get-empty", 60, 72, shortStr("")},
		{"confirm.select-ok", 85, 11, nil},
		{"tx.commit-ok", 90, 21, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			rule(t, "channel")
			raw := rawOpen(t)
			raw.openChannel(1)
			raw.sendMethod(1, c.class, c.method, c.args)
			class, method := raw.expectConnectionClose(503, "COMMAND_INVALID - unimplemented method")
			require.Equal(t, [2]uint16{c.class, c.method}, [2]uint16{class, method})
		})
	}
}
