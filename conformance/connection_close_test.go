package conformance

import (
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
	ch := openChannel(t)
	requireChannelError(t, ch, func() error {
		_, err := ch.QueueDeclarePassive(queue, false, false, false, false, nil)
		return err
	}, 404, "NOT_FOUND - no queue '"+queue+"' in vhost '/'")
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
	queue := uniqueName(t, "q")
	const exclusive = 1 << 2
	raw.sendMethod(1, 50, 10, u16(0), shortStr(queue), u8(exclusive), fieldTable())
	raw.expectMethod(50, 11)
	raw.send(connectionClose())
	raw.expectMethod(10, 51)
	requireNoQueue(t, channelOn(t, watcher), queue)
}

func requireNoQueue(t *testing.T, ch *amqp091.Channel, queue string) {
	t.Helper()
	requireChannelError(t, ch, func() error {
		_, err := ch.QueueDeclarePassive(queue, false, false, false, false, nil)
		return err
	}, 404, "NOT_FOUND - no queue '"+queue+"' in vhost '/'")
}

func TestConnection_ExclusiveQueuesAreGoneAfterTheSocketIsLost(t *testing.T) {
	rule(t, "connection")
	watcher := dial(t)
	raw := rawOpen(t)
	raw.openChannel(1)
	queue := uniqueName(t, "q")
	const exclusive = 1 << 2
	raw.sendMethod(1, 50, 10, u16(0), shortStr(queue), u8(exclusive), fieldTable())
	raw.expectMethod(50, 11)
	require.NoError(t, raw.conn.Close())
	eventually(t, "the queue is gone", func() bool {
		ch := channelOn(t, watcher)
		_, err := ch.QueueDeclarePassive(queue, false, false, false, false, nil)
		var e *amqp091.Error
		require.ErrorAs(t, err, &e)
		return e.Code == 404 // 405 as long as its connection owns it
	})
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
