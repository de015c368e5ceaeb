package configs

import (
	"errors"
	"fmt"
	"strings"
)

// line is one line of a rabbitmq.conf that says something: a key with its value,
// or the name of files to include.
type line struct {
	number  int
	key     []string // its segments; none if files are included
	value   string
	include string
}

var (
	errNotSetting = errors.New("it must be key = value, include FILE or a comment")
	errNoValue    = errors.New("it has no value")
	errAfterQuote = errors.New("there is something behind the closing quote")
)

// parseLines reads the syntax of rabbitmq.conf as RabbitMQ 4.0 does. What is wrong
// is told with the number of its line; what is right is returned all the same.
//
//	# a comment
//	key.of.segments = value  # a comment
//	key.with\.dot   = 'a value # with all of its characters'
//	include conf.d/*.conf
func parseLines(name, content string) ([]line, []string) {
	var lines []line
	var problems []string
	number := 0
	for text := range strings.Lines(strings.TrimPrefix(content, "\ufeff")) {
		number++
		text = strings.TrimSpace(text)
		if text == "" || text[0] == '#' {
			continue
		}
		one, err := parseLine(text)
		if err != nil {
			problems = append(problems, fmt.Sprintf("%s:%d: %v", name, number, err))
			continue
		}
		one.number = number
		lines = append(lines, one)
	}
	return lines, problems
}

func parseLine(text string) (line, error) {
	if files, found := strings.CutPrefix(text, "include"); found && files != "" && blank(files[0]) {
		files, _, _ = strings.Cut(files, "#")
		if files = strings.TrimSpace(files); files == "" {
			return line{}, errNotSetting
		}
		if files[0] != '=' {
			return line{include: files}, nil
		}
	}
	key, rest, err := parseKey(text)
	if err != nil {
		return line{}, err
	}
	value, err := parseValue(rest)
	if err != nil {
		return line{}, fmt.Errorf("%s: %w", keyText(key), err)
	}
	return line{key: key, value: value}, nil
}

// parseKey reads the segments before the equals sign, and what follows that.
func parseKey(text string) (key []string, rest string, err error) {
	var segment strings.Builder
	i := 0
	for ; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\' && i+1 < len(text) && text[i+1] == '.':
			i++
			segment.WriteByte('.')
		case c == '.':
			if segment.Len() == 0 {
				return nil, "", errNotSetting
			}
			key = append(key, segment.String())
			segment.Reset()
		case keyOctet(c):
			segment.WriteByte(c)
		default:
			rest = strings.TrimLeft(text[i:], " \t")
			i = len(text)
		}
	}
	value, found := strings.CutPrefix(rest, "=")
	if !found || segment.Len() == 0 {
		return nil, "", errNotSetting
	}
	return append(key, segment.String()), strings.TrimSpace(value), nil
}

func keyOctet(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-'
}

// parseValue reads a value up to its comment. Single quotes belong to it where
// there is only one of them; double quotes always do.
func parseValue(text string) (string, error) {
	if quoted, found := strings.CutPrefix(text, "'"); found {
		if value, after, closed := strings.Cut(quoted, "'"); closed {
			after = strings.TrimSpace(after)
			if after != "" && after[0] != '#' {
				return "", errAfterQuote
			}
			return value, nil
		}
	}
	value, _, _ := strings.Cut(text, "#")
	if value = strings.TrimSpace(value); value == "" {
		return "", errNoValue
	}
	return value, nil
}

func blank(c byte) bool { return c == ' ' || c == '\t' }

// keyText is a key as a file has it.
func keyText(key []string) string {
	escaped := make([]string, len(key))
	for i, segment := range key {
		escaped[i] = strings.ReplaceAll(segment, ".", `\.`)
	}
	return strings.Join(escaped, ".")
}
