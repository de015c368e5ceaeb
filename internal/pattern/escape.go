package pattern

import (
	"fmt"
	"strconv"
	"strings"
)

// inside are the octets of PCRE's classes, as ranges within brackets. Erlang has the
// letters of Latin-1 among them: octets are characters.
func inside() map[byte]string {
	return map[byte]string{
		'd': `0-9`,
		'D': `\x00-/:-\xff`,
		'w': `0-9A-Z_a-z\xaa\xb5\xba\xc0-\xd6\xd8-\xf6\xf8-\xff`,
		'W': "\\x00-/:-@\\x5b-\\x5e`{-\\xa9\\xab-\\xb4\\xb6-\\xb9\\xbb-\\xbf\\xd7\\xf7",
		's': `\x09-\x0d `,
		'S': `\x00-\x08\x0e-\x1f!-\xff`,
		'h': `\x09 \xa0`,
		'H': `\x00-\x08\x0a-\x1f!-\x9f\xa1-\xff`,
		'v': `\x0a-\x0d\x85`,
		'V': `\x00-\x09\x0e-\x84\x86-\xff`,
	}
}

// places are the escapes for a place between octets, which cannot be repeated.
func places() map[byte]string {
	return map[byte]string{'A': `\A`, 'z': `\z`, 'Z': `(?=\n?\z)`, 'b': `\b`, 'B': `\B`, 'G': `\A`}
}

// boundary is \b or \B as what is before and behind it.
func boundary(letter byte) string {
	word := "[" + inside()['w'] + "]"
	if letter == 'b' {
		return "(?:(?<=" + word + ")(?!" + word + ")|(?<!" + word + ")(?=" + word + "))"
	}
	return "(?:(?<=" + word + ")(?=" + word + ")|(?<!" + word + ")(?!" + word + "))"
}

// elements are the escapes for an octet, or for a line break of two.
func elements() map[byte]string {
	return map[byte]string{'N': `[^\n]`, 'R': `(?>\r\n|[\n-\r\x85])`, 'X': `(?>\r\n|(?s:.))`, 'C': `(?s:.)`}
}

// single are the escapes for one octet.
func single() map[byte]string {
	return map[byte]string{'a': `\x07`, 'e': `\x1b`, 'f': `\f`, 'n': `\n`, 'r': `\r`, 't': `\t`}
}

// escape reads a backslash outside of a class.
func (t *translation) escape() error {
	if t.at+1 == len(t.source) {
		return fmt.Errorf(`%w: \ at the end`, errSyntax)
	}
	c := t.source[t.at+1]
	if ranges, found := inside()[c]; found {
		t.at += 2
		t.emit("[" + ranges + "]")
		return nil
	}
	switch c {
	case 'Q':
		t.quoted(func(octet byte) { t.emit(literal(octet)) })
		return nil
	case 'E': // of nothing
		t.at += 2
		return nil
	case 'K': // where the match begins, which nobody asks for
		t.at += 2
		t.raw("")
		return nil
	case 'g', 'k':
		return t.reference()
	case 'p', 'P':
		return t.property(t.emit)
	}
	if text, found := places()[c]; found {
		t.at += 2
		if c == 'b' || c == 'B' {
			t.words = true
			if t.exact {
				text = boundary(c)
			}
		}
		t.raw(text)
		return nil
	}
	if text, found := elements()[c]; found {
		t.at += 2
		t.emit(text)
		return nil
	}
	if '1' <= c && c <= '9' {
		digits := leading(t.rest()[1:], 10)
		if digits[0] >= '8' && len(digits) == 1 && t.total < int(digits[0]-'0') { // as in Perl
			t.at += 2
			t.emit(digits)
			return nil
		}
		if n, err := strconv.Atoi(digits); err == nil && (n < 10 || n <= t.count || n <= t.total && t.total < len(t.source)) {
			t.at += 1 + len(digits)
			return t.refer(n)
		}
	}
	octet, err := t.octet()
	if err == nil {
		t.emit(octet)
	}
	return err
}

// quoted reads \Q and what comes up to \E or the end.
func (t *translation) quoted(each func(octet byte)) {
	text, _, closed := strings.Cut(t.rest()[2:], `\E`)
	t.at += 2 + len(text)
	if closed {
		t.at += 2
	}
	for i := range len(text) {
		each(text[i])
	}
}

// literal is one octet that means itself, anywhere.
func literal(octet byte) string {
	if isWord(octet) {
		return string(octet)
	}
	return fmt.Sprintf(`\x%02x`, octet)
}

