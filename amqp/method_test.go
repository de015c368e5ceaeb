package amqp

import (
	"encoding/binary"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// allMethods returns an empty struct of every method, found by trying all ids
// that the protocol could have.
func allMethods() []Method {
	var all []Method
	for class := range MethodID(256) {
		for method := range MethodID(256) {
			if m := newMethod(class<<16 | method); m != nil {
				all = append(all, m)
			}
		}
	}
	return all
}

// fill gives every field of a method a value that differs from its zero.
func fill(t *testing.T, m Method) {
	t.Helper()
	v := reflect.ValueOf(m).Elem()
	for i := range v.NumField() {
		switch f := v.Field(i); f.Interface().(type) {
		case bool:
			f.SetBool(true)
		case uint8, uint16, uint32, uint64:
			f.SetUint(uint64(0xf1 + i))
		case string:
			f.SetString(strings.Repeat("ü", i+1))
		case Table:
			f.Set(reflect.ValueOf(Table{{"x-key", int32(i)}, {"nested", Table{{"k", "v"}}}}))
		default:
			t.Fatalf("%T has a field of an unforeseen type %s", m, f.Type())
		}
	}
}

func arguments(m Method) []byte { return m.AppendArguments(nil) }

func TestEveryMethodRoundTrip(t *testing.T) {
	all := allMethods()
	require.Len(t, all, 66, "connection 14, channel 6, access 2, exchange 8, queue 10, basic 18, confirm 2, tx 6")
	for _, m := range all {
		t.Run(m.ID().String(), func(t *testing.T) {
			requireRoundTrip(t, m)
			fill(t, m)
			requireRoundTrip(t, m)

			wire := arguments(m)
			for cut := range len(wire) {
				requireUndecodable(t, newMethod(m.ID()), wire[:cut])
			}
			requireUndecodable(t, newMethod(m.ID()), append(wire, 0))
		})
	}
}

func requireRoundTrip(t *testing.T, m Method) {
	t.Helper()
	frames := parseAll(t, AppendMethod(nil, 7, m), 0)
	require.Len(t, frames, 1)
	require.EqualValues(t, FrameMethod, frames[0].Type)
	require.EqualValues(t, 7, frames[0].Channel)
	decoded, err := DecodeMethod(frames[0].Payload)
	require.NoError(t, err)
	require.Equal(t, m, decoded)

	clear(frames[0].Payload)
	require.Equal(t, m, decoded, "a decoded method keeps nothing of the input")
	require.NoError(t, decoded.DecodeArguments(arguments(m)))
	require.Equal(t, m, decoded, "decoding into a used struct leaves nothing behind")
}

func requireUndecodable(t *testing.T, m Method, args []byte) {
	t.Helper()
	var amqpErr *Error
	require.ErrorAs(t, m.DecodeArguments(args), &amqpErr)
	require.Equal(t, CodeFrameError, amqpErr.Code)
	require.Equal(t, m.ID(), amqpErr.Method)
	require.Regexp(t, `^cannot decode <<[0-9,]*>>$`, amqpErr.Text)
}

// TestEveryBitIsItsOwn sets one boolean after the other and expects a
// different encoding for each, which decodes to that one alone.
func TestEveryBitIsItsOwn(t *testing.T) {
	for _, m := range allMethods() {
		seen := map[string]bool{string(arguments(m)): true}
		for i := range reflect.TypeOf(m).Elem().NumField() {
			alone := newMethod(m.ID())
			f := reflect.ValueOf(alone).Elem().Field(i)
			if f.Kind() != reflect.Bool {
				continue
			}
			f.SetBool(true)
			wire := string(arguments(alone))
			require.False(t, seen[wire], "%s", m.ID())
			seen[wire] = true
			requireRoundTrip(t, alone)
		}
	}
}

// TestMethodsGolden has octets that were worked out by hand from the
// specification.
func TestMethodsGolden(t *testing.T) {
	for _, c := range []struct {
		method Method
		wire   string
	}{
		{&ConnectionStart{VersionMinor: 9, ServerProperties: Table{{"product", "RabbitMQ"}}, Mechanisms: "PLAIN", Locales: "en_US"},
			"\x00\x0a\x00\x0a\x00\x09" + "\x00\x00\x00\x15\x07productS\x00\x00\x00\x08RabbitMQ" +
				"\x00\x00\x00\x05PLAIN" + "\x00\x00\x00\x05en_US"},
		{&ConnectionStartOk{Mechanism: "PLAIN", Response: "\x00guest\x00guest", Locale: "en_US"},
			"\x00\x0a\x00\x0b\x00\x00\x00\x00\x05PLAIN\x00\x00\x00\x0c\x00guest\x00guest\x05en_US"},
		{&ConnectionTune{ChannelMax: 2047, FrameMax: 131072, Heartbeat: 60}, "\x00\x0a\x00\x1e\x07\xff\x00\x02\x00\x00\x00\x3c"},
		{&ConnectionOpen{VirtualHost: "/"}, "\x00\x0a\x00\x28\x01/\x00\x00"},
		{&ConnectionOpenOk{}, "\x00\x0a\x00\x29\x00"},
		{&ConnectionClose{ReplyCode: 320, ReplyText: "CONNECTION_FORCED", ClassID: 60, MethodID: 40},
			"\x00\x0a\x00\x32\x01\x40\x11CONNECTION_FORCED\x00\x3c\x00\x28"},
		{&ConnectionBlocked{Reason: "low on memory"}, "\x00\x0a\x00\x3c\x0dlow on memory"},
		{&ConnectionUnblocked{}, "\x00\x0a\x00\x3d"},
		{&ConnectionUpdateSecret{NewSecret: "s", Reason: "r"}, "\x00\x0a\x00\x46\x00\x00\x00\x01s\x01r"},
		{&ConnectionUpdateSecretOk{}, "\x00\x0a\x00\x47"},
		{&ChannelOpen{}, "\x00\x14\x00\x0a\x00"},
		{&ChannelOpenOk{}, "\x00\x14\x00\x0b\x00\x00\x00\x00"},
		{&AccessRequest{Realm: "/data", Passive: true, Read: true}, "\x00\x1e\x00\x0a\x05/data\x12"},
		{&AccessRequestOk{Ticket: 1}, "\x00\x1e\x00\x0b\x00\x01"},
		{&ExchangeDeclare{Exchange: "e", Type: "topic", Durable: true, Internal: true},
			"\x00\x28\x00\x0a\x00\x00\x01e\x05topic\x0a\x00\x00\x00\x00"},
		{&ExchangeUnbindOk{}, "\x00\x28\x00\x33"},
		{&QueueDeclare{Queue: "q", Passive: true, NoWait: true, Arguments: Table{{"x-max-length", int32(5)}}},
			"\x00\x32\x00\x0a\x00\x00\x01q\x11\x00\x00\x00\x12\x0cx-max-lengthI\x00\x00\x00\x05"},
		{&QueueUnbind{Queue: "q", Exchange: "e", RoutingKey: "k"}, "\x00\x32\x00\x32\x00\x00\x01q\x01e\x01k\x00\x00\x00\x00"},
		{&BasicPublish{Exchange: "e", RoutingKey: "k", Mandatory: true}, "\x00\x3c\x00\x28\x00\x00\x01e\x01k\x01"},
		{&BasicDeliver{ConsumerTag: "c", DeliveryTag: 258, Redelivered: true, Exchange: "e", RoutingKey: "k"},
			"\x00\x3c\x00\x3c\x01c\x00\x00\x00\x00\x00\x00\x01\x02\x01\x01e\x01k"},
		{&BasicGetEmpty{}, "\x00\x3c\x00\x48\x00"},
		{&BasicAck{DeliveryTag: 1, Multiple: true}, "\x00\x3c\x00\x50\x00\x00\x00\x00\x00\x00\x00\x01\x01"},
		{&BasicNack{DeliveryTag: 1, Requeue: true}, "\x00\x3c\x00\x78\x00\x00\x00\x00\x00\x00\x00\x01\x02"},
		{&ConfirmSelect{NoWait: true}, "\x00\x55\x00\x0a\x01"},
		{&TxRollbackOk{}, "\x00\x5a\x00\x1f"},
	} {
		t.Run(c.method.ID().String(), func(t *testing.T) {
			frames := parseAll(t, AppendMethod(nil, 0, c.method), 0)
			require.Equal(t, c.wire, string(frames[0].Payload))
			requireRoundTrip(t, c.method)
		})
	}
}

// TestReservedArguments are skipped whatever they hold, within their bounds.
func TestReservedArguments(t *testing.T) {
	m, err := DecodeMethod([]byte("\x00\x0a\x00\x28\x01/\x05amqps\xff"))
	require.NoError(t, err)
	require.Equal(t, &ConnectionOpen{VirtualHost: "/"}, m)
	m, err = DecodeMethod([]byte("\x00\x3c\x00\x46\xff\xff\x01q\xff"))
	require.NoError(t, err)
	require.Equal(t, &BasicGet{Queue: "q", NoAck: true}, m)
	m, err = DecodeMethod([]byte("\x00\x14\x00\x0b\x00\x00\x00\x02id"))
	require.NoError(t, err)
	require.Equal(t, &ChannelOpenOk{}, m)
	_, err = DecodeMethod([]byte("\x00\x14\x00\x0a\x05four"))
	require.Error(t, err)
}

func TestMethodID(t *testing.T) {
	require.Equal(t, "basic.publish", IDBasicPublish.String())
	require.Equal(t, "connection.update-secret-ok", IDConnectionUpdateSecretOk.String())
	require.Equal(t, uint16(60), IDBasicPublish.Class())
	require.Equal(t, uint16(40), IDBasicPublish.Method())
	require.Equal(t, "60.41", MethodID(60<<16|41).String())

	var carriers []string
	for _, m := range allMethods() {
		if m.ID().HasContent() {
			carriers = append(carriers, m.ID().String())
		}
	}
	require.Equal(t, []string{"basic.publish", "basic.return", "basic.deliver", "basic.get-ok"}, carriers)
}

func TestDecodeMethodErrors(t *testing.T) {
	m, err := DecodeMethod([]byte{0, 60, 0, 99})
	require.Nil(t, m)
	require.True(t, errors.Is(err, ErrUnknownMethod))
	require.ErrorContains(t, err, "class 60, method 99")
	_, err = DecodeMethod([]byte{0, 60, 0})
	require.ErrorIs(t, err, ErrUnknownMethod)

	_, err = DecodeMethod([]byte{0, 60, 0, 80, 0})
	require.Equal(t, &Error{Code: CodeFrameError, Text: "cannot decode <<0>>", Method: IDBasicAck}, err)
	_, err = DecodeMethod([]byte("\x00\x3c\x00\x46\x00\x00\x02\xff\xfe\x00"))
	require.Equal(t, &Error{Code: CodeFrameError, Text: "Malformed UTF-8 in shortstr"}, err)
	_, err = DecodeMethod([]byte("\x00\x32\x00\x0a\x00\x00\x01q\x00\x00\x00\x00\x04\x01kz\x00"))
	require.Equal(t, &Error{Code: CodeFrameError, Method: IDQueueDeclare,
		Text: "cannot decode <<0,0,1,113,0,0,0,0,4,1,107,122,0>>"}, err, "an unknown letter in a table")
}

// TestCannotDecodeFitsAReplyText garbles a large method.
func TestCannotDecodeFitsAReplyText(t *testing.T) {
	payload := append([]byte{0, 10, 0, 20}, binary.BigEndian.AppendUint32(nil, 1<<20)...)
	payload = append(payload, make([]byte, 100_000)...)
	_, err := DecodeMethod(payload)
	var amqpErr *Error
	require.ErrorAs(t, err, &amqpErr)
	require.Less(t, len(amqpErr.Text), 2*MaxShortString)
	require.Len(t, amqpErr.ReplyText(), MaxShortString)
	require.True(t, strings.HasPrefix(amqpErr.ReplyText(), "FRAME_ERROR - cannot decode <<0,16,0,0,0,"))
	require.True(t, strings.HasSuffix(amqpErr.ReplyText(), "..."))
}

func TestLongstrNeedsNoUTF8(t *testing.T) {
	m := &ConnectionSecureOk{Response: "\xff\x00\xfe"}
	requireRoundTrip(t, m)
}

func TestLongShortstrIsCut(t *testing.T) {
	m := &BasicCancel{ConsumerTag: strings.Repeat("ü", 128), NoWait: true}
	decoded := new(BasicCancel)
	require.NoError(t, decoded.DecodeArguments(arguments(m)))
	require.Equal(t, &BasicCancel{ConsumerTag: strings.Repeat("ü", 127), NoWait: true}, decoded)
}

func TestAppendAckAndNack(t *testing.T) {
	ack := BasicAck{DeliveryTag: 9, Multiple: true}
	require.Equal(t, AppendMethod(nil, 2, &ack), AppendAck(nil, 2, ack))
	nack := BasicNack{DeliveryTag: 9, Requeue: true}
	require.Equal(t, AppendMethod(nil, 2, &nack), AppendNack(nil, 2, nack))
}

// TestDecodingAgainKeepsEqualStrings is what spares the copies on the hot
// path, and must not mix up the strings.
func TestDecodingAgainKeepsEqualStrings(t *testing.T) {
	var m BasicPublish
	for _, want := range []BasicPublish{
		{Exchange: "a", RoutingKey: "b"}, {Exchange: "a", RoutingKey: "c", Mandatory: true},
		{Exchange: "", RoutingKey: "c"}, {Exchange: "a", RoutingKey: ""},
	} {
		require.NoError(t, m.DecodeArguments(arguments(&want)))
		require.Equal(t, want, m)
	}
}
