package server_test

import (
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
)

// The notation of transcripts. A method is its name and its arguments, by the
// names of the specification; what is zero is left out, and a set bit is its
// name alone. Properties and body of a content follow:
//
//	basic.publish{routing-key: "q", mandatory} <delivery-mode: 2> "hello"
//
// Values of tables are written as in Go. Numbers without a type are int32,
// others look like int64(5); [..] is an array, {..} a table, void nothing. A
// long body of one letter repeated is 5000*"x".

// written is a method, a property list or anything else with the fields of a
// struct.
func written(name string, fields any, open, closing string) string {
	v := reflect.ValueOf(fields)
	var list []string
	for i := range v.NumField() {
		if text := writtenField(wireName(v.Type().Field(i).Name), v.Field(i)); text != "" {
			list = append(list, text)
		}
	}
	return name + open + strings.Join(list, ", ") + closing
}

func writtenField(name string, v reflect.Value) string {
	switch {
	case v.IsZero(), name == "present":
		return ""
	case v.Kind() == reflect.Bool:
		return name
	case v.CanUint(): // the type follows from the field
		return name + ": " + strconv.FormatUint(v.Uint(), 10)
	}
	return name + ": " + writtenValue(v.Interface())
}

func writtenValue(value any) string {
	switch v := value.(type) {
	case nil:
		return "void"
	case string:
		return strconv.Quote(v)
	case int32, bool:
		return fmt.Sprint(v)
	case amqp.Table:
		fields := make([]string, len(v))
		for i, f := range v {
			fields[i] = writtenKey(f.Key) + ": " + writtenValue(f.Value)
		}
		return "{" + strings.Join(fields, ", ") + "}"
	case amqp.Array:
		items := make([]string, len(v))
		for i, item := range v {
			items[i] = writtenValue(item)
		}
		return "[" + strings.Join(items, ", ") + "]"
	case amqp.Timestamp:
		return fmt.Sprintf("timestamp(%d)", uint64(v))
	}
	return fmt.Sprintf("%T(%v)", value, value)
}

var bareKey = regexp.MustCompile(`^[A-Za-z][\w.-]*$`)

func writtenKey(key string) string {
	if bareKey.MatchString(key) {
		return key
	}
	return strconv.Quote(key)
}

func writtenMethod(m amqp.Method) string {
	return written(m.ID().String(), reflect.ValueOf(m).Elem().Interface(), "{", "}")
}

func writtenProperties(p amqp.Properties) string {
	if p.Flags() == 0 {
		return ""
	}
	return written("", p.List(), "<", ">") + " "
}

// longBody is from which length on a body of one letter is shortened.
const longBody = 40

func writtenBody(body []byte) string {
	if len(body) >= longBody && strings.Count(string(body), string(body[:1])) == len(body) {
		return fmt.Sprintf("%d*%q", len(body), body[:1])
	}
	return strconv.Quote(string(body))
}

// wireName turns the name of a field into that of the specification:
// DeliveryTag into delivery-tag, MethodID into method-id.
func wireName(field string) string {
	var name strings.Builder
	previous := 'A'
	for _, r := range field {
		if unicode.IsUpper(r) && unicode.IsLower(previous) {
			name.WriteByte('-')
		}
		name.WriteRune(unicode.ToLower(r))
		previous = r
	}
	return name.String()
}

func TestNotation(t *testing.T) {
	for _, text := range []string{
		`basic.publish{exchange: "x", routing-key: "a.b", mandatory} "hello"`,
		`basic.publish{} <headers: {"": void, a: 5, b: int64(-5), c: [true, "x"], d: {}, e: timestamp(7), f: uint8(255)}, delivery-mode: 2> 5000*"x"`,
		`basic.publish{routing-key: "q"} ""`,
		`basic.publish{routing-key: "q"}`,
		`connection.close{reply-code: 320, reply-text: "CONNECTION_FORCED - \"x\"", class-id: 10, method-id: 40}`,
		`queue.declare{queue: "q", durable, arguments: {x-max-length: int16(3), "a b": float64(1.5)}}`,
		`header{class: 60, body-size: 5} <content-type: "text/plain">`,
		`body "x"`,
		`frame{type: 9} "\x01"`,
		`heartbeat`,
	} {
		var s sentence
		require.NoError(t, s.parse(text))
		require.Equal(t, text, s.String())
	}
}
