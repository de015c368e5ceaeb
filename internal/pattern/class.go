package pattern

import (
	"fmt"
	"strings"
)

// posix are the octets of the named classes, as ranges within brackets: those of Erlang,
// where octets are characters of Latin-1.
func posix() map[string]string {
	return map[string]string{
		"alnum":  `0-9A-Za-z\xaa\xb5\xba\xc0-\xd6\xd8-\xf6\xf8-\xff`,
		"alpha":  `A-Za-z\xaa\xb5\xba\xc0-\xd6\xd8-\xf6\xf8-\xff`,
		"ascii":  `\x00-\xff`,
		"blank":  `\x09 `,
		"cntrl":  `\x00-\x1f\x7f-\x9f`,
		"digit":  `0-9`,
		"graph":  `!-~\xa0-\xff`,
		"lower":  `a-z\xaa\xb5\xba\xdf-\xf6\xf8-\xff`,
		"print":  ` -~\xa0-\xff`,
		"punct":  "!-/:-@\\x5b-`{-~\\xa0-\\xa9\\xab-\\xb4\\xb6-\\xb9\\xbb-\\xbf\\xd7\\xf7",
		"space":  `\x09-\x0d `,
		"upper":  `A-Z\xc0-\xd6\xd8-\xde`,
		"word":   `0-9A-Z_a-z\xaa\xb5\xba\xc0-\xd6\xd8-\xf6\xf8-\xff`,
		"xdigit": `0-9A-Fa-f`,
	}
}

// without are the octets that are not in a named class.
func without() map[string]string {
	return map[string]string{
		"alnum":  "\\x00-/:-@\\x5b-`{-\\xa9\\xab-\\xb4\\xb6-\\xb9\\xbb-\\xbf\\xd7\\xf7",
		"alpha":  "\\x00-@\\x5b-`{-\\xa9\\xab-\\xb4\\xb6-\\xb9\\xbb-\\xbf\\xd7\\xf7",
		"blank":  `\x00-\x08\x0a-\x1f!-\xff`,
		"cntrl":  ` -~\xa0-\xff`,
		"digit":  `\x00-/:-\xff`,
		"graph":  `\x00- \x7f-\x9f`,
		"lower":  "\\x00-`{-\\xa9\\xab-\\xb4\\xb6-\\xb9\\xbb-\\xde\\xf7",
		"print":  `\x00-\x1f\x7f-\x9f`,
		"punct":  `\x00- 0-9A-Za-z\x7f-\x9f\xaa\xb5\xba\xc0-\xd6\xd8-\xf6\xf8-\xff`,
		"space":  `\x00-\x08\x0e-\x1f!-\xff`,
		"upper":  `\x00-@\x5b-\xbf\xd7\xdf-\xff`,
		"word":   "\\x00-/:-@\\x5b-\\x5e`{-\\xa9\\xab-\\xb4\\xb6-\\xb9\\xbb-\\xbf\\xd7\\xf7",
		"xdigit": "\\x00-/:-@G-`g-\\xff",
	}
}

// class reads a class of octets in brackets.
func (t *translation) class() error {
	t.at++
	c := bracket{t: t, begin: t.at}
	if strings.HasPrefix(t.rest(), "^") {
		t.at++
		c.out = "^"
	}
	c.first = t.at
	for t.at < len(t.source) {
		if t.source[t.at] == ']' && t.at > c.first {
			t.at++
			t.emit("[" + c.out + "]")
			return nil
		}
		if err := c.step(); err != nil {
			return err
		}
	}
	return fmt.Errorf("%w: [ without ]", errSyntax)
}

// bracket is a class on its way.
type bracket struct {
	t            *translation
	out          string
	begin, first int
	// many says that the last element was more than an octet, so that no range can
	// begin with it.
	many bool
}

// step reads one element of a class.
func (c *bracket) step() error {
	t := c.t
	rest := t.rest()
	switch {
	case strings.HasPrefix(rest, "[:"), strings.HasPrefix(rest, "[."), strings.HasPrefix(rest, "[="):
		if named, err := c.named(); named || err != nil {
			return err
		}
	case strings.HasPrefix(rest, `\Q`):
		t.quoted(func(octet byte) { c.one(literal(octet)) })
		return nil
	case strings.HasPrefix(rest, `\E`):
		t.at += 2
		if strings.TrimPrefix(c.out, "^") == "" {
			c.first = t.at // a bracket that comes next is the first octet
		}
		return nil
	case rest[0] == '\\':
		return c.escape()
	case rest[0] == '-':
		t.at++
		return c.dash()
	}
	t.at++
	c.one(literal(rest[0]))
	return nil
}

func (c *bracket) one(text string) { c.out, c.many = c.out+text, false }

func (c *bracket) several(text string) { c.out, c.many = c.out+text, true }

// dash writes one that makes a range only where it does so in PCRE.
func (c *bracket) dash() error {
	rest := c.t.rest()
	if c.many || strings.HasPrefix(rest, "]") || c.t.at == c.first+1 {
		c.one(literal('-'))
		return nil
	}
	_, class := inside()[firstOf(strings.TrimPrefix(rest, `\`))]
	if strings.HasPrefix(rest, "[:") || class && strings.HasPrefix(rest, `\`) {
		return fmt.Errorf("%w: a range up to a class", errSyntax)
	}
	c.out += "-"
	return nil
}

// named reads [:alpha:] and [:^alpha:].
func (c *bracket) named() (bool, error) {
	rest := c.t.rest()
	name, _, closed := strings.Cut(rest[2:], string(rest[1])+"]")
	if !closed || strings.ContainsAny(name, `]\`) {
		return false, nil
	}
	table, key := posix(), name
	if inner, negated := strings.CutPrefix(name, "^"); negated {
		table, key = without(), inner
	}
	ranges, known := table[key]
	if rest[1] != ':' || !known {
		return false, fmt.Errorf("%w: the class [%c%s%c]", errSyntax, rest[1], name, rest[1])
	}
	c.t.at += len(name) + len("[::]")
	c.several(ranges)
	return true, nil
}

// escape reads a backslash in a class.
func (c *bracket) escape() error {
	t := c.t
	if t.at+1 == len(t.source) {
		return fmt.Errorf("%w: [ without ]", errSyntax)
	}
	letter := t.source[t.at+1]
	if ranges, found := inside()[letter]; found {
		t.at += 2
		c.several(ranges)
		return nil
	}
	switch letter {
	case 'b':
		t.at += 2
		c.one(`\x08`)
		return nil
	case 'p', 'P':
		return t.property(c.several)
	case 'N':
		return fmt.Errorf(`%w: \N in a class`, errSyntax)
	}
	text, err := t.octet()
	c.one(text)
	return err
}
