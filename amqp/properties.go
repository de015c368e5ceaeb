package amqp

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"slices"
)

// The property flags of the basic class. Values follow the flags in this
// order. Bit 1 is not used, and bit 0 would announce a second word of flags,
// which the class does not have.
const (
	FlagContentType     uint16 = 1 << 15
	FlagContentEncoding uint16 = 1 << 14
	FlagHeaders         uint16 = 1 << 13
	FlagDeliveryMode    uint16 = 1 << 12
	FlagPriority        uint16 = 1 << 11
	FlagCorrelationID   uint16 = 1 << 10
	FlagReplyTo         uint16 = 1 << 9
	FlagExpiration      uint16 = 1 << 8
	FlagMessageID       uint16 = 1 << 7
	FlagTimestamp       uint16 = 1 << 6
	FlagType            uint16 = 1 << 5
	FlagUserID          uint16 = 1 << 4
	FlagAppID           uint16 = 1 << 3
	FlagClusterID       uint16 = 1 << 2

	undefinedFlags uint16 = 1<<2 - 1
	flagsSize             = 2
)

// Properties are the properties of a message as they are on the wire: the
// flags, then the values of those that are present. Empty means none. They
// are validated once, when they come in, and single properties are decoded
// when asked for.
//
// The getters bear any octets: on garbage they return zero values. They
// allocate only what they return. Properties are never changed in place, so
// many goroutines may share them.
type Properties []byte

// Flags returns the flags of the properties that are present.
func (p Properties) Flags() uint16 {
	if len(p) < flagsSize {
		return 0
	}
	return binary.BigEndian.Uint16(p)
}

// Validate checks that all octets make up properties of the basic class: the
// flags, the bounds of every value, the types and the depth of the headers
// table, and that nothing is left over. Octets of shortstr properties are not
// looked at (RabbitMQ behaviour: they need not be UTF-8). Nothing is
// allocated.
func (p Properties) Validate() error {
	if len(p) == 0 {
		return nil
	}
	c := cursor{rest: p}
	flags := c.short()
	if flags&undefinedFlags != 0 {
		return errPropertyFlags
	}
	for flags != 0 && c.err == nil {
		flag := highest(flags)
		if flag == FlagHeaders {
			c.checkTable(1)
		} else {
			c.skipProperty(flag)
		}
		flags &^= flag
	}
	return c.end()
}

// highest returns the uppermost of the flags, which comes first on the wire.
func highest(flags uint16) uint16 { return 1 << (15 - bits.LeadingZeros16(flags)) }

// skipProperty passes over the value of one property.
func (c *cursor) skipProperty(flag uint16) {
	switch flag {
	case FlagHeaders:
		c.longOctets()
	case FlagDeliveryMode, FlagPriority:
		c.skip(1)
	case FlagTimestamp:
		c.skip(8)
	default:
		c.shortOctets()
	}
}

// locate returns where the value of a property lies; start == end is where it
// would be if it is absent. ok is false when the octets before or in it
// cannot be read.
func (p Properties) locate(flag uint16) (start, end int, ok bool) {
	flags := p.Flags()
	if len(p) < flagsSize || flags&undefinedFlags != 0 {
		return 0, 0, false
	}
	c := cursor{rest: p[flagsSize:]}
	for before := flags &^ (flag<<1 - 1); before != 0; {
		skipped := highest(before)
		c.skipProperty(skipped)
		before &^= skipped
	}
	start = len(p) - len(c.rest)
	if flags&flag != 0 {
		c.skipProperty(flag)
	}
	return start, len(p) - len(c.rest), c.err == nil
}

// value returns the octets of one property with their length prefix, or
// nothing if it is absent or cannot be read.
func (p Properties) value(flag uint16) []byte {
	if p.Flags()&flag == 0 {
		return nil
	}
	start, end, ok := p.locate(flag)
	if !ok {
		return nil
	}
	return p[start:end]
}

// text returns a shortstr property.
func (p Properties) text(flag uint16) (string, bool) {
	v := p.value(flag)
	if len(v) == 0 {
		return "", false
	}
	return string(v[1:]), true
}

// ContentType is the MIME type of the body, empty if absent.
func (p Properties) ContentType() string { s, _ := p.text(FlagContentType); return s }

// ContentEncoding is the MIME encoding of the body, empty if absent.
func (p Properties) ContentEncoding() string { s, _ := p.text(FlagContentEncoding); return s }

// CorrelationID is the application's correlation id, empty if absent.
func (p Properties) CorrelationID() string { s, _ := p.text(FlagCorrelationID); return s }

