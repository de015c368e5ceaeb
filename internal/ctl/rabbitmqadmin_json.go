package ctl

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
)

// fields are an object in the order that it came in, which Python keeps.
type fields []field

type field struct {
	key   string
	value any
}

var errNotJSON = errors.New("it is no JSON")

// decodeOrdered reads JSON: fields, []any, string, json.Number, bool, nil.
func decodeOrdered(text string) (any, error) {
	if !json.Valid([]byte(text)) { // which bounds the depth, too
		return nil, errNotJSON
	}
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	return nextValue(decoder)
}

func nextValue(from *json.Decoder) (any, error) {
	token, err := from.Token()
	if err != nil {
		return nil, err
	}
	delimiter, structured := token.(json.Delim)
	if !structured {
		return token, nil
	}
	list, object := []any{}, fields{}
	for from.More() {
		var key string
		if delimiter == '{' {
			name, err := from.Token()
			if err != nil {
				return nil, err
			}
			key, _ = name.(string)
		}
		value, err := nextValue(from)
		if err != nil {
			return nil, err
		}
		list, object = append(list, value), append(object, field{key, value})
	}
	if _, err := from.Token(); err != nil {
		return nil, err
	}
	if delimiter == '{' {
		return object, nil
	}
	return list, nil
}

// pythonJSON is JSON as Python writes it without options.
func pythonJSON(value any) string {
	switch v := value.(type) {
	case fields:
		parts := make([]string, len(v))
		for i, one := range v {
			parts[i] = asciiText(one.key) + ": " + pythonJSON(one.value)
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case []any:
		parts := make([]string, len(v))
		for i, one := range v {
			parts[i] = pythonJSON(one)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case string:
		return asciiText(v)
	default:
		return plainJSON(v)
	}
}

// prettyJSON is JSON with sorted keys, indented by two.
func prettyJSON(value any) string { return indented(value, "\n") }

func indented(value any, lineBreak string) string {
	inner := lineBreak + "  "
	switch v := value.(type) {
	case fields:
		if len(v) == 0 {
			return "{}"
		}
		sorted := slices.SortedStableFunc(slices.Values(v), func(a, b field) int { return cmp.Compare(a.key, b.key) })
		parts := make([]string, len(v))
		for i, one := range sorted {
			parts[i] = escaped(one.key) + ": " + indented(one.value, inner)
		}
		return "{" + inner + strings.Join(parts, ","+inner) + lineBreak + "}"
	case []any:
		if len(v) == 0 {
			return "[]"
		}
		parts := make([]string, len(v))
		for i, one := range v {
			parts[i] = indented(one, inner)
		}
		return "[" + inner + strings.Join(parts, ","+inner) + lineBreak + "]"
	case string:
		return escaped(v)
	default:
		return plainJSON(v)
	}
}

func plainJSON(value any) string {
	switch v := value.(type) {
	case json.Number:
		return pythonNumber(v)
	case bool:
		return strconv.FormatBool(v)
	default:
		return "null"
	}
}

// pythonNumber is a number as Python prints it.
func pythonNumber(n json.Number) string {
	text := n.String()
	if !strings.ContainsAny(text, ".eE") {
		return text
	}
	number, err := n.Float64()
	if err != nil {
		return text
	}
	short := strconv.FormatFloat(number, 'e', -1, 64)
	_, exponent, _ := strings.Cut(short, "e")
	const plainFrom, plainTo = -4, 16
	if size, err := strconv.Atoi(exponent); err != nil || size < plainFrom || size >= plainTo {
		return short
	}
	plain := strconv.FormatFloat(number, 'f', -1, 64)
	if !strings.Contains(plain, ".") {
		plain += ".0"
	}
	return plain
}

// escaped is a JSON string with all characters that need no escape.
func escaped(text string) string {
	short := map[rune]string{'"': `\"`, '\\': `\\`, '\n': `\n`, '\r': `\r`, '\t': `\t`, '\f': `\f`, '\b': `\b`}
	var out strings.Builder
	for _, r := range text {
		switch {
		case short[r] != "":
			out.WriteString(short[r])
		case r < ' ':
			fmt.Fprintf(&out, `\u%04x`, r)
		default:
			out.WriteRune(r)
		}
	}
	return `"` + out.String() + `"`
}

// asciiText is a JSON string of ASCII only.
func asciiText(text string) string {
	const last = '~'
	var out strings.Builder
	for _, r := range escaped(text) {
		if r <= last {
			out.WriteRune(r)
			continue
		}
		for _, unit := range utf16.Encode([]rune{r}) {
			fmt.Fprintf(&out, `\u%04x`, unit)
		}
	}
	return out.String()
}
