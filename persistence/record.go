package persistence

import (
	"bytes"
	"encoding/binary"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/message"
)

// The flags of a record. A record is: the distance of its sequence number from
// the one before (uvarint), flags (one octet), and then either the ordinal of
// an earlier record of the block that holds the same message, or exchange,
// routing key, properties, the distance of its arrival in milliseconds from that
// of the record before (signed varint; the first counts from 0), and the body or a
// reference to it (number, length). What is the same as in the record before is
// left out.
const (
	recordPersistent     = 1 << iota // delivery mode 2
	recordSameExchange               // exchange as in the record before
	recordSameKey                    // routing key as in the record before
	recordSameProperties             // properties as in the record before
	recordReference                  // the body is stored elsewhere
	recordRepeat                     // the whole message is in an earlier record
	recordArrived                    // it did not arrive with the record before
	recordUnknown                    // this and all higher bits are unused
)

// recordOverhead is an upper bound of a record without its strings, in octets.
const recordOverhead = 1 + 8*binary.MaxVarintLen32 + binary.MaxVarintLen64

// bodyRef is the reference of one record to a body stored elsewhere.
type bodyRef struct {
	position uint32 // of the record in its block
	body     *body
}

// encoder writes the records of one block. Its zero value is ready; reset
// makes it ready again.
type encoder struct {
	buf      []byte
	previous *message.Message
	ordinal  uint32
	refs     []bodyRef
	expires  bool // some messages have a time to live of their own
	// seen holds the ordinals of messages that may come again in this block,
	// as they do in a fan-out. It is nil where no message can.
	seen map[*message.Message]uint32
}

func (e *encoder) reset() {
	e.previous, e.ordinal, e.refs, e.expires = nil, 0, nil, false
	if e.seen != nil {
		clear(e.seen)
	}
}

// record appends one record. stored is where the body is, if not here.
func (e *encoder) record(delta uint64, m *message.Message, stored *body) {
	e.buf = binary.AppendUvarint(e.buf, delta)
	if stored != nil {
		e.refs = append(e.refs, bodyRef{position: e.ordinal, body: stored})
	}
	if first, again := e.seen[m]; again {
		e.buf = append(e.buf, recordRepeat)
		e.buf = binary.AppendUvarint(e.buf, uint64(first))
	} else {
		e.message(m, stored)
		if e.seen != nil {
			e.seen[m] = e.ordinal
		}
	}
	e.previous = m
	e.ordinal++
}

func (e *encoder) message(m *message.Message, stored *body) {
	flags := e.flags(m)
	if stored != nil {
		flags |= recordReference
	}
	e.buf = append(e.buf, flags)
	if flags&recordSameExchange == 0 {
		e.buf = appendText(e.buf, m.Exchange)
	}
	if flags&recordSameKey == 0 {
		e.buf = appendText(e.buf, m.RoutingKey)
	}
	if flags&recordSameProperties == 0 {
		e.expires = e.expires || m.Properties.Flags()&amqp.FlagExpiration != 0
		e.buf = appendBytes(e.buf, m.Properties)
	}
	if flags&recordArrived != 0 {
		e.buf = binary.AppendVarint(e.buf, m.Arrived-e.arrived())
	}
	if stored != nil {
		e.buf = binary.AppendUvarint(e.buf, stored.number)
		e.buf = binary.AppendUvarint(e.buf, uint64(len(m.Body)))
		return
	}
	e.buf = appendBytes(e.buf, m.Body)
}

// arrived is when the message of the record before did.
func (e *encoder) arrived() int64 {
	if e.previous == nil {
		return 0
	}
	return e.previous.Arrived
}

func (e *encoder) flags(m *message.Message) byte {
	var flags byte
	if m.Arrived != e.arrived() {
		flags |= recordArrived
	}
	if m.Persistent {
		flags |= recordPersistent
	}
	p := e.previous
	if p == nil {
		return flags
	}
	if p.Exchange == m.Exchange {
		flags |= recordSameExchange
	}
	if p.RoutingKey == m.RoutingKey {
		flags |= recordSameKey
	}
	if bytes.Equal(p.Properties, m.Properties) {
		flags |= recordSameProperties
	}
	return flags
}

// record is one decoded record. Unless number is 0 its body is stored under
// that number, and the message has none yet.
type record struct {
	seq     uint64
	message *message.Message
	number  uint64
	length  uint64
}

// decoder reads the records of one block; messages alias the payload.
type decoder struct {
	cursor  cursor
	records []record // all records so far, in the order of their ordinals
	// spare are messages that were made together and are not used yet.
	spare []message.Message
}

// spareMessages is how many messages are made at a time: one that outlives the
// others keeps the memory of so many.
const spareMessages = 32

func (d *decoder) newMessage() *message.Message {
	if len(d.spare) == 0 {
		d.spare = make([]message.Message, spareMessages)
	}
	m := &d.spare[0]
	d.spare = d.spare[1:]
	return m
}

// record reads one record; base is the sequence number that its delta counts
// from.
func (d *decoder) record(base uint64) {
	delta := d.cursor.uvarint()
	flags := d.cursor.octet()
	switch {
	case base+delta < base:
		d.cursor.fail("a sequence number above all others")
	case flags >= recordUnknown:
		d.cursor.fail("record with unknown flags %#x", flags)
	}
	var r record
	if flags&recordRepeat != 0 {
		r = d.repeat()
	} else {
		r = d.message(flags)
	}
	if d.cursor.err == nil {
		r.seq = base + delta
		d.records = append(d.records, r)
	}
}

func (d *decoder) repeat() record {
	ordinal := d.cursor.uvarint()
	if d.cursor.err != nil {
		return record{}
	}
	if ordinal >= uint64(len(d.records)) {
		d.cursor.fail("record repeats record %d, which does not come before it", ordinal)
		return record{}
	}
	return d.records[ordinal]
}

func (d *decoder) message(flags byte) record {
	m := d.newMessage()
	m.Persistent = flags&recordPersistent != 0
	if n := len(d.records); n > 0 {
		previous := d.records[n-1].message
		m.Exchange, m.RoutingKey, m.Properties = previous.Exchange, previous.RoutingKey, previous.Properties
		m.Arrived = previous.Arrived
	}
	if flags&recordSameExchange == 0 {
		m.Exchange = d.cursor.text()
	}
	if flags&recordSameKey == 0 {
		m.RoutingKey = d.cursor.text()
	}
	if flags&recordSameProperties == 0 {
		m.Properties = amqp.Properties(d.cursor.bytes())
	}
	if flags&recordArrived != 0 {
		m.Arrived += d.cursor.varint()
	}
	if flags&recordReference == 0 {
		m.Body = d.cursor.bytes()
		return record{message: m}
	}
	r := record{message: m, number: d.cursor.uvarint(), length: d.cursor.uvarint()}
	if r.number == 0 {
		d.cursor.fail("reference to body 0")
	}
	return r
}
