package policy

import (
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"
)

// errTrailing means text behind a JSON value.
var errTrailing = errors.New("something follows")

// decode reads JSON and makes its integers int64 where they fit.
func decode(text string) (any, error) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var value any
	if err := d.Decode(&value); err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errTrailing
	}
	return numbers(value), nil
}

// numbers turns numbers into int64, float64 or, for large integers, json.Number.
func numbers(value any) any {
	switch v := value.(type) {
	case json.Number:
		return numeric(v)
	case []any:
		for i := range v {
			v[i] = numbers(v[i])
		}
	case map[string]any:
		for key := range v {
			v[key] = numbers(v[key])
		}
	}
	return value
}

func numeric(n json.Number) any {
	if i, err := n.Int64(); err == nil {
		return i
	}
	if !strings.ContainsAny(string(n), ".eE") {
		return n
	}
	if f, err := n.Float64(); err == nil {
		return f
	}
	return n
}

// number is the value of something that is a number.
func number(value any) (float64, bool) {
	switch n := value.(type) {
	case int64:
		return float64(n), true
	case float64:
		return n, true
	case json.Number:
		f, err := strconv.ParseFloat(string(n), 64)
		return f, err == nil || f != 0 // too large is large
	}
	return 0, false
}

// Integer is the value of an integer in a definition. One that is too large for 64 bits
// is the largest, or the smallest.
func Integer(value any) (int64, bool) {
	switch n := value.(type) {
	case int64:
		return n, true
	case json.Number:
		if strings.ContainsAny(string(n), ".eE") {
			return 0, false
		}
		i, _ := strconv.ParseInt(string(n), 10, 64) // the nearest, if it is out of range
		return i, true
	}
	return 0, false
}
