package main

import (
	"fmt"
	"strings"
)

// wireType says how a field of an elementary type is read and written in Go.
// Bits have only a Go type, as they share octets.
type wireType struct {
	goType string
	// write is the statement that appends the field %s; read is the
	// expression for its value, which names the field if it has a verb.
	write, read string
	// zero and skip do the same for a reserved field.
	zero, skip string
}

// wire returns how the field is read and written; the zero wireType for a type
// that AMQP does not have.
func (f field) wire() wireType {
	switch f.Type {
	case "bit":
		return wireType{goType: "bool"}
	case "octet":
		return number("uint8", "append(dst, m.%s)", "c.octet()", 1)
	case "short":
		return number("uint16", "appendShort(dst, m.%s)", "c.short()", 2)
	case "long":
		return number("uint32", "appendLong(dst, m.%s)", "c.long()", 4)
	case "longlong":
		return number("uint64", "appendLonglong(dst, m.%s)", "c.longlong()", 8)
	case "timestamp":
		return number("Timestamp", "appendLonglong(dst, uint64(m.%s))", "Timestamp(c.longlong())", 8)
	case "shortstr":
		return counted("string", "appendShortstr(dst, m.%s)", "c.shortstr(m.%s)", 1)
	case octetsOfMessages:
		return counted("string", "appendShortstr(dst, m.%s)", "c.name(m.%s)", 1)
	case "longstr":
		return counted("string", "appendLongstr(dst, m.%s)", "c.longstr()", 4)
	case "table":
		return counted("Table", "AppendTable(dst, m.%s)", "c.table()", 4)
	}
	return wireType{}
}

// number is a type of a fixed number of octets.
func number(goType, write, read string, octets int) wireType {
	return wireType{goType, "dst = " + write, read, appendZeros(octets), fmt.Sprintf("c.skip(%d)", octets)}
}

// counted is a type whose length is in front of it, in so many octets.
func counted(goType, write, read string, lengthOctets int) wireType {
	skip := "c.shortOctets()"
	if lengthOctets == 4 {
		skip = "c.longOctets()"
	}
	return wireType{goType, "dst = " + write, read, appendZeros(lengthOctets), skip}
}

func appendZeros(octets int) string {
	return "dst = append(dst" + strings.Repeat(", 0", octets) + ")"
}
