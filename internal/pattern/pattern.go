package pattern

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"
	"sync"
	"unicode/utf8"
)

// Limits of patterns: what one check may cost at most.
const (
	// maxPattern is the length of a pattern in octets. Names and routing keys
	// have 255 octets at most.
	maxPattern = 1000
	// maxProgram is the number of instructions of a compiled pattern. Each octet
	// of a name may have to look at each of them, which then takes about 50 ms.
	maxProgram = 10_000
)

// ErrInvalid means a regular expression that cannot be used.
var ErrInvalid = errors.New("invalid regular expression")

// ErrTooLarge means a regular expression that is too long, or too complex. It is an
// ErrInvalid.
var ErrTooLarge = fmt.Errorf("%w: too large", ErrInvalid)

// ErrTimeout means a pattern that could not decide in time.
var ErrTimeout = errors.New("the pattern takes too long")

// Pattern is a regular expression of RabbitMQ, which uses PCRE on octets and
// searches, so that nothing is anchored that the pattern does not anchor. It does not
// change.
type Pattern struct {
	source string
	kind   patternKind
	re     *regexp.Regexp // patternLinear
	slow   *backtracker   // patternBacktracking, and for some texts patternLinear
	// buffers holds *[]byte for texts that are not ASCII.
	buffers sync.Pool
}

type patternKind uint8

const (
	patternNothing      patternKind = iota // does not compile: matches nothing
	patternEmpty                           // "" and "^$": matches the empty text only
	patternAll                             // ".*" and its like
	patternLine                            // "^.*$": all but what has a line break
	patternLinear                          // Go's engine
	patternBacktracking                    // what Go's engine cannot do
)

// Compile compiles with Go's engine, which needs linear time, and leaves
// the rest to one that backtracks. The error wraps ErrInvalid; the
// pattern is there all the same and matches nothing.
func Compile(source string) (*Pattern, error) {
	p := &Pattern{source: source}
	if len(source) > maxPattern {
		return p, fmt.Errorf("%w: it has %d octets, more than %d", ErrTooLarge, len(source), maxPattern)
	}
	switch source {
	case "", "^$":
		p.kind = patternEmpty
		return p, nil
	case "^.*$":
		p.kind = patternLine
		return p, nil
	}
	portable, err := translate(source)
	if err != nil {
		return p, fmt.Errorf("%w '%s': %w", ErrInvalid, source, err)
	}
	if portable.exact != "" {
		if p.slow, err = compileBacktracker(fromOctets(portable.exact)); err != nil {
			return p, fmt.Errorf("%w '%s': %w", ErrInvalid, source, err)
		}
	}
	expanded := fromOctets(portable.text)
	if tree, err := syntax.Parse(expanded, syntax.Perl); err == nil {
		return p, p.compileTree(withoutTail(tree))
	}
	if p.slow == nil {
		if p.slow, err = compileBacktracker(expanded); err != nil {
			return p, fmt.Errorf("%w '%s': %w", ErrInvalid, source, err)
		}
	}
	p.kind = patternBacktracking
	return p, nil
}

func (p *Pattern) compileTree(tree *syntax.Regexp) error {
	if tree.Op == syntax.OpEmptyMatch || tree.Op == syntax.OpBeginText {
		p.kind = patternAll
		return nil
	}
	program, err := syntax.Compile(tree.Simplify())
	if err != nil {
		return fmt.Errorf("%w '%s': %w", ErrInvalid, p.source, err)
	}
	if len(program.Inst) > maxProgram {
		return fmt.Errorf("%w: '%s' is too complex", ErrTooLarge, p.source)
	}
	re, err := regexp.Compile(tree.String())
	if err != nil {
		return fmt.Errorf("%w '%s': %w", ErrInvalid, p.source, err)
	}
	p.re, p.kind = re, patternLinear
	return nil
}

// withoutTail drops from the end what may match nothing, such as the ".*" of
// "^orders\..*": a search ends as well before it.
func withoutTail(tree *syntax.Regexp) *syntax.Regexp {
	optional := func(r *syntax.Regexp) bool {
		return r.Op == syntax.OpStar || r.Op == syntax.OpQuest || r.Op == syntax.OpEmptyMatch
	}
	if optional(tree) {
		return &syntax.Regexp{Op: syntax.OpEmptyMatch}
	}
	if tree.Op != syntax.OpConcat {
		return tree
	}
	parts := tree.Sub
	for len(parts) > 0 && optional(parts[len(parts)-1]) {
		parts = parts[:len(parts)-1]
	}
	switch len(parts) {
	case 0:
		return &syntax.Regexp{Op: syntax.OpEmptyMatch}
	case 1:
		return parts[0]
	default:
		return &syntax.Regexp{Op: syntax.OpConcat, Flags: tree.Flags, Sub: parts}
	}
}

// Nothing is a pattern that matches nothing.
func Nothing(source string) *Pattern { return &Pattern{source: source} }

// Source is what the pattern was compiled from.
func (p *Pattern) Source() string { return p.source }

// Matches searches the text. The only error is ErrTimeout.
func (p *Pattern) Matches(text string) (bool, error) {
	switch p.kind {
	case patternEmpty:
		return text == "", nil
	case patternAll:
		return true, nil
	case patternLine:
		return strings.IndexByte(text, '\n') < 0, nil
	case patternLinear:
		if isASCII(text) {
			return p.re.MatchString(text), nil
		}
		if p.slow != nil {
			return p.slow.matches(text)
		}
		return p.matchOctets(text), nil
	case patternBacktracking:
		return p.slow.matches(text)
	default:
		return false, nil
	}
}

// matchOctets is the search in a text that is not ASCII.
func (p *Pattern) matchOctets(text string) bool {
	buffer, _ := p.buffers.Get().(*[]byte)
	if buffer == nil {
		buffer = new([]byte)
	}
	*buffer = appendFromOctets((*buffer)[:0], text)
	found := p.re.Match(*buffer)
	p.buffers.Put(buffer)
	return found
}

// fromOctets makes a character of each octet, as PCRE sees a text (RabbitMQ
// behaviour: "." matches one octet). ASCII stays as it is.
func fromOctets(text string) string {
	if isASCII(text) {
		return text
	}
	return string(appendFromOctets(nil, text))
}

func appendFromOctets(dst []byte, text string) []byte {
	for i := range len(text) {
		dst = utf8.AppendRune(dst, rune(text[i]))
	}
	return dst
}

func isASCII(text string) bool {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// Quote makes a pattern of a text that matches the text only.
func Quote(text string) string {
	var b strings.Builder
	for i := range len(text) {
		c := text[i]
		alphanumeric := '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_'
		if c < utf8.RuneSelf && !alphanumeric {
			b.WriteByte('\\')
		}
		b.WriteByte(c)
	}
	return b.String()
}
