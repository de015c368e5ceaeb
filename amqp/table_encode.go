package amqp

import (
	"fmt"
	"math"
)

// AppendTable appends the table with its length. A key longer than
// MaxShortString is cut. A value of a Go type that Field does not list panics,
// as it is a mistake of the program: tables that are made from input other
// than the wire go through Validate first.
func AppendTable(dst []byte, t Table) []byte {
	dst = reserveLength(dst)
	start := len(dst)
	for i := range t {
		dst = appendShortstr(dst, t[i].Key)
		dst = appendValue(dst, t[i].Value)
	}
	patchLength(dst, start)
	return dst
}

func appendArray(dst []byte, a Array) []byte {
	dst = reserveLength(dst)
	start := len(dst)
	for i := range a {
		dst = appendValue(dst, a[i])
	}
	patchLength(dst, start)
	return dst
}

// appendValue appends the letter of the type and the value.
func appendValue(dst []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(dst, fieldVoid)
	case bool:
		if v {
			return append(dst, fieldBool, 1)
		}
		return append(dst, fieldBool, 0)
	case string:
		return appendLongstr(append(dst, fieldString), v)
	case []byte:
		dst = appendLong(append(dst, fieldBytes), uint32(len(v)))
		return append(dst, v...)
	case Table:
		return AppendTable(append(dst, fieldTable), v)
	case Array:
		return appendArray(append(dst, fieldArray), v)
	case Timestamp:
		return appendLonglong(append(dst, fieldTimestamp), uint64(v))
	}
	return appendNumber(dst, v)
}

func appendNumber(dst []byte, v any) []byte {
	switch v := v.(type) {
	case int8:
		return append(dst, fieldInt8, uint8(v))
	case uint8:
		return append(dst, fieldUint8, v)
	case int16:
		return appendShort(append(dst, fieldInt16), uint16(v))
	case uint16:
		return appendShort(append(dst, fieldUint16), v)
	case int32:
		return appendLong(append(dst, fieldInt32), uint32(v))
	case uint32:
		return appendLong(append(dst, fieldUint32), v)
	case int64:
		return appendLonglong(append(dst, fieldInt64), uint64(v))
	case float32:
		return appendLong(append(dst, fieldFloat32), math.Float32bits(v))
	case float64:
		return appendLonglong(append(dst, fieldFloat64), math.Float64bits(v))
	case Decimal:
		return appendLong(append(dst, fieldDecimal, v.Scale), v.Value)
	}
	panic(fmt.Sprintf("amqp: a table field cannot have the Go type %T", v))
}
