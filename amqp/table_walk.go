package amqp

// valueSize says how many octets follow the letter of a field type: a fixed
// number, or a length and that many more.
func valueSize(letter uint8) (size uint32, counted, known bool) {
	switch letter {
	case fieldVoid:
		return 0, false, true
	case fieldBool, fieldInt8, fieldUint8:
		return 1, false, true
	case fieldInt16, fieldUint16:
		return 2, false, true
	case fieldInt32, fieldUint32, fieldFloat32:
		return 4, false, true
	case fieldDecimal:
		return 5, false, true
	case fieldInt64, fieldInt64Alt, fieldFloat64, fieldTimestamp:
		return 8, false, true
	case fieldString, fieldBytes, fieldTable, fieldArray:
		return 0, true, true
	}
	return 0, false, false
}

// skipValue passes over a value without looking into tables and arrays.
func (c *cursor) skipValue() {
	size, counted, known := valueSize(c.octet())
	switch {
	case !known:
		c.fail(errFieldType)
	case counted:
		c.longOctets()
	default:
		c.skip(size)
	}
}

// checkTable passes over a table with its length and checks all that decoding
// it would check, without allocating.
func (c *cursor) checkTable(depth int) {
	inner := c.nested(depth)
	for len(inner.rest) > 0 && inner.err == nil {
		inner.shortOctets()
		inner.checkValue(depth)
	}
	c.adopt(&inner)
}

func (c *cursor) checkArray(depth int) {
	inner := c.nested(depth)
	for len(inner.rest) > 0 && inner.err == nil {
		inner.checkValue(depth)
	}
	c.adopt(&inner)
}

func (c *cursor) checkValue(depth int) {
	if len(c.rest) == 0 {
		c.fail(errTruncated)
		return
	}
	switch c.rest[0] {
	case fieldTable:
		c.skip(1)
		c.checkTable(depth + 1)
	case fieldArray:
		c.skip(1)
		c.checkArray(depth + 1)
	default:
		c.skipValue()
	}
}

// findKey reports whether a table, without its length, has a field with the
// key. It stops at the first octet that cannot be read.
func findKey(table []byte, key string) bool {
	c := cursor{rest: table}
	for len(c.rest) > 0 && c.err == nil {
		found := string(c.shortOctets()) == key
		c.skipValue()
		if found && c.err == nil {
			return true
		}
	}
	return false
}
