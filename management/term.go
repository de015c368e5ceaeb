package management

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/leveretmq/leveret/amqp"
)

// termOf is a JSON value as Erlang writes it, in one line, for the texts of refusals.
func termOf(raw json.RawMessage) string {
	var text string
	var list []json.RawMessage
	var object map[string]json.RawMessage
	switch {
	case string(raw) == "null":
		return "null"
	case json.Unmarshal(raw, &text) == nil:
		return amqp.Term(text)
	case json.Unmarshal(raw, &list) == nil:
		terms := make([]string, len(list))
		for i, element := range list {
			terms[i] = termOf(element)
		}
		return "[" + strings.Join(terms, ",") + "]"
	case json.Unmarshal(raw, &object) == nil:
		terms := make([]string, 0, len(object))
		for _, key := range slices.Sorted(maps.Keys(object)) {
			terms = append(terms, amqp.Term(key)+" => "+termOf(object[key]))
		}
		return "#{" + strings.Join(terms, ",") + "}"
	default:
		return numberTerm(raw)
	}
}

// numberTerm is a number, or true or false.
func numberTerm(raw json.RawMessage) string {
	var n float64
	if !strings.ContainsAny(string(raw), ".eE") || json.Unmarshal(raw, &n) != nil {
		return string(raw)
	}
	return amqp.Term(n)
}

// atom is a name as Erlang writes it: in quotes unless it is a plain word.
func atom(name string) string {
	plain := name != "" && name[0] >= 'a' && name[0] <= 'z'
	for _, c := range name {
		plain = plain && (c == '_' || c == '@' || c < unicode.MaxASCII && (unicode.IsLetter(c) || unicode.IsDigit(c)))
	}
	if plain {
		return name
	}
	return "'" + strings.NewReplacer(`\`, `\\`, "'", `\'`, "\n", `\n`, "\x00", `\000`).Replace(name) + "'"
}
