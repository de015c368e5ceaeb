package conformance

import (
	"testing"
	"time"

	"github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

// Delivery acknowledgement timeout.

// timeoutPatience is how long a broker may take to find out that a message is not
// acknowledged: RabbitMQ looks once a minute.
const timeoutPatience = 75 * time.Second

// timeoutQueue is a quorum queue whose consumers have a second to acknowledge,
// with one message.
func timeoutQueue(t *testing.T) (name string) {
	t.Helper()
	ch := openChannel(t)
	name = quorumQueue(t, ch, amqp091.Table{"x-consumer-timeout": int32(1000)})
	publish(t, ch, "", name, "m")
	basicAwaitReady(t, ch, name, 1)
	return name
}

// timeoutText is why a channel is closed.
func timeoutText(channel string) string {
	return "PRECONDITION_FAILED - delivery acknowledgement on channel " + channel +
		" timed out. Timeout value used: 1000 ms. This timeout value can be configured, see consumers doc guide to learn more"
}

// A client that does not know of cancellations by the server loses its channel.
func TestConsumerTimeout_ClosesTheChannel(t *testing.T) {
	rule(t, "basic")
	name := timeoutQueue(t)
	c := rawOpen(t)
	c.sendMethod(1, 20, 10, shortStr(""))
	c.expectMethod(20, 11)
	c.sendMethod(1, 60, 20, u16(0), shortStr(name), shortStr("c"), u8(0), fieldTable())
	c.expectMethod(60, 21)
	began := time.Now()
	var f rawFrame
	for deadline := began.Add(timeoutPatience); ; {
		require.Less(t, time.Now(), deadline, "the channel is still open")
		var err error
		if f, err = c.tryReadFrame(time.Until(deadline)); err != nil {
			require.NoError(t, err)
		}
		if class, method, ok := f.methodID(); ok && class == 20 && method == 40 {
			break
		}
	}
	require.GreaterOrEqual(t, time.Since(began), 900*time.Millisecond)
	m := rawMethod{arguments: arguments{t: t, rest: f.payload[4:]}, channel: f.channel}
	class, method := m.requireReply(406, timeoutText("1"))
	require.Zero(t, class)
	require.Zero(t, method)
	c.sendMethod(1, 20, 41)
	ch := openChannel(t)
	require.Equal(t, "m", string(basicGetOne(t, ch, name).Body))
}

// A client that knows of them goes on, without that consumer.
func TestConsumerTimeout_CancelsTheConsumer(t *testing.T) {
	rule(t, "basic")
	name := timeoutQueue(t)
	ch := openChannel(t)
	closed := ch.NotifyClose(make(chan *amqp091.Error, 1))
	cancelled := ch.NotifyCancel(make(chan string, 1))
	late := receive(t, basicConsumer{tag: "slow"}.startOn(t, ch, name))
	select {
	case tag := <-cancelled:
		require.Equal(t, "slow", tag)
	case e := <-closed:
		require.Nil(t, e, "the channel was closed")
	case <-time.After(timeoutPatience):
		require.Fail(t, "nothing happens")
	}
	d, ok, err := ch.Get(name, false)
	require.NoError(t, err)
	require.True(t, ok)
	require.True(t, d.Redelivered)
	require.NoError(t, late.Ack(basicSingle)) // too late, and no error
	require.NoError(t, d.Ack(basicSingle))
	basicRoundTrip(t, ch)
}
