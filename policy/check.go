package policy

import (
	"errors"
	"fmt"
	"maps"
	"regexp/syntax"
	"slices"
	"strings"

	"github.com/leveretmq/leveret/internal/pattern"
)

// check says what is wrong with the value of a parameter, in RabbitMQ's order.
func check(kind Kind, name string, content any) []string {
	fields, ok := asFields(content)
	if !ok {
		return []string{fmt.Sprintf("%s not a list %s", name, term(content))}
	}
	unknown := maps.Clone(fields)
	var problems []string
	for _, f := range []struct {
		name      string
		mandatory bool
		problem   func(any) string
	}{
		{"definition", true, func(v any) string { return checkDefinition(kind, v) }},
		{"apply-to", false, checkApplyTo},
		{"pattern", true, checkPattern},
		{"priority", true, checkPriority},
	} {
		delete(unknown, f.name)
		value, given := fields[f.name]
		switch {
		case given:
			if p := f.problem(value); p != "" {
				problems = append(problems, p)
			}
		case f.mandatory:
			problems = append(problems, fmt.Sprintf("Key %q not found in %s", f.name, name))
		}
	}
	terms := pairs(unknown)
	if list, ok := content.([]any); ok {
		terms = term(list)
	}
	if terms != "[]" {
		problems = slices.Insert(problems, 0, fmt.Sprintf("Unrecognised terms %s in %s", terms, name))
	}
	return problems
}

// asFields takes a list for an object without known fields, as RabbitMQ does.
func asFields(content any) (map[string]any, bool) {
	switch v := content.(type) {
	case map[string]any:
		return v, true
	case []any:
		return nil, true
	}
	return nil, false
}

func checkApplyTo(value any) string {
	text, ok := value.(string)
	if ok && slices.Contains([]Target{All, Queues, ClassicQueues, QuorumQueues, Streams, Exchanges}, Target(text)) {
		return ""
	}
	if !ok {
		text = term(value)
	}
	return fmt.Sprintf("apply-to '%s' unrecognised; should be one of: 'queues', 'classic_queues',  'quorum_queues', "+
		"'streams', 'exchanges', or 'all'", text)
}

func checkPriority(value any) string {
	if _, ok := number(value); !ok {
		return "priority should be a number, actually was " + term(value)
	}
	return ""
}

func checkPattern(value any) string {
	text, ok := value.(string)
	if !ok {
		return "pattern should be a binary but was " + term(value)
	}
	if _, err := compile(text); err != nil {
		return regexpProblem(text, err)
	}
	return ""
}

// regexpProblem tells of a pattern that is none, in the words of PCRE where these are
// known.
func regexpProblem(source string, cause error) string {
	const before = "pattern should be regular expression but is invalid: "
	reason, at := pcreReason(source, cause)
	line := fmt.Sprintf("{%s,%d}", quoted(reason), at)
	if len(before)+len(line) >= lineWidth {
		line = fmt.Sprintf("{%s,\n%s%d}", quoted(reason), strings.Repeat(" ", len(before)+len("{")), at)
	}
	return before + line
}

// pcreReason is what PCRE says of a pattern that Go's parser refuses, and where it
// finds that, in octets.
func pcreReason(source string, cause error) (string, int) {
	if errors.Is(cause, pattern.ErrTooLarge) {
		return "regular expression is too large", len(source)
	}
	_, err := syntax.Parse(source, syntax.Perl)
	var fault *syntax.Error
	if !errors.As(err, &fault) {
		return cause.Error(), 0
	}
	switch fault.Code {
	case syntax.ErrMissingParen:
		return "missing )", len(source)
	case syntax.ErrUnexpectedParen:
		return "unmatched parentheses", unmatched(source)
	case syntax.ErrMissingRepeatArgument:
		return "nothing to repeat", strings.Index(source, fault.Expr)
	case syntax.ErrInvalidRepeatOp:
		return "nothing to repeat", strings.Index(source, fault.Expr) + 1
	case syntax.ErrMissingBracket:
		return "missing terminating ] for character class", len(source)
	case syntax.ErrTrailingBackslash:
		return `\ at end of pattern`, len(source)
	case syntax.ErrInvalidRepeatSize:
		return "numbers out of order in {} quantifier", strings.Index(source, fault.Expr) + len(fault.Expr) - 1
	case syntax.ErrInvalidCharRange:
		return "range out of order in character class", strings.Index(source, fault.Expr) + len(fault.Expr) - 1
	}
	return cause.Error(), 0
}

// unmatched is where a parenthesis is closed that was not opened.
func unmatched(source string) int {
	depth := 0
	for i := 0; i < len(source); i++ {
		switch source[i] {
		case '\\':
			i++
		case '(':
			depth++
		case ')':
			if depth--; depth < 0 {
				return i
			}
		}
	}
	return len(source)
}
