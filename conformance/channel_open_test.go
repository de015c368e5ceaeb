package conformance

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// Section 2 of the behaviour reference: opening channels and their limits.

func TestChannel_OpenOkIsAnEmptyLongString(t *testing.T) {
	rule(t, "channel")
	raw := rawOpen(t)
	raw.sendMethod(1, 20, 10, shortStr(""))
	m := raw.expectMethod(20, 11)
	require.EqualValues(t, 1, m.channel)
	require.Empty(t, m.longStr())
	require.Empty(t, m.rest)
}

func TestChannel_OpenIgnoresItsReservedField(t *testing.T) {
	rule(t, "channel")
	raw := rawOpen(t)
	raw.sendMethod(1, 20, 10, shortStr("out of band"))
	raw.expectMethod(20, 11)
}

func TestChannel_SecondOpenIsAConnectionError(t *testing.T) {
	rule(t, "channel")
	raw := rawOpen(t)
	raw.openChannel(1)
	raw.sendMethod(1, 20, 10, shortStr(""))
	class, method := raw.expectConnectionClose(504, "CHANNEL_ERROR - second 'channel.open' seen")
	require.Equal(t, [2]uint16{20, 10}, [2]uint16{class, method})
	raw.expectClosed(patience)
}

func TestChannel_MethodOnAnUnopenedChannelIsAConnectionError(t *testing.T) {
	rule(t, "channel")
	for _, c := range []struct {
		name          string
		class, method uint16
		args          []byte
	}{
		{"queue.declare", 50, 10, join(u16(0), shortStr("q"), u8(0), fieldTable())},
		{"basic.qos", 60, 10, join(u32(0), u16(1), u8(0))},
		{"basic.ack", 60, 80, join(u64(1), u8(0))},
		{"channel.flow", 20, 20, u8(1)},
		{"tx.select", 90, 10, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			rule(t, "channel")
			raw := rawOpen(t)
			raw.sendMethod(4, c.class, c.method, c.args)
			class, method := raw.expectConnectionClose(504, "CHANNEL_ERROR - expected 'channel.open'")
			require.Equal(t, [2]uint16{c.class, c.method}, [2]uint16{class, method})
			raw.expectClosed(patience)
		})
	}
}

// Not even close may come first.
func TestChannel_CloseOfAnUnopenedChannelIsAConnectionError(t *testing.T) {
	rule(t, "channel")
	raw := rawOpen(t)
	raw.sendMethod(4, 20, 40, u16(200), shortStr(""), u16(0), u16(0))
	class, method := raw.expectConnectionClose(504, "CHANNEL_ERROR - expected 'channel.open'")
	require.Equal(t, [2]uint16{20, 40}, [2]uint16{class, method})
}

func TestChannel_NumbersMayBeUsedInAnyOrder(t *testing.T) {
	rule(t, "channel")
	raw := rawOpen(t)
	for _, number := range []uint16{2047, 1, 9, 3} {
		raw.openChannel(number)
	}
}

// channel_max limits how many channels are open, not their numbers.
func TestChannel_NumberAboveChannelMaxIsAccepted(t *testing.T) {
	rule(t, "channel")
	for _, number := range []uint16{5, 2048, 65535} {
		t.Run(fmt.Sprint(number), func(t *testing.T) {
			rule(t, "channel")
			raw := rawDial(t)
			raw.login()
			raw.handshakeWith(tuneValues{channelMax: 2, frameMax: 131072})
			raw.openChannel(number)
		})
	}
}

func TestChannel_MoreChannelsThanChannelMaxIsAConnectionError(t *testing.T) {
	rule(t, "channel")
	for _, limit := range []uint16{1, 3} {
		t.Run(fmt.Sprintf("channel_max %d", limit), func(t *testing.T) {
			rule(t, "channel")
			raw := rawDial(t)
			raw.login()
			raw.handshakeWith(tuneValues{channelMax: limit, frameMax: 131072})
			for n := range limit {
				raw.openChannel(n + 1)
			}
			raw.sendMethod(limit+1, 20, 10, shortStr(""))
			class, method := raw.expectConnectionClose(530, fmt.Sprintf(
				"NOT_ALLOWED - number of channels opened (%d) has reached the negotiated channel_max (%d)", limit, limit))
			require.Equal(t, [2]uint16{0, 0}, [2]uint16{class, method})
			raw.expectClosed(patience)
		})
	}
}

// A closed channel makes room for another one.
func TestChannel_ClosedChannelsDoNotCount(t *testing.T) {
	rule(t, "channel")
	raw := rawDial(t)
	raw.login()
	raw.handshakeWith(tuneValues{channelMax: 1, frameMax: 131072})
	for n := range uint16(5) {
		raw.openChannel(n + 1)
		raw.closeChannel(n + 1)
	}
}

func TestChannel_NumberIsFreeAfterClose(t *testing.T) {
	rule(t, "channel")
	raw := rawOpen(t)
	for range 3 {
		raw.openChannel(1)
		raw.closeChannel(1)
	}
}

// closeChannel closes a channel from the client's side.
func (c *rawClient) closeChannel(number uint16) {
	c.t.Helper()
	c.send(channelClose(number))
	m := c.expectMethod(20, 41)
	require.Equal(c.t, number, m.channel, "channel of channel.close-ok")
	require.Empty(c.t, m.rest)
}

// channelClose is channel.close as clients send it.
func channelClose(number uint16) []byte {
	return encodeMethod(number, 20, 40, u16(200), shortStr("bye"), u16(0), u16(0))
}

func TestChannel_FlowActiveIsAnsweredAndHasNoEffect(t *testing.T) {
	rule(t, "channel")
	raw := rawOpen(t)
	raw.openChannel(1)
	raw.sendMethod(1, 20, 20, u8(1))
	m := raw.expectMethod(20, 21)
	require.EqualValues(t, 1, m.u8())
}

func TestChannel_FlowInactiveIsNotImplemented(t *testing.T) {
	rule(t, "channel")
	raw := rawOpen(t)
	raw.openChannel(1)
	raw.sendMethod(1, 20, 20, u8(0))
	class, method := raw.expectConnectionClose(540, "NOT_IMPLEMENTED - active=false")
	require.Equal(t, [2]uint16{20, 20}, [2]uint16{class, method})
	raw.expectClosed(patience)
}

func TestChannel_AccessRequestIsAlwaysGranted(t *testing.T) {
	rule(t, "channel")
	for _, realm := range []string{"/data", ""} {
		t.Run(fmt.Sprintf("realm %q", realm), func(t *testing.T) {
			rule(t, "channel")
			raw := rawOpen(t)
			raw.openChannel(1)
			raw.sendMethod(1, 30, 10, shortStr(realm), u8(0x1f))
			m := raw.expectMethod(30, 11)
			require.EqualValues(t, 1, m.u16())
		})
	}
}

func TestChannel_TicketsAreIgnored(t *testing.T) {
	rule(t, "channel")
	raw := rawOpen(t)
	raw.openChannel(1)
	const ticket, exclusive = 999, 1 << 2
	queue := uniqueName(t, "q")
	raw.sendMethod(1, 50, 10, u16(ticket), shortStr(queue), u8(exclusive), fieldTable())
	m := raw.expectMethod(50, 11)
	require.Equal(t, queue, m.shortStr())
}
