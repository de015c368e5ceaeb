package conformance

import (
	"strings"
	"testing"
	"time"

	"github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

// Sections 1.8, 1.11 and 1.12 of the behaviour reference: the end of a connection.

// connectionClose is connection.close as clients send it.
func connectionClose() []byte {
	return encodeMethod(0, 10, 50, u16(200), shortStr("bye"), u16(0), u16(0))
}

// provokeConnectionClose makes the broker send connection.close and reads it,
// without answering.
func (c *rawClient) provokeConnectionClose() {
	c.t.Helper()
	c.sendMethod(0, 10, 40, shortStr("/"), shortStr(""), u8(0))
	c.expectMethod(10, 50)
}

// The client may hang up first. A broker that leaves this to it waits for the
// heartbeat interval, half a minute at most.
func TestConnection_CloseIsAnsweredAndHangsUp(t *testing.T) {
	rule(t, "connection")
	for _, c := range []struct {
		name string
		code uint16
		text string
	}{
		{"with success", 200, "Goodbye"},
		{"with an error", 541, "client trouble"},
		{"with code zero", 0, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			rule(t, "connection")
			t.Parallel()
			raw := rawOpenWithHeartbeat(t, 1)
			raw.openChannel(1)
			raw.sendMethod(0, 10, 50, u16(c.code), shortStr(c.text), u16(0), u16(0))
			m := raw.expectMethod(10, 51)
			require.Zero(t, m.channel)
			require.Empty(t, m.rest)
			raw.expectClosed(patience)
		})
	}
}

func TestConnection_FramesAfterCloseAreIgnored(t *testing.T) {
	rule(t, "connection")
	for _, c := range []struct {
		name   string
		octets []byte
	}{
		{"a method", encodeMethod(1, 20, 10, shortStr(""))},
		{"a method that would be an error", encodeMethod(1, 50, 10, u16(0), shortStr("q"), u8(0), fieldTable())},
		{"a heartbeat", heartbeat(0)},
		{"an unexpected content header", encodeHeader(1, 60, 0)},
		{"connection.open", encodeMethod(0, 10, 40, shortStr("/"), shortStr(""), u8(0))},
	} {
		t.Run(c.name, func(t *testing.T) {
			rule(t, "connection")
			t.Parallel()
			raw := rawOpenWithHeartbeat(t, 1)
			raw.send(join(connectionClose(), c.octets))
			raw.expectMethod(10, 51)
			raw.expectClosed(patience)
		})
	}
}

// The second answer may be lost to the end of the socket, but nothing else comes.
func TestConnection_SecondCloseIsNoError(t *testing.T) {
	rule(t, "connection")
	raw := rawOpenWithHeartbeat(t, 1)
	raw.send(join(connectionClose(), connectionClose()))
	raw.expectMethod(10, 51)
	for {
		f, err := raw.tryReadFrame(patience)
		if err != nil {
			require.True(t, isHangUp(err), "%v", err)
			return
		}
		class, method, ok := f.methodID()
		require.True(t, f.kind == heartbeatFrame || ok && class == 10 && method == 51, "unexpected %v", f)
	}
}

// While the broker waits for close-ok it drops everything but close and close-ok.
func TestConnection_FramesAfterTheBrokersCloseAreIgnored(t *testing.T) {
	rule(t, "connection")
	raw := rawOpen(t)
	raw.openChannel(1)
	queue := uniqueName(t, "q")
	raw.send(join(
		encodeMethod(0, 10, 40, shortStr("/"), shortStr(""), u8(0)), // the error
		encodeMethod(1, 50, 10, u16(0), shortStr(queue), u8(0), fieldTable()),
		encodeMethod(2, 20, 10, shortStr("")),
	))
	raw.expectConnectionClose(504, "CHANNEL_ERROR - unexpected method in connection state running")
	raw.expectClosed(patience)
	requireNoQueue(t, dial(t), queue)
}

func TestConnection_CloseThatCrossesTheBrokersCloseIsAnswered(t *testing.T) {
	rule(t, "connection")
	raw := rawOpen(t)
	raw.provokeConnectionClose()
	raw.send(connectionClose())
	raw.expectMethod(10, 51)
	raw.sendMethod(0, 10, 51)
	raw.expectClosed(patience)
}

func TestConnection_CloseOkEndsTheConnectionAtOnce(t *testing.T) {
	rule(t, "connection")
	raw := rawOpen(t)
	raw.provokeConnectionClose()
	raw.sendMethod(0, 10, 51)
	raw.expectClosed(time.Second)
}

// A client that never answers the broker's close is dropped after its heartbeat
// interval, half a minute at most.
func TestConnection_MissingCloseOkIsNotAwaitedForLong(t *testing.T) {
	rule(t, "connection")
	raw := rawOpenWithHeartbeat(t, 2)
	raw.provokeConnectionClose()
	begin := time.Now()
	raw.expectClosed(2*time.Second + slack)
	require.Greater(t, time.Since(begin), time.Second)
}

func TestConnection_CloseOkOutOfTurnIsRefused(t *testing.T) {
	rule(t, "connection")
	raw := rawOpen(t)
	raw.sendMethod(0, 10, 51)
	class, method := raw.expectConnectionClose(504, "CHANNEL_ERROR - unexpected method in connection state running")
	require.Equal(t, [2]uint16{10, 51}, [2]uint16{class, method})
}

