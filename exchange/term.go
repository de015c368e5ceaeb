package exchange

import (
	"bytes"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/leveretmq/leveret/amqp"
)

// display prints a field value for a sentence: text and binary as they are,
// everything else as an Erlang term.
func display(v any) string {
	if text, ok := octets(v); ok {
		return readable(text)
	}
	return term(v)
}

// term prints a field value as the Erlang term that it stands for, as Erlang's
// ~tp does, but always in one line.
func term(v any) string { return string(appendTerm(nil, v)) }

func appendTerm(dst []byte, v any) []byte {
	if text, ok := octets(v); ok {
		return appendBinary(dst, text)
	}
	if i, ok := amqp.Integer(v); ok {
		return strconv.AppendInt(dst, i, 10)
	}
	switch v := v.(type) {
	case bool:
		return strconv.AppendBool(dst, v)
	case float32:
		return appendFloat(dst, float64(v))
	case float64:
		return appendFloat(dst, v)
	case amqp.Timestamp:
		return strconv.AppendUint(dst, uint64(v), 10)
	case amqp.Decimal:
		dst = strconv.AppendUint(append(dst, '{'), uint64(v.Scale), 10)
		dst = strconv.AppendUint(append(dst, ','), uint64(v.Value), 10)
		return append(dst, '}')
	case amqp.Array:
		return appendArray(dst, v)
	case amqp.Table:
		return appendTable(dst, v)
	default:
		return append(dst, "undefined"...)
	}
}

// appendArray prints a list of {type,value}.
func appendArray(dst []byte, a amqp.Array) []byte {
	dst = append(dst, '[')
	for i, v := range a {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(append(append(dst, '{'), amqp.TypeName(v)...), ',')
		dst = append(appendTerm(dst, v), '}')
	}
	return append(dst, ']')
}

// appendTable prints a list of {key,type,value}.
func appendTable(dst []byte, t amqp.Table) []byte {
	dst = append(dst, '[')
	for i, f := range t {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendBinary(append(dst, '{'), f.Key)
		dst = append(append(append(dst, ','), amqp.TypeName(f.Value)...), ',')
		dst = append(appendTerm(dst, f.Value), '}')
	}
	return append(dst, ']')
}

// appendFloat prints the shortest digits that give the number back, plain if
// that is no longer than with an exponent and the number is exact to the unit.
func appendFloat(dst []byte, f float64) []byte {
	const exactBelow = 1 << 53
	plain := strconv.AppendFloat(nil, f, 'f', -1, 64)
	if !bytes.ContainsRune(plain, '.') {
		plain = append(plain, ".0"...)
	}
	mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(f, 'e', -1, 64), "e")
	if !strings.Contains(mantissa, ".") {
		mantissa += ".0"
	}
	sign := strings.TrimRight(exponent, "+0123456789")
	scientific := mantissa + "e" + sign + strings.TrimLeft(exponent, "+-0")
	if math.Abs(f) < exactBelow && len(plain) <= len(scientific) {
		return append(dst, plain...)
	}
	return append(dst, scientific...)
}

// appendBinary prints octets as text if all of it is printable, else as numbers.
// Text that is not ASCII is marked, unless it had to be read as Latin-1.
func appendBinary(dst []byte, s string) []byte {
	if s == "" {
		return append(dst, "<<>>"...)
	}
	text := readable(s)
	if !printable(text) {
		return appendOctets(dst, s)
	}
	dst = append(dst, `<<"`...)
	for _, r := range text {
		if i := strings.IndexRune(escaped, r); i >= 0 {
			dst = append(dst, '\\', escapes[i])
			continue
		}
		dst = utf8.AppendRune(dst, r)
	}
	if text == s && len(text) > utf8.RuneCountInString(text) {
		return append(dst, `"/utf8>>`...)
	}
	return append(dst, `">>`...)
}

func appendOctets(dst []byte, s string) []byte {
	dst = append(dst, "<<"...)
	for i := range len(s) {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = strconv.AppendUint(dst, uint64(s[i]), 10)
	}
	return append(dst, ">>"...)
}

// The characters that a string literal of Erlang writes with a backslash, and
// the letters behind the backslash. All of them count as printable.
const (
	escaped = "\"\\\b\t\n\v\f\r\x1b"
	escapes = `"\btnvfre`
)

// printable says whether Erlang would show every character of s.
func printable(s string) bool {
	hidden := func(r rune) bool {
		control := r < ' ' || r >= 0x7f && r < 0xa0
		return control && !strings.ContainsRune(escaped, r) || r == 0xfffe || r == 0xffff
	}
	return !strings.ContainsFunc(s, hidden)
}

// readable returns octets as UTF-8; what is not UTF-8 is read as Latin-1, as
// Erlang does.
func readable(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	runes := make([]rune, len(s))
	for i := range len(s) {
		runes[i] = rune(s[i])
	}
	return string(runes)
}

// atom prints a name as an Erlang atom: quoted unless it is one plain word.
// RabbitMQ keeps the types of exchanges as atoms.
func atom(name string) string {
	plain := func(i int) bool {
		c := name[i]
		lower := c >= 'a' && c <= 'z'
		return lower || i > 0 && (c == '_' || c == '@' || c >= '0' && c <= '9' || c >= 'A' && c <= 'Z')
	}
	for i := range len(name) {
		if !plain(i) {
			return quoted(name)
		}
	}
	return name
}
