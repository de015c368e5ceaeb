package amqp

import "fmt"

// Field is one entry of a table. Its value has one of these Go types:
//
//	bool      t     int8     b     uint8     B     int16    s     uint16   u
//	int32     I     uint32   i     int64     l L   float32  f     float64  d
//	Decimal   D     string   S     Array     A     Timestamp T    Table    F
//	nil       V     []byte   x
//
// The letters are those of RabbitMQ, not of the specification, as every client
// library has it.
type Field struct {
	Key   string
	Value any
}

// Table is a field table. Order and duplicate keys are kept, because a message
// has to leave as it came. Decoded tables share no memory with the input; an
// empty one decodes to nil.
type Table []Field

// Array is a field array; its elements have the types of field values.
type Array []any

// Timestamp is a time in seconds since 1970 UTC.
type Timestamp uint64

// Decimal is Value divided by ten to the power of Scale.
type Decimal struct {
	Scale uint8
	Value uint32
}

// The letters of the field types on the wire.
const (
	fieldBool      = 't'
	fieldInt8      = 'b'
	fieldUint8     = 'B'
	fieldInt16     = 's'
	fieldUint16    = 'u'
	fieldInt32     = 'I'
	fieldUint32    = 'i'
	fieldInt64     = 'l'
	fieldInt64Alt  = 'L'
	fieldFloat32   = 'f'
	fieldFloat64   = 'd'
	fieldDecimal   = 'D'
	fieldString    = 'S'
	fieldArray     = 'A'
	fieldTimestamp = 'T'
	fieldTable     = 'F'
	fieldVoid      = 'V'
	fieldBytes     = 'x'
)

// Lookup returns the value of the first field with the key (RabbitMQ
// behaviour: later duplicates are kept but not looked at).
func (t Table) Lookup(key string) (any, bool) {
	for i := range t {
		if t[i].Key == key {
			return t[i].Value, true
		}
	}
	return nil, false
}

// Validate reports whether the table can be put on the wire: known types, keys
// that fit a shortstr, at most MaxTableDepth levels. Decoded tables always
// are; a table made from other input is checked before AppendTable sees it.
func (t Table) Validate() error { return t.validate(1) }

func (t Table) validate(depth int) error {
	if depth > MaxTableDepth {
		return errTableDepth
	}
	for i := range t {
		if len(t[i].Key) > MaxShortString {
			return fmt.Errorf("amqp: the key of a table field has %d octets, at most %d fit",
				len(t[i].Key), MaxShortString)
		}
		if err := validateValue(t[i].Value, depth); err != nil {
			return err
		}
	}
	return nil
}

func validateValue(v any, depth int) error {
	switch v := v.(type) {
	case Table:
		return v.validate(depth + 1)
	case Array:
		if depth+1 > MaxTableDepth {
			return errTableDepth
		}
		for i := range v {
			if err := validateValue(v[i], depth+1); err != nil {
				return err
			}
		}
		return nil
	}
	if TypeName(v) == "" {
		return fmt.Errorf("%w: Go type %T", errFieldType, v)
	}
	return nil
}

// TypeName is RabbitMQ's word for the type of a field value, as it appears in
// its error texts; it is empty for a Go type that no field value has.
func TypeName(v any) string {
	switch v.(type) {
	case nil:
		return "void"
	case bool:
		return "bool"
	case string:
		return "longstr"
	case []byte:
		return "binary"
	case Table:
		return "table"
	case Array:
		return "array"
	case Timestamp:
		return "timestamp"
	}
	return numberTypeName(v)
}

func numberTypeName(v any) string {
	switch v.(type) {
	case int8:
		return "byte"
	case uint8:
		return "unsignedbyte"
	case int16:
		return "short"
	case uint16:
		return "unsignedshort"
	case int32:
		return "signedint"
	case uint32:
		return "unsignedint"
	case int64:
		return "long"
	case float32:
		return "float"
	case float64:
		return "double"
	case Decimal:
		return "decimal"
	}
	return ""
}

// Integer returns the value of any integer type of the wire. A timestamp is
// none (RabbitMQ behaviour).
func Integer(v any) (int64, bool) {
	switch v := v.(type) {
	case int8:
		return int64(v), true
	case uint8:
		return int64(v), true
	case int16:
		return int64(v), true
	case uint16:
		return int64(v), true
	case int32:
		return int64(v), true
	case uint32:
		return int64(v), true
	case int64:
		return v, true
	}
	return 0, false
}
