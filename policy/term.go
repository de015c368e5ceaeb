package policy

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// lineWidth is from where on Erlang breaks a term into lines, in characters.
const lineWidth = 79

// term prints a value of JSON as Erlang prints what it becomes there.
func term(value any) string {
	switch v := value.(type) {
	case nil:
		return "null"
	case bool:
		return strconv.FormatBool(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case json.Number:
		return string(v)
	case float64:
		return float(v)
	case string:
		return binary(v)
	case []any:
		parts := make([]string, len(v))
		for i := range v {
			parts[i] = term(v[i])
		}
		return "[" + strings.Join(parts, ",") + "]"
	case map[string]any:
		parts := make([]string, 0, len(v))
		for _, key := range slices.Sorted(maps.Keys(v)) {
			parts = append(parts, binary(key)+" => "+term(v[key]))
		}
		return "#{" + strings.Join(parts, ",") + "}"
	}
	return fmt.Sprint(value)
}

// binary is a text as a binary. Erlang has no quotes for an empty one.
func binary(text string) string {
	if text == "" {
		return "<<>>"
	}
	return "<<" + quoted(text) + ">>"
}

// quoted escapes what Erlang escapes.
func quoted(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`, "\t", `\t`).Replace(text) + `"`
}

// float has a point always, and an exponent where that is shorter.
func float(f float64) string {
	text := strconv.FormatFloat(f, 'g', -1, 64)
	mantissa, exponent, scientific := strings.Cut(text, "e")
	if !strings.Contains(mantissa, ".") {
		mantissa += ".0"
	}
	if !scientific {
		return mantissa
	}
	return mantissa + "e" + strings.TrimPrefix(exponent, "+")
}

// pairs prints keys and values as a list of pairs, by key, each in a line of its own if
// it is long.
func pairs(m map[string]any) string {
	parts := make([]string, 0, len(m))
	for _, key := range slices.Sorted(maps.Keys(m)) {
		parts = append(parts, "{"+binary(key)+","+term(m[key])+"}")
	}
	if line := "[" + strings.Join(parts, ",") + "]"; len(line) < lineWidth {
		return line
	}
	return "[" + strings.Join(parts, ",\n ") + "]"
}
