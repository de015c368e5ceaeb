package conformance

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Section 1.1 of the behaviour reference: the first eight octets.

func TestConnection_ProtocolHeaderIsAccepted(t *testing.T) {
	rule(t, "connection")
	for _, c := range []struct{ name, header string }{
		{"0-9-1", protocolHeader},
		{"0-9", "AMQP\x01\x01\x00\x09"},
	} {
		t.Run(c.name, func(t *testing.T) {
			rule(t, "connection")
			raw := rawDial(t)
			raw.send([]byte(c.header))
			m := raw.expectMethod(10, 10)
			require.Zero(t, m.channel, "channel of connection.start")
		})
	}
}

func TestConnection_ProtocolHeaderIsRefusedWithTheBrokersOwn(t *testing.T) {
	rule(t, "connection")
	for _, c := range []struct {
		name, header string
		answer       string
	}{
		{"0-9-2", "AMQP\x00\x00\x09\x02", protocolHeader},
		{"0-10", "AMQP\x00\x00\x0a\x00", protocolHeader},
		{"0-8", "AMQP\x00\x00\x08\x00", otherProtocolAnswer()},
		{"1.0 without SASL", "AMQP\x00\x01\x00\x00", otherProtocolAnswer()},
		{"1.0 over TLS", "AMQP\x02\x01\x00\x00", otherProtocolAnswer()},
		{"HTTP", "GET / HT", otherProtocolAnswer()},
		{"TLS client hello", "\x16\x03\x01\x02\x00\x01\x00\x01", otherProtocolAnswer()},
		{"lower case", "amqp\x00\x00\x09\x01", otherProtocolAnswer()},
		{"zeros", "\x00\x00\x00\x00\x00\x00\x00\x00", otherProtocolAnswer()},
	} {
		t.Run(c.name, func(t *testing.T) {
			rule(t, "connection")
			raw := rawDial(t)
			raw.send([]byte(c.header))
			require.Equal(t, c.answer, raw.readOctets(len(c.answer)))
			raw.expectClosed(patience)
		})
	}
}

// otherProtocolAnswer is what a client of another protocol is told. RabbitMQ 4
// speaks AMQP 1.0 itself and says so; a broker of 0-9-1 alone names its own version.
func otherProtocolAnswer() string {
	if suite.broker.kind == rabbit4 {
		return "AMQP\x03\x01\x00\x00"
	}
	return protocolHeader
}

func TestConnection_ProtocolHeaderMayArriveOctetByOctet(t *testing.T) {
	rule(t, "connection")
	raw := rawDial(t)
	for _, octet := range []byte(protocolHeader) {
		raw.send([]byte{octet})
	}
	raw.expectMethod(10, 10)
}

func TestConnection_HandshakeMayBePipelined(t *testing.T) {
	rule(t, "connection")
	raw := rawDial(t)
	raw.send(join(
		[]byte(protocolHeader),
		encodeMethod(0, 10, 11, fieldTable(), shortStr("PLAIN"), longStr(plainResponse(raw.user, raw.password)), shortStr("en_US")),
		encodeMethod(0, 10, 31, u16(100), u32(8192), u16(0)),
		encodeMethod(0, 10, 40, shortStr(raw.vhost), shortStr(""), u8(0)),
		encodeMethod(7, 20, 10, shortStr("")),
	))
	raw.expectMethod(10, 10)
	raw.expectMethod(10, 30)
	raw.expectMethod(10, 41)
	m := raw.expectMethod(20, 11)
	require.EqualValues(t, 7, m.channel)
}

func TestConnection_SilentClientIsDroppedAtTheHandshakeTimeout(t *testing.T) {
	rule(t, "connection")
	for _, c := range []struct {
		name string
		part string
	}{
		{"nothing sent", ""},
		{"half a header", "AMQP"},
	} {
		t.Run(c.name, func(t *testing.T) {
			rule(t, "connection")
			t.Parallel()
			raw := rawDial(t)
			raw.send([]byte(c.part))
			raw.expectClosed(handshakeTimeout)
		})
	}
}

func TestConnection_ClientSilentAfterStartIsDroppedAtTheHandshakeTimeout(t *testing.T) {
	rule(t, "connection")
	for _, c := range []struct {
		name  string
		reach func(*rawClient)
	}{
		{"after connection.start", func(raw *rawClient) { raw.start() }},
		{"after connection.tune", func(raw *rawClient) { raw.login() }},
		{"before connection.open", func(raw *rawClient) {
			tune := raw.login()
			tune.heartbeat = 0
			raw.sendTuneOk(tune)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			rule(t, "connection")
			t.Parallel()
			raw := rawDial(t)
			c.reach(raw)
			raw.expectClosed(handshakeTimeout)
		})
	}
}
