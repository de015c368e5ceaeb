package amqp

import (
	"bytes"
	"math"
	"reflect"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// The octets that a decoded table may take for each octet on the wire, and in
// any case. A void array element is one octet and becomes an interface of 16,
// a void field is two and becomes 32; growing a slice may double that.
const (
	maxExpansion     = 64
	maxExpansionBase = 64
)

// requireReply checks that an error is one that a peer can be told.
func requireReply(t *testing.T, err error) {
	t.Helper()
	var amqpErr *Error
	require.ErrorAs(t, err, &amqpErr)
	require.Equal(t, CodeFrameError, amqpErr.Code)
	require.LessOrEqual(t, len(amqpErr.ReplyText()), MaxShortString)
	require.True(t, utf8.ValidString(amqpErr.ReplyText()))
}

func FuzzParseFrame(f *testing.F) {
	f.Add([]byte(ProtocolHeader), uint32(FrameMinSize))
	f.Add(AppendHeartbeat(nil), uint32(FrameMinSize))
	f.Add(AppendContent(nil, 1, &BasicPublish{Exchange: "e", RoutingKey: "k"}, fullList().Encode(), []byte("body"), 0), uint32(0))
	f.Add([]byte("\x03\x00\x01\xff\xff\xff\xff"), uint32(0))
	f.Add([]byte("\x03\x00\x01\x00\x00\x10\x01"), uint32(FrameMinSize))
	f.Add([]byte("\x01\x00\x00\x00\x00\x00\x04\x00\x0a\x00\x0a\xcd"), uint32(0))
	f.Fuzz(func(t *testing.T, buf []byte, frameMax uint32) {
		frame, n, err := ParseFrame(buf, frameMax)
		if err != nil {
			require.Zero(t, n)
			requireReply(t, err)
			return
		}
		require.LessOrEqual(t, n, len(buf))
		if n == 0 {
			return
		}
		require.Equal(t, buf[:n], AppendFrame(nil, frame))
		require.Equal(t, len(frame.Payload), cap(frame.Payload))
		_, short, err := ParseFrame(buf[:n-1], frameMax)
		require.NoError(t, err)
		require.Zero(t, short)
	})
}

// payloadOf is the payload of the method's frame.
func payloadOf(m Method) []byte {
	return m.AppendArguments(appendLong(nil, uint32(m.ID())))
}

func FuzzDecodeMethod(f *testing.F) {
	for _, m := range allMethods() {
		f.Add(payloadOf(m))
	}
	for _, c := range fieldCases() {
		f.Add(payloadOf(&QueueDeclare{Queue: "q", Arguments: Table{{c.name, c.value}}}))
	}
	f.Add([]byte("\x00\x3c\x00\x28\x00\x00\x02\xff\xfe\x00\x00"))
	f.Fuzz(func(t *testing.T, payload []byte) {
		m, err := DecodeMethod(payload)
		if err != nil {
			require.Nil(t, m)
			if id, _ := SplitMethod(payload); newMethod(id) != nil {
				requireReply(t, err)
			}
			return
		}
		require.LessOrEqual(t, memoryOf(reflect.ValueOf(m).Elem()), maxExpansionBase+maxExpansion*len(payload))
		frames := parseAll(t, AppendMethod(nil, 1, m), 0)
		require.Len(t, frames, 1)
		again, err := DecodeMethod(frames[0].Payload)
		require.NoError(t, err)
		require.Equal(t, arguments(m), arguments(again))

		fill(t, again)
		require.NoError(t, again.DecodeArguments(frames[0].Payload[methodHeaderSize:]))
		require.Equal(t, arguments(m), arguments(again), "nothing is left of what the struct held before")
	})
}

// memoryOf is the number of octets that a decoded value takes beside itself.
func memoryOf(v reflect.Value) int {
	switch v.Kind() {
	case reflect.String:
		return v.Len()
	case reflect.Interface:
		if v.IsNil() {
			return 0
		}
		return int(v.Elem().Type().Size()) + memoryOf(v.Elem())
	case reflect.Slice:
		total := v.Cap() * int(v.Type().Elem().Size())
		for i := range v.Len() {
			total += memoryOf(v.Index(i))
		}
		return total
	case reflect.Struct:
		total := 0
		for i := range v.NumField() {
			total += memoryOf(v.Field(i))
		}
		return total
	}
	return 0
}

func FuzzDecodeTable(f *testing.F) {
	for _, c := range fieldCases() {
		f.Add([]byte("\x03key" + c.wire))
	}
	f.Add([]byte("\x01aL\x80\x00\x00\x00\x00\x00\x00\x00\x01bt\x07"))
	f.Add(AppendTable(nil, nestedTables(MaxTableDepth))[4:])
	f.Add(AppendTable(nil, nestedArrays(MaxTableDepth+1))[4:])
	f.Add([]byte("\x01kA\xff\xff\xff\xff"))
	f.Add([]byte("\x01kf\x7f\xa0\x00\x01")) // a signalling NaN
	f.Fuzz(func(t *testing.T, body []byte) {
		table, err := DecodeTable(body)
		check := cursor{rest: append(appendLong(nil, uint32(len(body))), body...)}
		check.checkTable(1)
		require.Equal(t, err, check.end(), "checking and decoding agree")
		if err != nil {
			require.Nil(t, table)
			return
		}
		require.NoError(t, table.Validate())
		require.LessOrEqual(t, memoryOf(reflect.ValueOf(table)), maxExpansionBase+maxExpansion*len(body))

		encoded := AppendTable(nil, table)[4:]
		require.Len(t, encoded, len(body), "only single octets may change: L to l, and any true to 1")
		again, err := DecodeTable(encoded)
		require.NoError(t, err)
		require.Equal(t, encoded, AppendTable(nil, again)[4:])
		for _, field := range table {
			require.True(t, findKey(body, field.Key))
		}
		_, present := table.Lookup("key")
		require.Equal(t, present, findKey(body, "key"))
	})
}

func addProperties(f *testing.F) {
	f.Add([]byte(fullWire))
	for flag := FlagContentType; flag >= FlagClusterID; flag >>= 1 {
		f.Add([]byte(fullList().Encode().Without(flag)))
		f.Add([]byte(PropertyList{Present: flag}.Encode()))
	}
	f.Add([]byte("\x20\x00\x00\x00\x00\x0b\x01aL\x80\x00\x00\x00\x00\x00\x00\x00"))
	f.Add([]byte("\x00\x01\x00\x00"))
	f.Add([]byte("\xff\xfc\xff"))
	f.Add([]byte{})
}

func FuzzProperties(f *testing.F) {
	addProperties(f)
	f.Fuzz(func(t *testing.T, octets []byte) {
		original := bytes.Clone(octets)
		p := Properties(octets)
		frames := parseAll(t, AppendHeader(nil, 1, math.MaxUint64, p), 0)
		h, err := DecodeHeader(frames[0].Payload)
		require.NoError(t, err)
		require.Equal(t, uint64(math.MaxUint64), h.BodySize)
		if len(p) > 0 {
			require.Equal(t, p, h.Properties)
		}
		if p.Validate() != nil {
			return
		}
		require.NoError(t, h.Properties.Validate())

		list := p.List().Encode()
		require.NoError(t, list.Validate())
		require.Equal(t, list, list.List().Encode())
		require.Len(t, list, len(h.Properties), "only octets inside the headers may change, see FuzzDecodeTable")
		require.Equal(t, p.Without(FlagHeaders).List().Encode(), list.WithHeaders(nil))
		if p.Flags()&FlagHeaders != 0 {
			require.Equal(t, list, p.WithHeaders(append(Table{}, p.Headers()...)))
		} else {
			require.Equal(t, h.Properties, list)
		}
		require.Equal(t, original, octets, "properties are never changed in place")
	})
}

// FuzzPropertyGetters gives octets that nothing has validated to everything
// that reads properties.
func FuzzPropertyGetters(f *testing.F) {
	addProperties(f)
	f.Fuzz(func(t *testing.T, octets []byte) {
		p := Properties(octets)
		list := p.List()
		require.LessOrEqual(t, memoryOf(reflect.ValueOf(list)), maxExpansionBase+maxExpansion*len(octets))
		for _, field := range p.Headers() {
			require.True(t, p.HasHeader(field.Key))
		}
		p.HasHeader("key")
		require.True(t, p.WithHeaders(nil).WithHeaders(Table{{"k", "v"}}).HasHeader("k"))
		for flag := FlagContentType; flag >= FlagClusterID; flag >>= 1 {
			require.Zero(t, p.Without(flag).Flags()&flag)
		}
		if p.Validate() == nil {
			require.NoError(t, p.WithReplyTo("address").Validate())
			require.Equal(t, "address", p.WithReplyTo("address").ReplyTo())
		}
	})
}