// ReplyTo is the address for replies, empty if absent.
func (p Properties) ReplyTo() string { s, _ := p.text(FlagReplyTo); return s }

// MessageID is the application's message id, empty if absent.
func (p Properties) MessageID() string { s, _ := p.text(FlagMessageID); return s }

// Type is the application's message type, empty if absent.
func (p Properties) Type() string { s, _ := p.text(FlagType); return s }

// AppID is the id of the publishing application, empty if absent.
func (p Properties) AppID() string { s, _ := p.text(FlagAppID); return s }

// ClusterID is the property that the specification calls reserved, empty if
// absent.
func (p Properties) ClusterID() string { s, _ := p.text(FlagClusterID); return s }

// Expiration is the time to live in milliseconds, as text that nothing has
// checked, and whether it is present.
func (p Properties) Expiration() (string, bool) { return p.text(FlagExpiration) }

// UserID is the user that the publisher claims to be, and whether the property
// is present.
func (p Properties) UserID() (string, bool) { return p.text(FlagUserID) }

// DeliveryMode is 2 for a persistent message; any other value, 0 for an absent
// property included, means transient (RabbitMQ behaviour).
func (p Properties) DeliveryMode() uint8 {
	v := p.value(FlagDeliveryMode)
	if len(v) == 0 {
		return 0
	}
	return v[0]
}

// Priority is the priority of the message, and whether it is present.
func (p Properties) Priority() (uint8, bool) {
	v := p.value(FlagPriority)
	if len(v) == 0 {
		return 0, false
	}
	return v[0], true
}

// Timestamp is the application's time in seconds since 1970 UTC, and whether
// it is present.
func (p Properties) Timestamp() (uint64, bool) {
	v := p.value(FlagTimestamp)
	if len(v) == 0 {
		return 0, false
	}
	return binary.BigEndian.Uint64(v), true
}

// headerFields returns the octets of the headers table without its length.
func (p Properties) headerFields() []byte {
	v := p.value(FlagHeaders)
	if len(v) == 0 {
		return nil
	}
	return v[4:]
}

// Headers decodes the headers table into fresh memory, at every call. An
// absent and an empty table both give nil.
func (p Properties) Headers() Table {
	t, err := DecodeTable(p.headerFields())
	if err != nil {
		return nil // only without Validate: the getters bear any octets
	}
	return t
}

// HasHeader reports whether the headers table has the key, without decoding
// and without allocating.
func (p Properties) HasHeader(key string) bool { return findKey(p.headerFields(), key) }

// WithHeaders returns fresh properties with t as the headers table, and all
// other properties as they are, octet by octet. A nil t removes the property.
func (p Properties) WithHeaders(t Table) Properties {
	if t == nil {
		return p.Without(FlagHeaders)
	}
	return p.replace(FlagHeaders, AppendTable(nil, t))
}

// HasReplyTo says whether the reply-to address is the given one.
func (p Properties) HasReplyTo(address string) bool {
	v := p.value(FlagReplyTo)
	return len(v) > 0 && string(v[1:]) == address
}

// WithReplyTo returns fresh properties with another reply-to address.
func (p Properties) WithReplyTo(address string) Properties {
	return p.replace(FlagReplyTo, appendShortstr(nil, address))
}

// AppendWithReplyTo appends the properties to dst, with another reply-to address.
func (p Properties) AppendWithReplyTo(dst Properties, address string) Properties {
	var room [MaxShortString + 1]byte
	return p.appendReplaced(dst, FlagReplyTo, appendShortstr(room[:0], address))
}

// Without returns fresh properties that lack the property of the flag, exactly
// one of the Flag constants.
func (p Properties) Without(flag uint16) Properties {
	if p.Flags()&flag == 0 {
		return bytes.Clone(p)
	}
	return p.replace(flag, nil)
}

// replace returns fresh properties in which the value of one property is
// another, or gone if value is nil. Properties that cannot be read count as
// none.
func (p Properties) replace(flag uint16, value []byte) Properties {
	room := make(Properties, 0, len(p)+len(value)+flagsSize)
	return slices.Clip(p.appendReplaced(room, flag, value))
}

// appendReplaced appends to dst what replace returns.
func (p Properties) appendReplaced(dst Properties, flag uint16, value []byte) Properties {
	start, end, ok := p.locate(flag)
	if !ok {
		p, start, end = Properties{0, 0}, flagsSize, flagsSize
	}
	flags := p.Flags() &^ flag
	if value != nil {
		flags |= flag
	}
	dst = appendShort(dst, flags)
	dst = append(dst, p[flagsSize:start]...)
	dst = append(dst, value...)
	return append(dst, p[end:]...)
}
