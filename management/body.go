package management

import (
	"cmp"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/definitions"
)

// body is the JSON object of a request. Its members are looked at one by one, as
// RabbitMQ does: a client is told of the first one that is wrong.
type body map[string]json.RawMessage

// body reads the request's. None at all is an empty object. The content type is not
// looked at: clients send any (RabbitMQ behaviour). Those keys that have to be there are
// reported together.
func (r *request) body(required ...string) (body, error) {
	octets, err := r.content()
	if err != nil {
		return nil, err
	}
	b := body{}
	if len(octets) > 0 {
		if b, err = parseBody(octets); err != nil {
			return nil, err
		}
	}
	return b, b.require(required...)
}

// parseBody takes null for an empty object, as RabbitMQ does.
func parseBody(octets []byte) (body, error) {
	var whole any // which finds numbers that are too large for a float, too
	if err := json.Unmarshal(octets, &whole); err != nil {
		return nil, badRequest("not_json")
	}
	b := body{}
	switch whole.(type) {
	case map[string]any:
		return b, json.Unmarshal(octets, &b)
	case string:
		return nil, badRequest("invalid payload: the request body JSON-decoded to a string. Is the input doubly-JSON-encoded?")
	case nil:
		return b, nil
	default:
		return nil, badRequest("not_json")
	}
}

// has says whether there is a member.
func (b body) has(key string) bool {
	_, ok := b[key]
	return ok
}

// gives says whether there is a member that is not null. Clients send null for what they
// leave as it is.
func (b body) gives(key string) bool { return b.has(key) && string(b[key]) != "null" }

// read takes a member into a variable, which stays as it is if there is none.
func (b body) read(key string, into any) error {
	if !b.has(key) {
		return nil
	}
	return json.Unmarshal(b[key], into)
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
		return false, badRequest("{not_boolean,%s}", termOf(b[key]))
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
		return 0, badRequest("{not_integer,%s}", termOf(b[key]))
	default:
		return 0, badRequest("{not_integer,%s}", termOf(b[key]))
	}
}

// text is a member that is text; empty without it.
func (b body) text(key string) (string, error) {
	if _, ok := b[key]; !ok {
		return "", nil
	}
	s, ok := b.value(key).(string)
	if !ok {
		return "", badRequest("%s should be a string, actually was %s", key, termOf(b[key]))
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

// texts reads several members that have to be text.
func (b body) texts(into map[string]*string) error {
	var problems []error
	for key, target := range into {
		s, err := b.text(key)
		*target = s
		problems = append(problems, err)
	}
	return errors.Join(problems...)
}

// flagOr is a member that is true or false, and something else without it.
func (b body) flagOr(key string, otherwise bool) (bool, error) {
	if !b.has(key) {
		return otherwise, nil
	}
	return b.flag(key)
}

// short refuses a text that AMQP has no room for.
func short(what, text string) error {
	if len(text) <= amqp.MaxShortString {
		return nil
	}
	return badRequest("%s should be less than %d bytes, actually was %d\n", what, amqp.MaxShortString, len(text))
}

// key is the routing key of a body; empty without it.
func (b body) key() (string, error) {
	key, err := b.text("routing_key")
	return key, cmp.Or(err, short("routing_key", key))
}
