package conformance

import (
	"fmt"
	"strings"
	"testing"

	"github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

// Sections 1.3 and 1.4 of the behaviour reference: connection.start-ok and login.

// loginRefused is the reply text of every login that is refused for its credentials.
func loginRefused(mechanism string) string {
	return "ACCESS_REFUSED - Login was refused using authentication mechanism " + mechanism +
		". For details see the broker logfile."
}

// wantsAuthenticationFailureClose is the client property that asks for a
// connection.close when the login fails.
func wantsAuthenticationFailureClose(value []byte) []byte {
	return field("capabilities", 'F', fieldTable(value))
}

// amqplainResponse is a field table without its length.
func amqplainResponse(fields ...[]byte) string { return string(join(fields...)) }

func TestConnection_AMQPLAINLogsIn(t *testing.T) {
	rule(t, "connection")
	user, password := stringField, stringField
	for _, c := range []struct {
		name   string
		fields func(raw *rawClient) [][]byte
	}{
		{"login and password", func(raw *rawClient) [][]byte {
			return [][]byte{user("LOGIN", raw.user), password("PASSWORD", raw.password)}
		}},
		{"password first", func(raw *rawClient) [][]byte {
			return [][]byte{password("PASSWORD", raw.password), user("LOGIN", raw.user)}
		}},
		{"with other fields", func(raw *rawClient) [][]byte {
			return [][]byte{boolField("x", 1), user("LOGIN", raw.user), password("PASSWORD", raw.password)}
		}},
		{"as octets", func(raw *rawClient) [][]byte {
			return [][]byte{field("LOGIN", 'x', longStr(raw.user)), field("PASSWORD", 'x', longStr(raw.password))}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			rule(t, "connection")
			raw := rawDial(t)
			raw.start()
			raw.sendStartOk("AMQPLAIN", amqplainResponse(c.fields(raw)...))
			raw.expectTune()
		})
	}
}

func TestConnection_AMQPLAINWorksWithAClientLibrary(t *testing.T) {
	rule(t, "connection")
	_, user, password, _ := suite.credentials(t)
	c := dialConfig(t, amqp091.Config{SASL: []amqp091.Authentication{
		&amqp091.AMQPlainAuth{Username: user, Password: password},
	}})
	channelOn(t, c)
}

// With the capability authentication_failure_close a refused login is answered; the
// socket is dropped soon after, whatever the client says.
func TestConnection_RefusedLoginIsAnsweredToClientsThatAskForIt(t *testing.T) {
	rule(t, "connection")
	for _, c := range []struct {
		name, mechanism string
		response        func(raw *rawClient) string
	}{
		{"wrong password", "PLAIN", func(raw *rawClient) string { return plainResponse(raw.user, "wrong") }},
		{"unknown user", "PLAIN", func(*rawClient) string { return plainResponse("nobody", "wrong") }},
		{"blank password", "PLAIN", func(raw *rawClient) string { return plainResponse(raw.user, "") }},
		{"blank user", "PLAIN", func(raw *rawClient) string { return plainResponse("", raw.password) }},
		{"AMQPLAIN wrong password", "AMQPLAIN", func(raw *rawClient) string {
			return amqplainResponse(stringField("LOGIN", raw.user), stringField("PASSWORD", "wrong"))
		}},
		{"AMQPLAIN with a number for PASSWORD", "AMQPLAIN", func(raw *rawClient) string {
			return amqplainResponse(stringField("LOGIN", raw.user), field("PASSWORD", 'I', u32(1)))
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			rule(t, "connection")
			t.Parallel()
			raw := rawDial(t)
			raw.start()
			raw.sendStartOk(c.mechanism, c.response(raw),
				wantsAuthenticationFailureClose(boolField("authentication_failure_close", 1)))
			class, method := raw.expectConnectionClose(403, loginRefused(c.mechanism))
			require.Equal(t, [2]uint16{0, 0}, [2]uint16{class, method})
			raw.expectClosed(patience)
		})
	}
}

func TestConnection_RefusedLoginHangsUpSilentlyOnClientsThatDoNotAsk(t *testing.T) {
	rule(t, "connection")
	for _, c := range []struct {
		name   string
		fields [][]byte
	}{
		{"no capabilities", nil},
		{"capability false", [][]byte{wantsAuthenticationFailureClose(boolField("authentication_failure_close", 0))}},
		{"capability not a boolean", [][]byte{wantsAuthenticationFailureClose(stringField("authentication_failure_close", "true"))}},
	} {
		t.Run(c.name, func(t *testing.T) {
			rule(t, "connection")
			t.Parallel()
			raw := rawDial(t)
			raw.start()
			raw.sendStartOk("PLAIN", plainResponse(raw.user, "wrong"), c.fields...)
			raw.expectClosed(patience)
		})
	}
}

func TestConnection_RefusedLoginReachesAClientLibrary(t *testing.T) {
	rule(t, "connection")
	_, user, _, _ := suite.credentials(t)
	_, err := amqp091.DialConfig(suite.url, amqp091.Config{SASL: []amqp091.Authentication{
		&amqp091.PlainAuth{Username: user, Password: "wrong"},
	}})
	require.ErrorIs(t, err, amqp091.ErrCredentials)
}

// A response of the wrong shape and a mechanism that was not offered are errors of
// the protocol, not refused logins: no frame tells about them.
func TestConnection_MalformedLoginHangsUpSilently(t *testing.T) {
	rule(t, "connection")
	for _, c := range []struct {
		name, mechanism string
		response        func(raw *rawClient) string
	}{
		{"unknown mechanism", "KERBEROS", func(raw *rawClient) string { return plainResponse(raw.user, raw.password) }},
		{"empty mechanism", "", func(raw *rawClient) string { return plainResponse(raw.user, raw.password) }},
		{"mechanism in lower case", "plain", func(raw *rawClient) string { return plainResponse(raw.user, raw.password) }},
		{"mechanism not offered", "EXTERNAL", func(*rawClient) string { return "" }},
		{"PLAIN empty", "PLAIN", func(*rawClient) string { return "" }},
		{"PLAIN without the first NUL", "PLAIN", func(raw *rawClient) string { return raw.user + "\x00" + raw.password }},
		{"PLAIN without a password", "PLAIN", func(raw *rawClient) string { return "\x00" + raw.user }},
		{"PLAIN with an authorization identity", "PLAIN", func(raw *rawClient) string {
			return raw.user + plainResponse(raw.user, raw.password)
		}},
		{"PLAIN with a third NUL", "PLAIN", func(raw *rawClient) string {
			return plainResponse(raw.user, raw.password) + "\x00"
		}},
		{"AMQPLAIN without LOGIN", "AMQPLAIN", func(raw *rawClient) string {
			return amqplainResponse(stringField("PASSWORD", raw.password))
		}},
		{"AMQPLAIN without PASSWORD", "AMQPLAIN", func(raw *rawClient) string {
			return amqplainResponse(stringField("LOGIN", raw.user))
		}},
		{"AMQPLAIN garbled", "AMQPLAIN", func(*rawClient) string { return "\x05LOGINS\x00\x00\xff\xffguest" }},
	} {
		t.Run(c.name, func(t *testing.T) {
			rule(t, "connection")
			t.Parallel()
			raw := rawDial(t)
			raw.start()
			raw.sendStartOk(c.mechanism, c.response(raw),
				wantsAuthenticationFailureClose(boolField("authentication_failure_close", 1)))
			raw.expectClosed(patience)
		})
	}
}

func TestConnection_StartOkLocaleIsIgnored(t *testing.T) {
	rule(t, "connection")
	for _, locale := range []string{"", "de_DE", "xx"} {
		t.Run(fmt.Sprintf("locale %q", locale), func(t *testing.T) {
			rule(t, "connection")
			raw := rawDial(t)
			raw.start()
			raw.sendMethod(0, 10, 11, fieldTable(), shortStr("PLAIN"),
				longStr(plainResponse(raw.user, raw.password)), shortStr(locale))
			raw.expectTune()
		})
	}
}

func TestConnection_ClientPropertiesOfAnyTypeAreAccepted(t *testing.T) {
	rule(t, "connection")
	for _, c := range []struct {
		name  string
		field []byte
	}{
		{"connection_name", stringField("connection_name", "a connection with a name")},
		{"connection_name as a number", field("connection_name", 'I', u32(7))},
		{"boolean", boolField("v", 1)},
		{"signed octet", field("v", 'b', u8(0xff))},
		{"unsigned octet", field("v", 'B', u8(0xff))},
		{"short", field("v", 's', u16(0xffff))},
		{"unsigned short", field("v", 'u', u16(0xffff))},
		{"long", field("v", 'I', u32(0xffffffff))},
		{"unsigned long", field("v", 'i', u32(0xffffffff))},
		{"long long", field("v", 'l', u64(1<<63))},
		{"float", field("v", 'f', u32(0x40490fdb))},
		{"double", field("v", 'd', u64(0x400921fb54442d18))},
		{"decimal", field("v", 'D', u8(2), u32(314))},
		{"timestamp", field("v", 'T', u64(1700000000))},
		{"octets", field("v", 'x', longStr("\x00\xff"))},
		{"void", field("v", 'V')},
		{"array", field("v", 'A', longStr("t\x01t\x00"))},
		{"table", field("v", 'F', fieldTable(boolField("inner", 1)))},
		{"nested tables", field("v", 'F', nestedTables(50))},
		{"long value", stringField("v", strings.Repeat("x", 3900))},
		{"the same key twice", join(boolField("v", 1), stringField("v", "again"))},
		{"capabilities not a table", stringField("capabilities", "none")},
	} {
		t.Run(c.name, func(t *testing.T) {
			rule(t, "connection")
			raw := rawDial(t)
			raw.start()
			raw.sendStartOk("PLAIN", plainResponse(raw.user, raw.password), c.field)
			tune := raw.expectTune()
			raw.handshakeWith(tune)
		})
	}
}

// nestedTables is a table in a table and so on.
func nestedTables(depth int) []byte {
	table := fieldTable()
	for range depth {
		table = fieldTable(field("t", 'F', table))
	}
	return table
}

// Before the login, frames are held to a few kilobytes whatever will be negotiated.
func TestConnection_LargeFrameBeforeTheLoginHangsUpSilently(t *testing.T) {
	rule(t, "connection")
	raw := rawDial(t)
	raw.start()
	raw.sendStartOk("PLAIN", plainResponse(raw.user, raw.password), stringField("v", strings.Repeat("x", 9000)))
	raw.expectClosed(patience)
}