// octet reads an escape for one octet, and returns how it is written here.
func (t *translation) octet() (string, error) {
	rest := t.rest()[1:]
	if rest == "" {
		return "", fmt.Errorf(`%w: \ at the end`, errSyntax)
	}
	c := rest[0]
	if text, found := single()[c]; found {
		t.at += 2
		return text, nil
	}
	switch {
	case c == 'c':
		if len(rest) < 2 || rest[1] >= 0x80 {
			return "", fmt.Errorf(`%w: \c`, errSyntax)
		}
		t.at += 3
		letter := rest[1]
		if 'a' <= letter && letter <= 'z' {
			letter -= 'a' - 'A'
		}
		return fmt.Sprintf(`\x%02x`, letter^0x40), nil
	case c == 'x' && strings.HasPrefix(rest, "x{"), c == 'o':
		return t.inBraces()
	case c == 'x':
		digits := leading(rest[1:min(3, len(rest))], 16)
		t.at += 2 + len(digits)
		return coded(digits, 16)
	case '0' <= c && c <= '7':
		digits := leading(rest[:min(3, len(rest))], 8)
		t.at += 1 + len(digits)
		return coded(digits, 8)
	case strings.IndexByte("LlNUu", c) >= 0:
		return "", fmt.Errorf(`%w: \%c`, errSyntax, c)
	}
	t.at += 2
	return literal(c), nil // other letters and signs mean themselves
}

// inBraces reads \x{41} and \o{101}.
func (t *translation) inBraces() (string, error) {
	rest := t.rest()[1:]
	base := map[byte]int{'x': 16, 'o': 8}[rest[0]]
	digits, _, closed := strings.Cut(strings.TrimPrefix(rest[1:], "{"), "}")
	if !closed || !strings.HasPrefix(rest[1:], "{") || digits == "" || leading(digits, base) != digits {
		return "", fmt.Errorf(`%w: \%c{`, errSyntax, rest[0])
	}
	t.at += len(`\x{}`) + len(digits)
	return coded(digits, base)
}

// coded is the octet of a code. There are no characters above.
func coded(digits string, base int) (string, error) {
	if digits == "" {
		return `\x00`, nil
	}
	n, err := strconv.ParseUint(digits, base, 32)
	if err != nil || n > 0xff {
		return "", fmt.Errorf("%w: the code %s is not that of an octet", errSyntax, digits)
	}
	return fmt.Sprintf(`\x%02x`, n), nil
}

// leading are the digits of a base that the text begins with.
func leading(text string, base int) string {
	for i := range len(text) {
		if _, err := strconv.ParseUint(text[i:i+1], base, 8); err != nil {
			return text[:i]
		}
	}
	return text
}

// reference reads \g1, \g{-1}, \g{name}, \k<name>, \k'name' and \k{name}.
func (t *translation) reference() error {
	letter, rest := t.source[t.at+1], t.rest()[2:]
	var what string
	var length int
	switch closing := map[byte]string{'{': "}", '<': ">", '\'': "'"}[firstOf(rest)]; {
	case closing != "" && (letter == 'k' || closing == "}"):
		text, _, closed := strings.Cut(rest[1:], closing)
		if !closed {
			return fmt.Errorf(`%w: \%c`, errSyntax, letter)
		}
		what, length = text, len(text)+2
	case letter == 'g':
		sign := strings.HasPrefix(rest, "-")
		what = leading(strings.TrimPrefix(rest, "-"), 10)
		if what == "" { // \g<1> calls a group, as (?1) does
			return fmt.Errorf(`%w: \g`, errUnsupported)
		}
		if sign {
			what = "-" + what
		}
		length = len(what)
	default:
		return fmt.Errorf(`%w: \k`, errSyntax)
	}
	t.at += 2 + length
	if n, err := strconv.Atoi(what); err == nil && letter == 'g' {
		if n < 0 {
			n += t.count + 1
		}
		return t.refer(n)
	}
	return t.referName(what)
}

func firstOf(text string) byte {
	if text == "" {
		return 0
	}
	return text[0]
}

// property reads \pL and \p{Lu}, which mean the same everywhere.
func (t *translation) property(write func(string)) error {
	rest := t.rest()
	length := 3
	if strings.HasPrefix(rest[2:], "{") {
		length = strings.IndexByte(rest, '}') + 1
	}
	if length == 0 || length > len(rest) {
		return fmt.Errorf(`%w: \p`, errSyntax)
	}
	t.at += length
	write(rest[:length])
	return nil
}
