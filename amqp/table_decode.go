package amqp

import (
	"bytes"
	"math"
)

// DecodeTable decodes the fields of a table from its octets without the
// length in front, all of which it must use. The result keeps no reference to
// body, and its memory is bounded by the size of body, whatever the lengths
// in it say. Tables and arrays nested deeper than MaxTableDepth are refused.
func DecodeTable(body []byte) (Table, error) {
	c := cursor{rest: body}
	t := c.fields(1)
	if err := c.end(); err != nil {
		return nil, err
	}
	return t, nil
}

// nested reads the length of a table or an array and returns a cursor over
// its octets. Inner errors are handed back with adopt.
func (c *cursor) nested(depth int) cursor {
	body := c.longOctets()
	if depth > MaxTableDepth {
		c.fail(errTableDepth)
	}
	return cursor{rest: body, err: c.err}
}

// adopt takes over the error of a nested cursor.
func (c *cursor) adopt(inner *cursor) {
	if inner.err != nil {
		c.fail(inner.err)
	}
}

// decodeTable reads a table with its length; depth is 1 for the outermost.
func (c *cursor) decodeTable(depth int) Table {
	inner := c.nested(depth)
	t := inner.fields(depth)
	c.adopt(&inner)
	return t
}

// fields reads fields up to the end of the octets.
func (c *cursor) fields(depth int) Table {
	var t Table
	for len(c.rest) > 0 && c.err == nil {
		key := string(c.shortOctets())
		t = append(t, Field{Key: key, Value: c.value(depth)})
	}
	return t
}

func (c *cursor) decodeArray(depth int) Array {
	inner := c.nested(depth)
	var a Array
	for len(inner.rest) > 0 && inner.err == nil {
		a = append(a, inner.value(depth))
	}
	c.adopt(&inner)
	return a
}

// value reads the letter of a type and a value inside a table or an array of
// the given depth.
func (c *cursor) value(depth int) any {
	switch letter := c.octet(); letter {
	case fieldVoid:
		return nil
	case fieldBool:
		return c.octet() != 0
	case fieldString:
		return c.longstr()
	case fieldBytes:
		return bytes.Clone(c.longOctets())
	case fieldTable:
		return c.decodeTable(depth + 1)
	case fieldArray:
		return c.decodeArray(depth + 1)
	case fieldTimestamp:
		return Timestamp(c.longlong())
	default:
		return c.number(letter)
	}
}

func (c *cursor) number(letter uint8) any {
	switch letter {
	case fieldInt8:
		return int8(c.octet())
	case fieldUint8:
		return c.octet()
	case fieldInt16:
		return int16(c.short())
	case fieldUint16:
		return c.short()
	case fieldInt32:
		return int32(c.long())
	case fieldUint32:
		return c.long()
	case fieldInt64, fieldInt64Alt:
		return int64(c.longlong())
	case fieldFloat32:
		return math.Float32frombits(c.long())
	case fieldFloat64:
		return math.Float64frombits(c.longlong())
	case fieldDecimal:
		return Decimal{Scale: c.octet(), Value: c.long()}
	}
	c.fail(errFieldType)
	return nil
}
