package amqp

import (
	"encoding/binary"
	"errors"
	"unicode/utf8"
)

// cursor reads values from the front of a slice. Its error is sticky: after
// the first failure every read returns a zero value, so that a decoder checks
// once, at its end. A cursor lives on the stack and allocates nothing itself.
type cursor struct {
	rest []byte
	err  error
}

// fail records the first error and stops all further reads.
func (c *cursor) fail(err error) {
	if c.err == nil {
		c.err = err
	}
	c.rest = nil
}

// take returns the next n octets, which alias the input. The count comes from
// the wire, so it is compared with what is there before anything else.
func (c *cursor) take(n uint32) []byte {
	if uint64(n) > uint64(len(c.rest)) {
		c.fail(errTruncated)
		return nil
	}
	taken := c.rest[:n:n]
	c.rest = c.rest[n:]
	return taken
}

// skip passes over n octets.
func (c *cursor) skip(n uint32) { c.take(n) }

func (c *cursor) octet() uint8 {
	if len(c.rest) < 1 {
		c.fail(errTruncated)
		return 0
	}
	v := c.rest[0]
	c.rest = c.rest[1:]
	return v
}

func (c *cursor) short() uint16 {
	if len(c.rest) < 2 {
		c.fail(errTruncated)
		return 0
	}
	v := binary.BigEndian.Uint16(c.rest)
	c.rest = c.rest[2:]
	return v
}

func (c *cursor) long() uint32 {
	if len(c.rest) < 4 {
		c.fail(errTruncated)
		return 0
	}
	v := binary.BigEndian.Uint32(c.rest)
	c.rest = c.rest[4:]
	return v
}

func (c *cursor) longlong() uint64 {
	if len(c.rest) < 8 {
		c.fail(errTruncated)
		return 0
	}
	v := binary.BigEndian.Uint64(c.rest)
	c.rest = c.rest[8:]
	return v
}

// shortOctets reads a shortstr without copying or checking it.
func (c *cursor) shortOctets() []byte { return c.take(uint32(c.octet())) }

// longOctets reads a longstr without copying it.
func (c *cursor) longOctets() []byte { return c.take(c.long()) }

// shortstr reads a shortstr argument, which has to be UTF-8. When the octets
// equal previous, previous is returned instead of a copy: decoding into one
// struct again and again costs nothing while the names stay the same.
func (c *cursor) shortstr(previous string) string {
	octets := c.shortOctets()
	if string(octets) == previous {
		return previous
	}
	if !utf8.Valid(octets) {
		c.fail(errMalformedUTF8)
		return ""
	}
	return string(octets)
}

// name reads a shortstr argument that may be any octets.
func (c *cursor) name(previous string) string {
	octets := c.shortOctets()
	if string(octets) == previous {
		return previous
	}
	return string(octets)
}

// longstr reads a longstr argument: any octets at all.
func (c *cursor) longstr() string { return string(c.longOctets()) }

// table reads a table argument with its length.
func (c *cursor) table() Table { return c.decodeTable(1) }

// end returns the sticky error, or one for octets that nothing has read.
func (c *cursor) end() error {
	if c.err == nil && len(c.rest) > 0 {
		return errTrailing
	}
	return c.err
}

// finish ends the decoding of a method's arguments.
func (c *cursor) finish(id MethodID, args []byte) error {
	if err := c.end(); err != nil {
		return undecodable(id, args, err)
	}
	return nil
}

// undecodable makes the exception for arguments that cannot be decoded.
// RabbitMQ behaviour: its decoder matches all octets or none, so trailing
// octets fail as truncated arguments do; malformed UTF-8 names no method.
func undecodable(id MethodID, args []byte, err error) *Error {
	if errors.Is(err, errMalformedUTF8) {
		return Errorf(CodeFrameError, "Malformed UTF-8 in shortstr")
	}
	return Errorf(CodeFrameError, "cannot decode %s", erlangOctets(args)).At(id)
}
