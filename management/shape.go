package management

import (
	"cmp"
	"encoding/json"
	"reflect"
	"strings"
	"sync"
)

// shapes remembers how types of structs look in JSON.
type shapes struct{ known sync.Map } // reflect.Type -> []field

// field is a field of a struct as JSON has it.
type field struct {
	name  string
	index []int
	// omitEmpty and omitZero are the options of the tag.
	omitEmpty, omitZero bool
}

// lookuper finds a field by its name: a type that is an object in JSON but no struct.
type lookuper interface{ Lookup(key string) (any, bool) }

// of lists the fields of a type of structs, those of embedded structs among them.
func (s *shapes) of(t reflect.Type) []field {
	if known, ok := s.known.Load(t); ok {
		fields, _ := known.([]field)
		return fields
	}
	var fields []field
	for _, f := range reflect.VisibleFields(t) {
		if !f.IsExported() || f.Anonymous {
			continue
		}
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "-" {
			continue
		}
		fields = append(fields, field{
			name: cmp.Or(name, f.Name), index: f.Index,
			omitEmpty: strings.Contains(options, "omitempty"), omitZero: strings.Contains(options, "omitzero"),
		})
	}
	s.known.Store(t, fields)
	return fields
}

// value is the field of a struct, and whether JSON has it there.
func (f field) value(of reflect.Value) (reflect.Value, bool) {
	v, err := of.FieldByIndexErr(f.index)
	if err != nil || f.omitZero && v.IsZero() || f.omitEmpty && isEmpty(v) {
		return v, false
	}
	return v, true
}

// isEmpty is what encoding/json calls empty.
func isEmpty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Array, reflect.Map, reflect.Slice, reflect.String:
		return v.Len() == 0
	case reflect.Bool, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64,
		reflect.Float32, reflect.Float64, reflect.Interface, reflect.Pointer:
		return v.IsZero()
	default:
		return false
	}
}

// settle follows pointers and interfaces to what is there.
func settle(v reflect.Value) reflect.Value {
	for v.IsValid() && (v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface) {
		if v.Kind() == reflect.Pointer && v.Type().Implements(reflect.TypeFor[json.Marshaler]()) &&
			!v.Elem().IsValid() {
			return reflect.Value{}
		}
		v = v.Elem()
	}
	return v
}

// at finds what a path of names leads to; the zero Value if it leads nowhere.
func (s *shapes) at(v reflect.Value, path []string) reflect.Value {
	v = settle(v)
	for _, name := range path {
		if !v.IsValid() {
			return v
		}
		v = settle(s.member(v, name))
	}
	return v
}

func (s *shapes) member(v reflect.Value, name string) reflect.Value {
	if table, ok := v.Interface().(lookuper); ok {
		found, _ := table.Lookup(name)
		return reflect.ValueOf(found)
	}
	switch v.Kind() {
	case reflect.Struct:
		for _, f := range s.of(v.Type()) {
			if f.name == name {
				found, _ := f.value(v)
				return found
			}
		}
	case reflect.Map:
		if v.Type().Key().Kind() == reflect.String {
			return v.MapIndex(reflect.ValueOf(name).Convert(v.Type().Key()))
		}
	}
	return reflect.Value{}
}

// sortKey is a value in the order that RabbitMQ sorts by: numbers, then truth values,
// then text. What is missing counts as zero.
type sortKey struct {
	class  int
	number float64
	text   string
}

func keyOf(v reflect.Value) sortKey {
	if v.IsValid() && v.Type() == reflect.TypeFor[json.RawMessage]() {
		var decoded any
		if json.Unmarshal(v.Bytes(), &decoded) != nil {
			return sortKey{}
		}
		v = reflect.ValueOf(decoded)
	}
	switch {
	case !v.IsValid():
		return sortKey{}
	case v.CanInt():
		return sortKey{number: float64(v.Int())}
	case v.CanUint():
		return sortKey{number: float64(v.Uint())}
	case v.CanFloat():
		return sortKey{number: v.Float()}
	case v.Kind() == reflect.Bool && v.Bool():
		return sortKey{class: 1, number: 1}
	case v.Kind() == reflect.Bool:
		return sortKey{class: 1}
	case v.Kind() == reflect.String:
		return sortKey{class: 2, text: v.String()}
	default:
		return sortKey{}
	}
}

func (k sortKey) compare(other sortKey) int {
	return cmp.Or(cmp.Compare(k.class, other.class), cmp.Compare(k.number, other.number), cmp.Compare(k.text, other.text))
}
