package persistence

import (
	"encoding/binary"
	"fmt"
)

// cursor reads a payload from front to back. The first thing that does not fit
// makes all later reads return zero values; fail tells at the end.
type cursor struct {
	data []byte
	off  int
	err  error
}

func (c *cursor) fail(format string, args ...any) {
	if c.err == nil {
		c.err = fmt.Errorf("persistence: %w payload at octet %d: %s", errDamaged, c.off, fmt.Sprintf(format, args...))
	}
}

func (c *cursor) empty() bool { return c.err != nil || c.off == len(c.data) }

func (c *cursor) octet() byte {
	if c.err != nil {
		return 0
	}
	if c.off == len(c.data) {
		c.fail("it ends too early")
		return 0
	}
	c.off++
	return c.data[c.off-1]
}

func (c *cursor) uvarint() uint64 {
	if c.err != nil {
		return 0
	}
	v, n := binary.Uvarint(c.data[c.off:])
	if n <= 0 {
		c.fail("no number")
		return 0
	}
	c.off += n
	return v
}

func (c *cursor) varint() int64 {
	if c.err != nil {
		return 0
	}
	v, n := binary.Varint(c.data[c.off:])
	if n <= 0 {
		c.fail("no number")
		return 0
	}
	c.off += n
	return v
}

// uvarint32 reads a number that has to fit 32 bits.
func (c *cursor) uvarint32() uint32 {
	v := c.uvarint()
	if v > 1<<32-1 {
		c.fail("number %d does not fit 32 bits", v)
		return 0
	}
	return uint32(v)
}

// uvarint16 reads a number that has to fit 16 bits.
func (c *cursor) uvarint16() uint16 {
	v := c.uvarint()
	if v > 1<<16-1 {
		c.fail("number %d does not fit 16 bits", v)
		return 0
	}
	return uint16(v)
}

// bytes reads a length and that many octets, which alias the payload and have
// no spare capacity. No octets are nil.
func (c *cursor) bytes() []byte {
	n := c.uvarint()
	if c.err != nil || n == 0 {
		return nil
	}
	if n > uint64(len(c.data)-c.off) {
		c.fail("%d octets announced, %d left", n, len(c.data)-c.off)
		return nil
	}
	end := c.off + int(n)
	b := c.data[c.off:end:end]
	c.off = end
	return b
}

func (c *cursor) text() string { return string(c.bytes()) }

func appendBytes(dst, b []byte) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(b))), b...)
}

func appendText(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}