// The end of one connection does not touch another one's channels.
func TestConnection_ErrorOnOneConnectionLeavesOthersAlone(t *testing.T) {
	rule(t, "connection")
	other := openChannel(t)
	queue := tempQueue(t, other)
	raw := rawOpen(t)
	raw.provokeConnectionClose()
	publish(t, other, "", queue, "still here")
	require.Equal(t, "still here", getBody(t, other, queue))
}

// Exclusive queues are gone before the broker answers connection.close.
func TestConnection_ExclusiveQueuesAreGoneBeforeCloseOk(t *testing.T) {
	rule(t, "connection")
	watcher := dial(t)
	raw := rawOpen(t)
	raw.openChannel(1)
	queue := raw.declareExclusive(1)
	raw.send(connectionClose())
	raw.expectMethod(10, 51)
	requireNoQueue(t, watcher, queue)
}

// They do not wait for the client's answer to the broker's close either.
func TestConnection_ExclusiveQueuesAreGoneAtTheBrokersClose(t *testing.T) {
	rule(t, "connection")
	watcher := dial(t)
	raw := rawOpen(t)
	raw.openChannel(1)
	queue := raw.declareExclusive(1)
	raw.provokeConnectionClose()
	eventually(t, "the queue is gone", func() bool { return !queueIsOwned(t, watcher, queue) })
}

// declareExclusive declares a queue that belongs to the raw client's connection.
func (c *rawClient) declareExclusive(channel uint16) (queue string) {
	c.t.Helper()
	const exclusive = 1 << 2
	queue = uniqueName(c.t, "q")
	c.sendMethod(channel, 50, 10, u16(0), shortStr(queue), u8(exclusive), fieldTable())
	c.expectMethod(50, 11)
	return queue
}

// queueIsOwned tells an exclusive queue of another connection, which answers 405, from
// one that is gone.
func queueIsOwned(t *testing.T, c *amqp091.Connection, queue string) bool {
	t.Helper()
	_, err := channelOn(t, c).QueueDeclarePassive(queue, false, false, false, false, nil)
	var e *amqp091.Error
	require.ErrorAs(t, err, &e)
	require.Contains(t, []int{amqp091.NotFound, amqp091.ResourceLocked}, e.Code)
	return e.Code == amqp091.ResourceLocked
}

func TestConnection_ExclusiveQueuesAreGoneAfterTheSocketIsLost(t *testing.T) {
	rule(t, "connection")
	watcher := dial(t)
	raw := rawOpen(t)
	raw.openChannel(1)
	queue := raw.declareExclusive(1)
	require.NoError(t, raw.conn.Close())
	eventually(t, "the queue is gone", func() bool { return !queueIsOwned(t, watcher, queue) })
}

// The unacknowledged messages of a lost connection come back, marked.
func TestConnection_UnackedMessagesComeBackAfterTheSocketIsLost(t *testing.T) {
	rule(t, "connection")
	ch := openChannel(t)
	queue := tempQueue(t, ch)
	publish(t, ch, "", queue, "a")
	raw := rawOpen(t)
	raw.openChannel(1)
	eventually(t, "the message is there", func() bool { return readyCount(t, ch, queue) == 1 })
	raw.sendMethod(1, 60, 70, u16(0), shortStr(queue), u8(0))
	raw.expectMethod(60, 71)
	require.NoError(t, raw.conn.Close())
	eventually(t, "the message is back", func() bool { return readyCount(t, ch, queue) == 1 })
	d, ok, err := ch.Get(queue, true)
	require.NoError(t, err)
	require.True(t, ok)
	require.True(t, d.Redelivered)
}

// A consumer that stops reading its socket keeps its own messages only: other
// connections publish to the same queue, consume from it and close.
func TestConnection_ClientThatDoesNotReadHarmsNobodyElse(t *testing.T) {
	rule(t, "connection")
	ch := openChannel(t)
	queue := tempQueue(t, ch)
	stuck := rawOpen(t)
	stuck.openChannel(1)
	const noAck = 1 << 1
	stuck.sendMethod(1, 60, 20, u16(0), shortStr(queue), shortStr(""), u8(noAck), fieldTable())
	stuck.expectMethod(60, 21)
	const messages, size = 64, 256 << 10
	body := strings.Repeat("x", size)
	for range messages {
		publish(t, ch, "", queue, body)
	}
	other := tempQueue(t, ch)
	publish(t, ch, "", other, "through")
	eventually(t, "the message is there", func() bool { return readyCount(t, ch, other) == 1 })
	require.Equal(t, "through", getBody(t, ch, other))
	closing := dial(t)
	channelOn(t, closing)
	require.NoError(t, closing.Close())
}

func TestConnection_UpdateSecretIsAnswered(t *testing.T) {
	rule(t, "connection")
	c := dial(t)
	_, _, password, _ := suite.credentials(t)
	require.NoError(t, c.UpdateSecret(password, "routine"))
	channelOn(t, c)
}

// The internal users never expire, so a new secret is not even looked at.
func TestConnection_UpdateSecretIgnoresTheSecretOfAUserThatDoesNotExpire(t *testing.T) {
	rule(t, "connection")
	raw := rawOpen(t)
	raw.sendMethod(0, 10, 70, longStr("not the password"), shortStr("test"))
	m := raw.expectMethod(10, 71)
	require.Zero(t, m.channel)
	raw.requireAlive()
}
