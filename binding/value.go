package binding

import (
	"math"

	"github.com/leveretmq/leveret/amqp"
)

// value is a field value in the form that headers are compared in: two values
// match if they are equal with ==. RabbitMQ 4 compares the Erlang terms that it
// decodes fields to, in which wire types of the same nature are one.
type value struct {
	kind valueKind
	// bits is the value of a number or a boolean.
	bits uint64
	// text is the value of a text, or the wire form of an array or table.
	text string
}

type valueKind uint8

const (
	// kindPresent is a void. As an argument it matches any value at all.
	kindPresent valueKind = iota
	kindInteger
	// kindUnsigned is an integer too large for int64, which only timestamps
	// can hold.
	kindUnsigned
	// kindBeyond is an integer too large for an argument to equal it.
	kindBeyond
	kindFloat
	kindBool
	kindDecimal
	kindText
	// kindEmpty is an empty array or table: both are Erlang's empty list.
	kindEmpty
	// kindList is any other array or table.
	kindList
)

// argumentValue is the value of a binding argument.
func argumentValue(v any) value {
	if plain, ok := plainValue(v); ok {
		return plain
	}
	return value{kind: kindList, text: listText(v)}
}

// headerValue is the value of a message's header, if it can be had without
// encoding it.
func headerValue(v any) (value, bool) {
	if t, ok := v.(amqp.Timestamp); ok {
		return timestampValue(t), true
	}
	return plainValue(v)
}

// timestampValue is a timestamp among the headers, which RabbitMQ 4 takes to
// milliseconds before it compares them.
func timestampValue(seconds amqp.Timestamp) value {
	const milliseconds = 1000
	if uint64(seconds) > math.MaxUint64/milliseconds {
		return value{kind: kindBeyond}
	}
	return unsignedValue(uint64(seconds) * milliseconds)
}

// plainValue is the value of a field that is no filled array or table.
func plainValue(v any) (value, bool) {
	if i, ok := amqp.Integer(v); ok {
		return value{kind: kindInteger, bits: uint64(i)}, true
	}
	switch v := v.(type) {
	case nil:
		return value{kind: kindPresent}, true
	case string:
		return value{kind: kindText, text: v}, true
	case []byte:
		return value{kind: kindText, text: string(v)}, true
	case bool:
		return boolValue(v), true
	case float32:
		return value{kind: kindFloat, bits: math.Float64bits(float64(v))}, true
	case float64:
		return value{kind: kindFloat, bits: math.Float64bits(v)}, true
	case amqp.Timestamp:
		return unsignedValue(uint64(v)), true
	case amqp.Decimal:
		return value{kind: kindDecimal, bits: uint64(v.Scale)<<32 | uint64(v.Value)}, true
	case amqp.Array:
		return value{kind: kindEmpty}, len(v) == 0
	case amqp.Table:
		return value{kind: kindEmpty}, len(v) == 0
	default:
		return value{}, false
	}
}

func boolValue(b bool) value {
	if b {
		return value{kind: kindBool, bits: 1}
	}
	return value{kind: kindBool}
}

func unsignedValue(n uint64) value {
	if n > math.MaxInt64 {
		return value{kind: kindUnsigned, bits: n}
	}
	return value{kind: kindInteger, bits: n}
}

// listText is the wire form of an array or table. Its elements are compared
// with their wire types, so the wire form is all there is to compare.
func listText(v any) string {
	return string(amqp.AppendTable(nil, amqp.Table{{Value: v}}))
}
