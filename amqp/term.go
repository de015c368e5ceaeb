package amqp

import (
	"bytes"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// display prints a field value for a sentence: text and binary as they are,
// everything else as an Erlang term.
func display(v any) string {
	if text, ok := octets(v); ok {
		return readable(text)
	}
	return Term(v)
}

// Term prints a field value as the Erlang term that it stands for, as RabbitMQ's
// texts do (Erlang's ~tp), but always in one line.
func Term(v any) string { return string(appendTerm(nil, v)) }

func appendTerm(dst []byte, v any) []byte {
	if text, ok := octets(v); ok {
		return appendBinaryTerm(dst, text)
	}
	if i, ok := Integer(v); ok {
		return strconv.AppendInt(dst, i, 10)
	}
	switch v := v.(type) {
	case bool:
		return strconv.AppendBool(dst, v)
	case float32:
		return appendFloatTerm(dst, float64(v))
	case float64:
		return appendFloatTerm(dst, v)
	case Timestamp:
		return strconv.AppendUint(dst, uint64(v), 10)
	case Decimal:
		dst = strconv.AppendUint(append(dst, '{'), uint64(v.Scale), 10)
		dst = strconv.AppendUint(append(dst, ','), uint64(v.Value), 10)
		return append(dst, '}')
	case Array:
		return appendArrayTerm(dst, v)
	case Table:
		return appendTableTerm(dst, v)
	default:
		return append(dst, "undefined"...)
	}
}

// appendArrayTerm prints a list of {type,value}.
func appendArrayTerm(dst []byte, a Array) []byte {
	dst = append(dst, '[')
	for i, v := range a {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(append(append(dst, '{'), TypeName(v)...), ',')
		dst = append(appendTerm(dst, v), '}')
	}
	return append(dst, ']')
}

// appendTableTerm prints a list of {key,type,value}.
func appendTableTerm(dst []byte, t Table) []byte {
	dst = append(dst, '[')
	for i, f := range t {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendBinaryTerm(append(dst, '{'), f.Key)
		dst = append(append(append(dst, ','), TypeName(f.Value)...), ',')
		dst = append(appendTerm(dst, f.Value), '}')
	}
	return append(dst, ']')
}

// appendFloatTerm prints the shortest digits that give the number back, plain if
// that is no longer than with an exponent and the number is exact to the unit.
func appendFloatTerm(dst []byte, f float64) []byte {
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

// appendBinaryTerm prints octets as text if all of it is printable, else as numbers.
// Text that is not ASCII is marked, unless it had to be read as Latin-1.
func appendBinaryTerm(dst []byte, s string) []byte {
	if s == "" {
		return append(dst, "<<>>"...)
	}
	text := readable(s)
	if !printable(text) {
		return appendOctetsTerm(dst, s)
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

func appendOctetsTerm(dst []byte, s string) []byte {
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
