package configs

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// The functions of this file make the type of a field of what a source gives:
// the environment gives texts, the file what YAML makes of it, a flag either.

func asText(raw any) (string, error) {
	if text, ok := raw.(string); ok {
		return text, nil
	}
	return "", errors.New("it must be text: put it in quotes")
}

// asTexts takes a list, or a text that is a list with commas or in brackets.
func asTexts(raw any) ([]string, error) {
	switch list := raw.(type) {
	case []string:
		return list, nil
	case string:
		if bracketed(list) {
			return viaYAML(list, asTexts)
		}
		return splitList(list), nil
	case []any:
		texts := make([]string, 0, len(list))
		for _, entry := range list {
			text, err := asText(entry)
			if err != nil {
				return nil, fmt.Errorf("each entry of the list: %w", err)
			}
			texts = append(texts, text)
		}
		return texts, nil
	default:
		return nil, errors.New("it must be a list of texts")
	}
}

func splitList(text string) []string {
	parts := strings.Split(text, ",")
	for i, part := range parts {
		parts[i] = strings.TrimSpace(part)
	}
	return parts
}

func bracketed(text string) bool { return strings.HasPrefix(strings.TrimSpace(text), "[") }

// viaYAML decodes a text of the environment as the file would have been.
func viaYAML[T any](text string, decode func(any) (T, error)) (T, error) {
	var raw []any
	if err := yaml.Unmarshal([]byte(text), &raw); err != nil {
		var zero T
		return zero, errors.New("it must be a list in YAML's brackets")
	}
	return decode(raw)
}

func asBool(raw any) (bool, error) {
	switch b := raw.(type) {
	case bool:
		return b, nil
	case string:
		if b == "true" || b == "false" {
			return b == "true", nil
		}
	}
	return false, errors.New("it must be true or false")
}

type integer interface {
	~int | ~int64 | ~uint16 | ~uint32
}

func asInteger[T integer](raw any) (T, error) {
	wide, err := asInt64(raw)
	if err != nil {
		return 0, err
	}
	narrow := T(wide)
	if int64(narrow) != wide {
		return 0, errors.New("it is out of range")
	}
	return narrow, nil
}

func asInt64(raw any) (int64, error) {
	switch n := raw.(type) {
	case int:
		return int64(n), nil
	case int64:
		return n, nil
	case string:
		if wide, err := strconv.ParseInt(n, 10, 64); err == nil {
			return wide, nil
		}
	}
	return 0, errors.New("it must be a whole number")
}

// asDuration takes a whole number as seconds, and what time.ParseDuration
// understands.
func asDuration(raw any) (time.Duration, error) {
	if seconds, err := asInt64(raw); err == nil {
		if seconds > math.MaxInt64/int64(time.Second) || seconds < 0 {
			return 0, errors.New("it is out of range")
		}
		return time.Duration(seconds) * time.Second, nil
	}
	if text, ok := raw.(string); ok {
		if d, err := time.ParseDuration(text); err == nil {
			return d, nil
		}
	}
	return 0, errors.New("it must be seconds (60) or a duration with its unit (1m30s, 500ms)")
}
