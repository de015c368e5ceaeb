package conformance

import (
	"bytes"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Flags of the content header.
const (
	basicFlagContentType     = 1 << 15
	basicFlagContentEncoding = 1 << 14
	basicFlagHeaders         = 1 << 13
	basicFlagDeliveryMode    = 1 << 12
	basicFlagPriority        = 1 << 11
	basicFlagCorrelationID   = 1 << 10
	basicFlagReplyTo         = 1 << 9
	basicFlagExpiration      = 1 << 8
	basicFlagMessageID       = 1 << 7
	basicFlagTimestamp       = 1 << 6
	basicFlagType            = 1 << 5
	basicFlagUserID          = 1 << 4
	basicFlagAppID           = 1 << 3
	basicFlagClusterID       = 1 << 2
)

// basicProperty is one property as it is on the wire.
type basicProperty struct {
	name  string
	flag  uint16
	value []byte
}

// basicPropertyValues are all the properties, in the order of the wire. The user is
// left out: it must be the one who logged in.
func basicPropertyValues() []basicProperty {
	return []basicProperty{
		{"content-type", basicFlagContentType, shortStr("text/plain; charset=utf-8")},
		{"content-encoding", basicFlagContentEncoding, shortStr("gzip")},
		{"headers", basicFlagHeaders, fieldTable(stringField("key", "value"))},
		{"delivery-mode", basicFlagDeliveryMode, u8(2)},
		{"priority", basicFlagPriority, u8(200)},
		{"correlation-id", basicFlagCorrelationID, shortStr("korrelation-ä-1")},
		{"reply-to", basicFlagReplyTo, shortStr("answers")},
		{"expiration", basicFlagExpiration, shortStr("60000")},
		{"message-id", basicFlagMessageID, shortStr(strings.Repeat("i", 255))},
		{"timestamp", basicFlagTimestamp, u64(math.MaxUint64)},
		{"type", basicFlagType, shortStr("")},
		{"app-id", basicFlagAppID, shortStr("app")},
		{"cluster-id", basicFlagClusterID, shortStr("cluster")},
	}
}

// basicAllProperties is a content header's flags and values with every property.
func basicAllProperties() []byte {
	var flags uint16
	var values []byte
	for _, p := range basicPropertyValues() {
		flags |= p.flag
		values = append(values, p.value...)
	}
	return append(u16(flags), values...)
}

// basicRequireEcho requires that a message comes back with its properties octet by
// octet, to a consumer and to basic.get.
func basicRequireEcho(t *testing.T, properties []byte) {
	t.Helper()
	c := basicWireOpen(t)
	queue := basicWireQueue(c)
	c.send(basicWirePublication{key: queue, properties: properties, body: "m"}.encode())
	c.send(basicEncodeGet(queue))
	got := basicExpectGetOk(c)
	basicRequireOctets(t, properties, got.properties, "properties of get-ok")
	c.sendMethod(basicWireChannel, basicClass, 90, u64(got.tag), u8(1)) // reject, requeue
	basicWireConsume(c, queue, "echo", basicConsumeNoAck)
	delivered := basicExpectDelivery(c)
	basicRequireOctets(t, properties, delivered.properties, "properties of deliver")
	require.Equal(t, "m", string(delivered.body))
}

// basicRequireOctets compares octets and prints them in a readable form.
func basicRequireOctets(t *testing.T, want, got []byte, what string) {
	t.Helper()
	if !bytes.Equal(want, got) {
		require.Fail(t, what+" changed", "want %.300q\n got %.300q", want, got)
	}
}

func TestBasic_PropertiesComeBackAsSent(t *testing.T) {
	rule(t, "basic")
	for _, p := range basicPropertyValues() {
		t.Run(p.name, func(t *testing.T) {
			rule(t, "basic")
			basicRequireEcho(t, append(u16(p.flag), p.value...))
		})
	}
	t.Run("all", func(t *testing.T) {
		rule(t, "basic")
		basicRequireEcho(t, basicAllProperties())
	})
	t.Run("none", func(t *testing.T) {
		rule(t, "basic")
		basicRequireEcho(t, u16(0))
	})
	t.Run("user-id", func(t *testing.T) {
		rule(t, "basic")
		_, user, _, _ := suite.credentials(t)
		basicRequireEcho(t, join(u16(basicFlagUserID), shortStr(user)))
	})
}

func TestBasic_ExpirationComesBackAsSent(t *testing.T) {
	rule(t, "basic")
	basicRequireEcho(t, join(u16(basicFlagExpiration), shortStr("0060000")))
}

func TestBasic_PriorityTakesAnyOctet(t *testing.T) {
	rule(t, "basic")
	for _, priority := range []byte{0, 9, 10, 255} {
		t.Run(fmt.Sprint(priority), func(t *testing.T) {
			rule(t, "basic")
			basicRequireEcho(t, join(u16(basicFlagPriority), u8(priority)))
		})
	}
}

// basicHeaderFields is one field of every type of the RabbitMQ dialect.
func basicHeaderFields() []basicProperty {
	inner := fieldTable(stringField("s", "deep"), field("I", 'I', u32(7)))
	array := join(u8('S'), longStr("first"), u8('t'), u8(1), u8('V'), u8('F'), inner)
	return []basicProperty{
		{name: "t true", value: boolField("h", 1)},
		{name: "t false", value: boolField("h", 0)},
		{name: "b", value: field("h", 'b', u8(0x80))},
		{name: "B", value: field("h", 'B', u8(255))},
		{name: "s", value: field("h", 's', u16(0x8000))},
		{name: "u", value: field("h", 'u', u16(math.MaxUint16))},
		{name: "I", value: field("h", 'I', u32(0x80000000))},
		{name: "i", value: field("h", 'i', u32(math.MaxUint32))},
		{name: "l", value: field("h", 'l', u64(1<<63))},
		{name: "f", value: field("h", 'f', u32(math.Float32bits(1.5)))},
		{name: "d", value: field("h", 'd', u64(math.Float64bits(-math.Pi)))},
		{name: "D", value: field("h", 'D', u8(2), u32(12345))},
		{name: "S", value: stringField("h", "longstr ü")},
		{name: "S of octets", value: stringField("h", "\x00\xff\xfe")},
		{name: "S empty", value: stringField("h", "")},
		{name: "A", value: field("h", 'A', longStr(string(array)))},
		{name: "A empty", value: field("h", 'A', u32(0))},
		{name: "T", value: field("h", 'T', u64(1_700_000_000))},
		{name: "F", value: field("h", 'F', inner)},
		{name: "F empty", value: field("h", 'F', fieldTable())},
		{name: "V", value: field("h", 'V')},
		{name: "x", value: field("h", 'x', longStr("\x00\x01\xff"))},
	}
}

func TestBasic_HeaderFieldsComeBackAsSent(t *testing.T) {
	rule(t, "basic")
	var all [][]byte
	for i, f := range basicHeaderFields() {
		t.Run(f.name, func(t *testing.T) {
			rule(t, "basic")
			basicRequireEcho(t, join(u16(basicFlagHeaders), fieldTable(f.value)))
		})
		renamed := append(shortStr(fmt.Sprintf("h%02d", i)), f.value[2:]...)
		all = append(all, renamed)
	}
	t.Run("all", func(t *testing.T) {
		rule(t, "basic")
		basicRequireEcho(t, join(u16(basicFlagHeaders), fieldTable(all...)))
	})
}

func TestBasic_HeaderTablesComeBackAsSent(t *testing.T) {
	rule(t, "basic")
	deep := fieldTable()
	for range 50 {
		deep = fieldTable(field("deeper", 'F', deep))
	}
	cases := []struct {
		name  string
		table []byte
	}{
		{"empty", fieldTable()},
		{"order", fieldTable(stringField("z", "1"), stringField("a", "2"), stringField("m", "3"))},
		{"repeated key", fieldTable(stringField("k", "1"), stringField("k", "2"))},
		{"empty key", fieldTable(stringField("", "v"))},
		{"longest key", fieldTable(stringField(strings.Repeat("k", 255), "v"))},
		{"key that is not ASCII", fieldTable(stringField("schlüssel", "v"))},
		{"nested", deep},
		{"large", fieldTable(stringField("large", strings.Repeat("v", 100_000)))},
		{"type L", fieldTable(field("h", 'L', u64(5)))},
		{"true as 2", fieldTable(field("h", 't', u8(2)))},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			rule(t, "basic")
			basicRequireEcho(t, join(u16(basicFlagHeaders), tc.table))
		})
	}
}

func TestBasic_PropertiesReachEveryQueueAsSent(t *testing.T) {
	rule(t, "basic")
	c := basicWireOpen(t)
	first, second := basicWireQueue(c), basicWireQueue(c)
	for _, queue := range []string{first, second} {
		c.sendMethod(basicWireChannel, 50, 20, u16(0), shortStr(queue), shortStr("amq.fanout"), shortStr(""), u8(0), fieldTable())
		c.expectMethod(50, 21)
	}
	properties := basicAllProperties()
	c.send(basicWirePublication{exchange: "amq.fanout", properties: properties, body: "m"}.encode())
	for _, queue := range []string{first, second} {
		basicWireConsume(c, queue, "", basicConsumeNoAck)
		basicRequireOctets(t, properties, basicExpectDelivery(c).properties, "properties for queue "+queue)
	}
}
