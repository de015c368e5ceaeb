package management

import (
	"bytes"
	"encoding/json"
	"net/url"
	"reflect"
	"strings"
)

// column is what of an object is wanted: all of it if there is nothing below.
type column struct {
	name  string
	below []*column
}

// maxColumns bounds the paths that are looked for in each item.
const maxColumns = 500

// parseColumns reads "name,message_stats.publish_details.rate"; nil means all columns.
func parseColumns(query url.Values) *column {
	if !query.Has("columns") {
		return nil
	}
	root := new(column)
	for i, path := range strings.Split(query.Get("columns"), ",") {
		if path != "" && i < maxColumns {
			root.add(strings.Split(path, "."))
		}
	}
	return root
}

func (c *column) add(path []string) {
	for _, name := range path {
		next := c.child(name)
		if next == nil {
			next = &column{name: name}
			c.below = append(c.below, next)
		}
		c = next
	}
}

func (c *column) child(name string) *column {
	for _, one := range c.below {
		if one.name == name {
			return one
		}
	}
	return nil
}

// thin writes the columns of an object, or of each object of a list.
func (a *API) thin(v reflect.Value, columns *column) (json.RawMessage, error) {
	var buffer bytes.Buffer
	t := thinner{shapes: &a.shapes, buffer: &buffer}
	t.write(v, columns)
	return buffer.Bytes(), t.err
}

// thinner writes JSON without what is not wanted.
type thinner struct {
	shapes *shapes
	buffer *bytes.Buffer
	err    error
}

func (t *thinner) write(v reflect.Value, wanted *column) {
	v = settle(v)
	switch {
	case t.err != nil:
	case v.IsValid() && v.Kind() == reflect.Slice && !isTable(v):
		t.buffer.WriteByte('[')
		for i := range v.Len() {
			if i > 0 {
				t.buffer.WriteByte(',')
			}
			t.write(v.Index(i), wanted)
		}
		t.buffer.WriteByte(']')
	default:
		t.object(v, wanted)
	}
}

// object writes the members that are wanted, in the order in which they were asked
// for. Those that are not there are left out.
func (t *thinner) object(v reflect.Value, wanted *column) {
	t.buffer.WriteByte('{')
	separator := ""
	for _, c := range wanted.below {
		member := t.shapes.at(v, []string{c.name})
		if !member.IsValid() || t.err != nil {
			continue
		}
		t.buffer.WriteString(separator)
		separator = ","
		t.leaf(reflect.ValueOf(c.name))
		t.buffer.WriteByte(':')
		if len(c.below) > 0 && isContainer(member) {
			t.write(member, c)
		} else {
			t.leaf(member)
		}
	}
	t.buffer.WriteByte('}')
}

// isContainer says whether a value has members, or elements that may have them.
func isContainer(v reflect.Value) bool {
	if isTable(v) {
		return true
	}
	if _, own := v.Interface().(json.Marshaler); own {
		return false
	}
	switch v.Kind() {
	case reflect.Struct, reflect.Map:
		return true
	case reflect.Slice:
		return v.Type().Elem().Kind() != reflect.Uint8
	default:
		return false
	}
}

// isTable says whether a value is an object that finds its members itself.
func isTable(v reflect.Value) bool {
	_, ok := v.Interface().(lookuper)
	return ok
}

func (t *thinner) leaf(v reflect.Value) {
	if t.err == nil {
		t.err = encodeJSON(t.buffer, v.Interface())
	}
}
