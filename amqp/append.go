package amqp

import "encoding/binary"

func appendShort(dst []byte, v uint16) []byte { return binary.BigEndian.AppendUint16(dst, v) }

func appendLong(dst []byte, v uint32) []byte { return binary.BigEndian.AppendUint32(dst, v) }

func appendLonglong(dst []byte, v uint64) []byte { return binary.BigEndian.AppendUint64(dst, v) }

// appendShortstr appends a string of at most MaxShortString octets. A longer
// one is cut: names that did not come in as a shortstr are checked where they
// come in, and a text that is cut is better than a connection that breaks.
func appendShortstr(dst []byte, s string) []byte {
	if len(s) > MaxShortString {
		s = cutString(s, MaxShortString)
	}
	dst = append(dst, uint8(len(s)))
	return append(dst, s...)
}

func appendLongstr(dst []byte, s string) []byte {
	dst = appendLong(dst, uint32(len(s)))
	return append(dst, s...)
}

// reserveLength appends the place of a length that is not known yet.
func reserveLength(dst []byte) []byte { return append(dst, 0, 0, 0, 0) }

// patchLength writes the number of octets after the reserved place that ends
// at start.
func patchLength(dst []byte, start int) {
	binary.BigEndian.PutUint32(dst[start-4:], uint32(len(dst)-start))
}
