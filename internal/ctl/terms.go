package ctl

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// foreign makes the rows those of RabbitMQ's programs: what is missing is empty text, and
// AMQP's tables are lists of keys, types and values in JSON.
func (t *table) foreign() {
	t.quoted = true
	for _, row := range t.rows {
		for _, column := range t.columns {
			switch value := row[column].(type) {
			case nil:
				row[column] = ""
			case object:
				if column == "arguments" || column == "client_properties" {
					row[column] = amqpTable(value)
				}
			}
		}
	}
}

// amqpTable is a table of AMQP as a list of its fields.
type amqpTable object

// MarshalJSON implements json.Marshaler: a list of keys, types and values.
func (t amqpTable) MarshalJSON() ([]byte, error) {
	fields := make([]any, 0, len(t))
	for _, key := range slices.Sorted(maps.Keys(t)) {
		kind, value := amqpType(t[key])
		fields = append(fields, []any{key, kind, value})
	}
	return json.Marshal(fields)
}

// amqpType is RabbitMQ's name of the type of a field, and the field.
func amqpType(value any) (kind string, field any) {
	switch v := value.(type) {
	case string:
		return "longstr", v
	case bool:
		return "bool", v
	case float64:
		if v == float64(int64(v)) {
			return "long", int64(v)
		}
		return "double", v
	case object:
		return "table", amqpTable(v)
	case []any:
		list := make([]any, len(v))
		for i, one := range v {
			kind, field := amqpType(one)
			list[i] = []any{kind, field}
		}
		return "array", list
	}
	return "void", "undefined"
}

// writeJSONStream prints an object in a line for each row.
func (t table) writeJSONStream(to io.Writer) error {
	for _, row := range t.rows {
		text, err := t.jsonRow(row)
		if err == nil {
			_, err = fmt.Fprintln(to, text)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// writeErlang prints a list of lists of pairs, in one line.
func (t table) writeErlang(to io.Writer) error {
	rows := make([]string, len(t.rows))
	for i, row := range t.rows {
		pairs := make([]string, len(t.columns))
		for j, column := range t.columns {
			pairs[j] = "{" + column + "," + erlang(row[column]) + "}"
		}
		rows[i] = "[" + strings.Join(pairs, ",") + "]"
	}
	_, err := fmt.Fprintln(to, "["+strings.Join(rows, ",")+"]")
	return err
}

// erlang is a value as Erlang writes it.
func erlang(value any) string {
	var parts []string
	switch v := value.(type) {
	case string:
		return fmt.Sprintf("<<%q>>", v)
	case amqpTable:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			kind, field := amqpType(v[key])
			parts = append(parts, fmt.Sprintf("{<<%q>>,%s,%s}", key, kind, erlang(field)))
		}
	case object:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			parts = append(parts, fmt.Sprintf("{%s,%s}", key, erlang(v[key])))
		}
	case []any:
		for _, one := range v {
			parts = append(parts, erlang(one))
		}
	default:
		return plainNumber(v)
	}
	return "[" + strings.Join(parts, ",") + "]"
}
