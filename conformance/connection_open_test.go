package conformance

import (
	"testing"

	"github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

// Section 1.6 of the behaviour reference: connection.open, and methods that come in
// the wrong state.

func TestConnection_OpenOkHasNoKnownHosts(t *testing.T) {
	rule(t, "connection")
	raw := rawDial(t)
	raw.sendTuneOk(raw.login())
	raw.sendOpen(raw.vhost)
	m := raw.expectMethod(10, 41)
	require.Empty(t, m.shortStr())
	require.Empty(t, m.rest)
}

func TestConnection_OpenIgnoresItsReservedFields(t *testing.T) {
	rule(t, "connection")
	raw := rawDial(t)
	raw.sendTuneOk(raw.login())
	raw.sendMethod(0, 10, 40, shortStr(raw.vhost), shortStr("capabilities"), u8(1))
	raw.expectMethod(10, 41)
}

func TestConnection_OpenOfAMissingVirtualHostIsRefused(t *testing.T) {
	rule(t, "connection")
	for _, c := range []struct{ name, vhost string }{
		{"unknown", "no-such-vhost"},
		{"empty", ""},
		{"without its slash", "vhost"},
		{"beyond ASCII", "ünbekannt"},
	} {
		t.Run(c.name, func(t *testing.T) {
			rule(t, "connection")
			raw := rawDial(t)
			raw.sendTuneOk(raw.login())
			raw.sendOpen(c.vhost)
			class, method := raw.expectConnectionClose(530, "NOT_ALLOWED - vhost "+c.vhost+" not found")
			require.Equal(t, [2]uint16{10, 40}, [2]uint16{class, method})
			raw.expectClosed(patience)
		})
	}
}

func TestConnection_RefusedVirtualHostReachesAClientLibrary(t *testing.T) {
	rule(t, "connection")
	_, err := amqp091.DialConfig(suite.url, amqp091.Config{Vhost: "no-such-vhost"})
	var refused *amqp091.Error
	require.ErrorAs(t, err, &refused)
	require.Equal(t, 530, refused.Code)
	require.Equal(t, "NOT_ALLOWED - vhost no-such-vhost not found", refused.Reason)
}

// A method that does not fit into the handshake ends the connection without a word.
func TestConnection_MethodOutOfTurnInTheHandshakeHangsUpSilently(t *testing.T) {
	rule(t, "connection")
	started := func(raw *rawClient) { raw.start() }
	tuned := func(raw *rawClient) { raw.login() }
	for _, c := range []struct {
		name  string
		reach func(*rawClient)
		wrong []byte
	}{
		{"tune-ok for start-ok", started, encodeMethod(0, 10, 31, u16(10), u32(4096), u16(0))},
		{"open for start-ok", started, encodeMethod(0, 10, 40, shortStr("/"), shortStr(""), u8(0))},
		{"secure-ok for start-ok", started, encodeMethod(0, 10, 21, longStr("x"))},
		{"start-ok again for tune-ok", tuned, encodeMethod(0, 10, 11, fieldTable(), shortStr("PLAIN"), longStr("\x00guest\x00guest"), shortStr("en_US"))},
		{"open for tune-ok", tuned, encodeMethod(0, 10, 40, shortStr("/"), shortStr(""), u8(0))},
		{"channel.open for start-ok", started, encodeMethod(1, 20, 10, shortStr(""))},
		{"channel.open for tune-ok", tuned, encodeMethod(1, 20, 10, shortStr(""))},
		{"a content header for start-ok", started, encodeHeader(0, 60, 0)},
		{"an unknown frame type for start-ok", started, encodeFrame(9, 0, nil)},
		{"a frame without its end octet", started, withEndOctet(encodeMethod(0, 10, 21, longStr("x")), 0)},
		{"close for start-ok", started, encodeMethod(0, 10, 50, u16(200), shortStr(""), u16(0), u16(0))},
		{"close for tune-ok", tuned, encodeMethod(0, 10, 50, u16(200), shortStr(""), u16(0), u16(0))},
	} {
		t.Run(c.name, func(t *testing.T) {
			rule(t, "connection")
			t.Parallel()
			raw := rawDial(t)
			c.reach(raw)
			raw.send(c.wrong)
			raw.expectClosed(patience)
		})
	}
}

// Once the limits are agreed, errors are told.
func TestConnection_MethodOutOfTurnBeforeOpenIsRefused(t *testing.T) {
	rule(t, "connection")
	const unexpected = "CHANNEL_ERROR - unexpected method in connection state opening"
	for _, c := range []struct {
		name          string
		wrong         []byte
		code          uint16
		text          string
		class, method uint16
	}{
		{"tune-ok again", encodeMethod(0, 10, 31, u16(10), u32(4096), u16(0)), 504, unexpected, 10, 31},
		{"close", encodeMethod(0, 10, 50, u16(200), shortStr(""), u16(0), u16(0)), 504, unexpected, 10, 50},
		{"update-secret", encodeMethod(0, 10, 70, longStr("s"), shortStr("r")), 504, unexpected, 10, 70},
		{
			"channel.open", encodeMethod(1, 20, 10, shortStr("")),
			505, "UNEXPECTED_FRAME - type 1, all octets = <<0,20,0,10,0>>", 0, 0,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			rule(t, "connection")
			raw := rawDial(t)
			raw.sendTuneOk(raw.login())
			raw.send(c.wrong)
			class, method := raw.expectConnectionClose(c.code, c.text)
			require.Equal(t, [2]uint16{c.class, c.method}, [2]uint16{class, method})
			raw.expectClosed(patience)
		})
	}
}

// In the running state the same methods are errors that are told.
func TestConnection_HandshakeMethodInTheRunningStateIsRefused(t *testing.T) {
	rule(t, "connection")
	for _, c := range []struct {
		name   string
		method uint16
		args   []byte
	}{
		{"start-ok", 11, join(fieldTable(), shortStr("PLAIN"), longStr("\x00guest\x00guest"), shortStr("en_US"))},
		{"secure-ok", 21, longStr("x")},
		{"tune-ok", 31, join(u16(10), u32(4096), u16(0))},
		{"open", 40, join(shortStr("/"), shortStr(""), u8(0))},
	} {
		t.Run(c.name, func(t *testing.T) {
			rule(t, "connection")
			raw := rawOpen(t)
			raw.sendMethod(0, 10, c.method, c.args)
			class, method := raw.expectConnectionClose(504, "CHANNEL_ERROR - unexpected method in connection state running")
			require.Equal(t, [2]uint16{10, c.method}, [2]uint16{class, method})
			raw.expectClosed(patience)
		})
	}
}

// Methods that only a broker sends are as wrong as any other from a client.
func TestConnection_BrokersMethodFromAClientIsRefused(t *testing.T) {
	rule(t, "connection")
	for _, c := range []struct {
		name   string
		method uint16
		args   []byte
	}{
		{"start", 10, join(u8(0), u8(9), fieldTable(), longStr("PLAIN"), longStr("en_US"))},
		{"secure", 20, longStr("x")},
		{"tune", 30, join(u16(10), u32(4096), u16(0))},
		{"open-ok", 41, shortStr("")},
		{"blocked", 60, shortStr("low on memory")},
		{"unblocked", 61, nil},
		{"update-secret-ok", 71, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			rule(t, "connection")
			raw := rawOpen(t)
			raw.sendMethod(0, 10, c.method, c.args)
			class, method := raw.expectConnectionClose(504, "CHANNEL_ERROR - unexpected method in connection state running")
			require.Equal(t, [2]uint16{10, c.method}, [2]uint16{class, method})
		})
	}
}
