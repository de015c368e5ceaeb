package management

import (
	"bytes"
	"encoding/json"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/definitions"
)

// body is the JSON object of a request. Its members are looked at one by one, as
// RabbitMQ does: a client is told of the first one that is wrong.
type body map[string]json.RawMessage

// body reads the request's. None at all is an empty object.
func (r *request) body() (body, error) {
	octets, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	b := body{}
	if len(bytes.TrimSpace(octets)) == 0 {
		return b, nil
	}
	if json.Unmarshal(octets, &b) != nil || b == nil {
		return nil, badRequest("not_json")
	}
	return b, nil
}

// lineWidth is where Erlang begins to print a list with a line for each element.
const lineWidth = 72

// require refuses a body without one of the members, and names all that are missing.
func (b body) require(keys ...string) error {
	var missing []string
	for _, key := range keys {
		if _, ok := b[key]; !ok {
			missing = append(missing, "{key_missing,"+key+"}")
		}
	}
	if missing == nil {
		return nil
	}
	text := "[" + strings.Join(missing, ",") + "]"
	if len(text) > lineWidth {
		text = "[" + strings.Join(missing, ",\n ") + "]"
	}
	return badRequest("%s", text)
}

// value is a member in the types of encoding/json; nil if there is none.
func (b body) value(key string) any {
	var v any
	if json.Unmarshal(b[key], &v) != nil {
		return nil
	}
	return v
}

// flag is a member that is true or false, or the text of that; false without it.
func (b body) flag(key string) (bool, error) {
	if _, ok := b[key]; !ok {
		return false, nil
	}
	switch v := b.value(key); v {
	case true, "true":
		return true, nil
	case false, "false":
		return false, nil
	default:
		return false, badTerm("not_boolean", v)
	}
}

// integer is a member that is a number, whose fraction is dropped, or the text of an
// integer; the fallback without it.
func (b body) integer(key string, fallback int) (int, error) {
	if _, ok := b[key]; !ok {
		return fallback, nil
	}
	switch v := b.value(key).(type) {
	case float64:
		return int(v), nil
	case string:
		if n, err := strconv.Atoi(v); err == nil {
			return n, nil
		}
		return 0, badTerm("not_integer", v)
	default:
		return 0, badTerm("not_integer", v)
	}
}

// text is a member that is text; empty without it.
func (b body) text(key string) (string, error) {
	if _, ok := b[key]; !ok {
		return "", nil
	}
	s, ok := b.value(key).(string)
	if !ok {
		return "", badTerm("not_string", key)
	}
	return s, nil
}

// table is a member that is a field table; empty without it.
func (b body) table(key string) (amqp.Table, error) {
	raw, ok := b[key]
	if !ok {
		return nil, nil
	}
	var table definitions.Arguments
	if err := json.Unmarshal(raw, &table); err != nil {
		return nil, badRequest("%s: %s", key, err)
	}
	if string(raw) == "null" || hasNull(amqp.Table(table)) {
		return nil, badRequest("null_not_allowed")
	}
	return amqp.Table(table), nil
}

// hasNull says whether there is a null anywhere in a value.
func hasNull(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case amqp.Table:
		return slices.ContainsFunc(v, func(f amqp.Field) bool { return hasNull(f.Value) })
	case amqp.Array:
		return slices.ContainsFunc(v, hasNull)
	default:
		return false
	}
}
