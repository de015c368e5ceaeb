package definitions

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/leveretmq/leveret/amqp"
)

// Arguments is a field table in the form that RabbitMQ gives it in JSON. What JSON has
// no types for loses them: all integers become int64, octets and timestamps become
// text and integers. The order of the fields is kept.
type Arguments amqp.Table

// Lookup is that of amqp.Table.
func (a Arguments) Lookup(key string) (any, bool) { return amqp.Table(a).Lookup(key) }

// MarshalJSON writes an object. Of fields with the same key the first one counts, as
// everywhere.
func (a Arguments) MarshalJSON() ([]byte, error) { return AppendTable(nil, amqp.Table(a)), nil }

// UnmarshalJSON reads an object; an empty list and null are an empty table, as
// RabbitMQ writes and takes them.
func (a *Arguments) UnmarshalJSON(text []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	v, err := decodeValue(decoder, 0)
	if err != nil {
		return err
	}
	switch v := v.(type) {
	case amqp.Table:
		*a = Arguments(v)
	case nil:
		*a = nil
	case amqp.Array:
		if len(v) > 0 {
			return errNoObject
		}
		*a = nil
	default:
		return errNoObject
	}
	return amqp.Table(*a).Validate()
}

var errNoObject = errors.New("arguments have to be an object")

// AppendTable appends a field table as JSON.
func AppendTable(dst []byte, t amqp.Table) []byte {
	dst = append(dst, '{')
	for i := range t {
		if first(t, i) {
			dst = appendSeparator(dst, '{')
			dst = AppendText(dst, t[i].Key)
			dst = append(dst, ':')
			dst = appendValue(dst, t[i].Value)
		}
	}
	return append(dst, '}')
}

// first says whether no field before the one at i has its key.
func first(t amqp.Table, i int) bool {
	for j := range i {
		if t[j].Key == t[i].Key {
			return false
		}
	}
	return true
}

// appendSeparator appends a comma unless the text has only just been opened.
func appendSeparator(dst []byte, opening byte) []byte {
	if dst[len(dst)-1] == opening {
		return dst
	}
	return append(dst, ',')
}

func appendValue(dst []byte, v any) []byte {
	if n, ok := amqp.Integer(v); ok {
		return strconv.AppendInt(dst, n, 10)
	}
	switch v := v.(type) {
	case bool:
		return strconv.AppendBool(dst, v)
	case string:
		return AppendText(dst, v)
	case []byte:
		return AppendText(dst, string(v))
	case amqp.Table:
		return AppendTable(dst, v)
	case amqp.Array:
		dst = append(dst, '[')
		for i := range v {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendValue(dst, v[i])
		}
		return append(dst, ']')
	case amqp.Timestamp:
		return strconv.AppendUint(dst, uint64(v), 10)
	case float32:
		return appendFloat(dst, float64(v), 32)
	case float64:
		return appendFloat(dst, v, 64)
	case amqp.Decimal:
		return appendFloat(dst, float64(v.Value)/math.Pow10(int(v.Scale)), 64)
	default:
		return append(dst, "null"...)
	}
}

// appendFloat writes what can be read back as the same number. What is no number is
// null.
func appendFloat(dst []byte, f float64, bits int) []byte {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return append(dst, "null"...)
	}
	before := len(dst)
	dst = strconv.AppendFloat(dst, f, 'g', -1, bits)
	if !bytes.ContainsAny(dst[before:], ".e") {
		dst = append(dst, ".0"...) // or it would come back as an integer
	}
	return dst
}

// AppendText appends a JSON string. Unlike encoding/json it leaves < > and & alone, as
// RabbitMQ does. Octets that are no UTF-8 become the replacement character.
func AppendText(dst []byte, s string) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
			i++
		case c < ' ':
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&0xf])
			i++
		case c < utf8.RuneSelf:
			dst = append(dst, c)
			i++
		default:
			r, size := utf8.DecodeRuneInString(s[i:])
			dst = utf8.AppendRune(dst, r)
			i += size
		}
	}
	return append(dst, '"')
}

// decodeValue reads one value. Depth is how deep it lies.
func decodeValue(d *json.Decoder, depth int) (any, error) {
	if depth > amqp.MaxTableDepth {
		return nil, fmt.Errorf("arguments are nested more than %d levels deep", amqp.MaxTableDepth)
	}
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch token := token.(type) {
	case json.Delim:
		if token == '[' {
			return decodeArray(d, depth)
		}
		return decodeTable(d, depth)
	case json.Number:
		return decodeNumber(token)
	default:
		return token, nil // bool, string, nil
	}
}

func decodeArray(d *json.Decoder, depth int) (any, error) {
	array := amqp.Array{}
	for d.More() {
		v, err := decodeValue(d, depth+1)
		if err != nil {
			return nil, err
		}
		array = append(array, v)
	}
	_, err := d.Token()
	return array, err
}

func decodeTable(d *json.Decoder, depth int) (any, error) {
	var table amqp.Table
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return nil, err
		}
		key, _ := token.(string)
		v, err := decodeValue(d, depth+1)
		if err != nil {
			return nil, err
		}
		table = append(table, amqp.Field{Key: key, Value: v})
	}
	_, err := d.Token()
	return table, err
}

// decodeNumber reads an integer where there is one, as a queue's arguments need it.
func decodeNumber(n json.Number) (any, error) {
	if !strings.ContainsAny(n.String(), ".eE") {
		i, err := n.Int64()
		if err != nil {
			return nil, fmt.Errorf("the number %s does not fit 64 bits", n)
		}
		return i, nil
	}
	f, err := n.Float64()
	if err != nil {
		return nil, fmt.Errorf("the number %s is out of range", n)
	}
	return f, nil
}
