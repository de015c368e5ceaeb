package conformance

import (
	"github.com/stretchr/testify/require"
)

// tuneValues are the arguments of connection.tune and connection.tune-ok.
type tuneValues struct {
	channelMax uint16
	frameMax   uint32 // octets of a whole frame
	heartbeat  uint16 // seconds
}

// startValues are the arguments of connection.start.
type startValues struct {
	major, minor        byte
	serverProperties    map[string]any
	mechanisms, locales string
}

// handshake takes the connection to its running state with the broker's own limits
// and without heartbeats.
func (c *rawClient) handshake() {
	c.t.Helper()
	tune := c.login()
	tune.heartbeat = 0
	c.handshakeWith(tune)
}

// login goes as far as connection.tune.
func (c *rawClient) login() tuneValues {
	c.t.Helper()
	c.start()
	c.sendStartOk("PLAIN", plainResponse(c.user, c.password))
	return c.expectTune()
}

// handshakeWith answers connection.tune and opens the virtual host.
func (c *rawClient) handshakeWith(tune tuneValues) {
	c.t.Helper()
	c.sendTuneOk(tune)
	c.sendOpen(c.vhost)
	c.expectMethod(10, 41)
}

// start sends the protocol header and reads connection.start.
func (c *rawClient) start() startValues {
	c.t.Helper()
	c.send([]byte(protocolHeader))
	m := c.expectMethod(10, 10)
	return startValues{
		major: m.u8(), minor: m.u8(), serverProperties: m.table(), mechanisms: m.longStr(), locales: m.longStr(),
	}
}

// plainResponse is the answer of the PLAIN mechanism.
func plainResponse(user, password string) string { return "\x00" + user + "\x00" + password }

// sendStartOk answers connection.start; fields are the client properties.
func (c *rawClient) sendStartOk(mechanism, response string, fields ...[]byte) {
	c.t.Helper()
	c.sendMethod(0, 10, 11, fieldTable(fields...), shortStr(mechanism), longStr(response), shortStr("en_US"))
}

func (c *rawClient) expectTune() tuneValues {
	c.t.Helper()
	m := c.expectMethod(10, 30)
	return tuneValues{channelMax: m.u16(), frameMax: m.u32(), heartbeat: m.u16()}
}

func (c *rawClient) sendTuneOk(v tuneValues) {
	c.t.Helper()
	c.sendMethod(0, 10, 31, u16(v.channelMax), u32(v.frameMax), u16(v.heartbeat))
}

func (c *rawClient) sendOpen(vhost string) {
	c.t.Helper()
	c.sendMethod(0, 10, 40, shortStr(vhost), shortStr(""), u8(0))
}

// openChannel opens a channel and requires channel.open-ok on it.
func (c *rawClient) openChannel(number uint16) {
	c.t.Helper()
	c.sendMethod(number, 20, 10, shortStr(""))
	m := c.expectMethod(20, 11)
	require.Equal(c.t, number, m.channel, "channel of channel.open-ok")
}

// requireAlive requires that the connection still works, by a channel round trip.
func (c *rawClient) requireAlive() {
	c.t.Helper()
	const probe = 1999
	c.openChannel(probe)
	c.sendMethod(probe, 20, 40, u16(200), shortStr("done"), u16(0), u16(0))
	c.expectMethod(20, 41)
}
