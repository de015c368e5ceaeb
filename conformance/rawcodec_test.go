package conformance

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"
)

// Encoders of the wire types that the raw client sends.

func u8(v byte) []byte    { return []byte{v} }
func u16(v uint16) []byte { return binary.BigEndian.AppendUint16(nil, v) }
func u32(v uint32) []byte { return binary.BigEndian.AppendUint32(nil, v) }
func u64(v uint64) []byte { return binary.BigEndian.AppendUint64(nil, v) }

func shortStr(s string) []byte { return append([]byte{byte(len(s))}, s...) }
func longStr(s string) []byte  { return append(u32(uint32(len(s))), s...) }

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

// fieldTable is a table with its length; the fields are made by the field functions.
func fieldTable(fields ...[]byte) []byte {
	body := join(fields...)
	return append(u32(uint32(len(body))), body...)
}

// field is one field of a table: its name, its type letter and its encoded value.
func field(name string, letter byte, value ...[]byte) []byte {
	return join(shortStr(name), u8(letter), join(value...))
}

func boolField(name string, v byte) []byte { return field(name, 't', u8(v)) }

func stringField(name, v string) []byte { return field(name, 'S', longStr(v)) }

// arguments is a cursor over the arguments of a received method.
type arguments struct {
	t    *testing.T
	rest []byte
}

func (a *arguments) take(n int) []byte {
	a.t.Helper()
	require.GreaterOrEqual(a.t, len(a.rest), n, "the method's arguments are too short")
	b := a.rest[:n]
	a.rest = a.rest[n:]
	return b
}

func (a *arguments) u8() byte         { a.t.Helper(); return a.take(1)[0] }
func (a *arguments) u16() uint16      { a.t.Helper(); return binary.BigEndian.Uint16(a.take(2)) }
func (a *arguments) u32() uint32      { a.t.Helper(); return binary.BigEndian.Uint32(a.take(4)) }
func (a *arguments) u64() uint64      { a.t.Helper(); return binary.BigEndian.Uint64(a.take(8)) }
func (a *arguments) shortStr() string { a.t.Helper(); return string(a.take(int(a.u8()))) }
func (a *arguments) longStr() string  { a.t.Helper(); return string(a.take(int(a.u32()))) }

// table reads a table of the types that server properties use: strings, booleans and
// tables.
func (a *arguments) table() map[string]any {
	a.t.Helper()
	body := arguments{t: a.t, rest: a.take(int(a.u32()))}
	fields := make(map[string]any)
	for len(body.rest) > 0 {
		name := body.shortStr()
		switch letter := body.u8(); letter {
		case 'S':
			fields[name] = body.longStr()
		case 't':
			fields[name] = body.u8() != 0
		case 'F':
			fields[name] = body.table()
		default:
			require.Failf(a.t, "unexpected field type", "%s: %c", name, letter)
		}
	}
	return fields
}
