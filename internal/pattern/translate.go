package pattern

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// errUnsupported means something that PCRE has and the engines here do not have. What
// permits must not be guessed.
var errUnsupported = errors.New("not supported")

// errSyntax means something that PCRE refuses as well.
var errSyntax = errors.New("not understood")

// translation turns PCRE's syntax into what both engines read alike: names of groups into
// numbers, classes and escapes into ranges, possessive quantifiers into atomic groups, and
// so on. It looks at one octet after the other and keeps where the last atom begins,
// which is what a quantifier belongs to.
type translation struct {
	source string
	at     int // of the source
	out    []byte

	atom       int  // where the last atom begins in out, -1 without one
	quantified bool // the last atom has a quantifier
	groups     []group
	count      int            // capturing groups so far
	total      int            // capturing groups of the whole pattern
	names      map[string]int // of the groups of the whole pattern
	twice      bool           // groups may share a name
	references bool           // the pattern looks back at a group
	reset      bool           // there are branches that share their numbers
	options    options
	exact      bool // places between words are written as what is around them
	words      bool // there are such places
}

// options are those that hold up to the end of a group, and that the engines lack.
type options struct {
	extended bool // white space and comments do not count
	ungreedy bool // quantifiers are lazy, and lazy ones are not
}

// group is an open parenthesis.
type group struct {
	begin   int // in out
	options options
	// lone says that the group is a condition of which only one branch was seen.
	lone bool
}

// portable is a pattern as both engines read it.
type portable struct {
	text string
	// exact is the same where the text has \b or \B, for texts that are not ASCII: the
	// engines have no letters of Latin-1 in their words. It is empty otherwise.
	exact string
}

// translate returns the pattern as both engines read it.
func translate(source string) (portable, error) {
	first := translation{source: source, total: len(source)}
	if err := first.run(); err != nil {
		return portable{}, err
	}
	// Once more, because references may come before what they refer to.
	second := translation{source: source, total: first.count, names: first.names}
	if err := second.run(); err != nil {
		return portable{}, err
	}
	if second.reset && second.references {
		return portable{}, fmt.Errorf("%w: references beside groups that share a number", errUnsupported)
	}
	result := portable{text: string(second.out)}
	if second.words {
		third := translation{source: source, total: first.count, names: first.names, exact: true}
		if err := third.run(); err != nil {
			return portable{}, err
		}
		result.exact = string(third.out)
	}
	return result, nil
}

func (t *translation) run() error {
	t.atom = -1
	for t.at < len(t.source) {
		if err := t.step(); err != nil {
			return err
		}
	}
	return nil
}

// rest is what was not looked at yet.
func (t *translation) rest() string { return t.source[t.at:] }

// emit writes an atom.
func (t *translation) emit(text string) {
	t.atom, t.quantified = len(t.out), false
	t.out = append(t.out, text...)
}

// raw writes what is no atom of its own.
func (t *translation) raw(text string) {
	t.atom, t.quantified = -1, false
	t.out = append(t.out, text...)
}

// step looks at one element.
func (t *translation) step() error {
	switch c := t.source[t.at]; c {
	case '\\':
		return t.escape()
	case '[':
		return t.class()
	case '(':
		return t.open()
	case ')':
		t.at++
		return t.shut()
	case '*', '+', '?', '{':
		return t.quantifier()
	case '|':
		t.at++
		t.raw("|")
		if last := len(t.groups) - 1; last >= 0 {
			t.groups[last].lone = false
		}
	case '^', '$':
		t.at++
		t.raw(string(c))
	case '.':
		t.at++
		t.emit(".")
	case ']', '}':
		t.at++
		t.emit(`\` + string(c))
	case ' ', '\t', '\n', '\v', '\f', '\r', '#':
		t.at++
		switch {
		case !t.options.extended:
			t.emit(string(c))
		case c == '#':
			_, after, _ := strings.Cut(t.rest(), "\n")
			t.at = len(t.source) - len(after)
		}
	default:
		t.at++
		t.emit(string([]byte{c}))
	}
	return nil
}

// quantifier reads *, +, ? or {1,2} with what makes it lazy or possessive.
func (t *translation) quantifier() error {
	length := 1
	if t.source[t.at] == '{' {
		if length = counted(t.rest()); length == 0 {
			t.at++
			t.emit(`\{`)
			return nil
		}
	}
	text := t.rest()[:length]
	t.at += length
	for _, number := range strings.Split(strings.Trim(text, "*+?{}"), ",") {
		if n, err := strconv.Atoi(number); number != "" && (err != nil || n > mostRepeats) {
			return fmt.Errorf("%w: %s", errSyntax, text)
		}
	}
	if t.atom < 0 || t.quantified {
		return fmt.Errorf("%w: nothing to repeat before %s", errSyntax, text)
	}
	begin := t.atom
	lazy := strings.HasPrefix(t.rest(), "?")
	switch {
	case strings.HasPrefix(t.rest(), "+"):
		t.at++
		t.wrap(begin, "(?>", text+")")
	case lazy != t.options.ungreedy:
		t.out = append(t.out, text+"?"...)
	default:
		t.out = append(t.out, text...)
	}
	if lazy {
		t.at++
	}
	t.atom, t.quantified = begin, true
	return nil
}

// wrap puts something around what has been written since a place.
func (t *translation) wrap(begin int, before, after string) {
	inner := string(t.out[begin:])
	t.out = append(append(append(t.out[:begin], before...), inner...), after...)
}

// mostRepeats is the greatest number in a quantifier of PCRE.
const mostRepeats = 65535

// counted is the length of a quantifier in braces at the beginning of the text; zero if
// the brace is just a brace.
func counted(text string) int {
	end := strings.IndexByte(text, '}')
	if end < 0 {
		return 0
	}
	least, most, ranged := strings.Cut(text[1:end], ",")
	if !isNumber(least) || ranged && most != "" && !isNumber(most) {
		return 0
	}
	return end + 1
}

func isNumber(text string) bool {
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return false
		}
	}
	return text != ""
}

// begin opens a group, which is written so.
func (t *translation) begin(text string) {
	t.groups = append(t.groups, group{begin: len(t.out), options: t.options})
	t.raw(text)
}

// shut closes a group, which is an atom then.
func (t *translation) shut() error {
	last := len(t.groups) - 1
	if last < 0 {
		return fmt.Errorf("%w: ) without (", errSyntax)
	}
	if t.groups[last].lone {
		t.out = append(t.out, '|')
	}
	t.out = append(t.out, ')')
	t.atom, t.quantified, t.options = t.groups[last].begin, false, t.groups[last].options
	t.groups = t.groups[:last]
	return nil
}

// capture opens a group that can be referred to.
func (t *translation) capture(name string) error {
	t.count++
	if name != "" {
		if t.names == nil {
			t.names = make(map[string]int)
		}
		if known, taken := t.names[name]; taken && known != t.count && !t.twice {
			return fmt.Errorf("%w: two groups of the name %s", errSyntax, name)
		}
		t.names[name] = t.count
	}
	t.begin("(")
	return nil
}

// open reads a parenthesis and what says which kind of group it begins.
func (t *translation) open() error {
	rest := t.rest()[1:]
	if strings.HasPrefix(rest, "*") {
		return t.verb()
	}
	if !strings.HasPrefix(rest, "?") {
		t.at++
		return t.capture("")
	}
	for _, same := range []string{"(?:", "(?=", "(?!", "(?<=", "(?<!", "(?>"} {
		if strings.HasPrefix(t.rest(), same) {
			t.at += len(same)
			t.begin(same)
			return nil
		}
	}
	for opening, closing := range map[string]string{"(?P<": ">", "(?<": ">", "(?'": "'"} {
		if named, found := strings.CutPrefix(t.rest(), opening); found {
			name, _, closed := strings.Cut(named, closing)
			if !closed || !isName(name) {
				return fmt.Errorf("%w: the name of a group", errSyntax)
			}
			t.at += len(opening) + len(name) + 1
			return t.capture(name)
		}
	}
	return t.special()
}

func isName(text string) bool {
	for i := range len(text) {
		if !isWord(text[i]) {
			return false
		}
	}
	return text != "" && (text[0] < '0' || text[0] > '9')
}

func isWord(c byte) bool {
	return c == '_' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// verb reads (*FAIL); the others direct how PCRE goes back.
func (t *translation) verb() error {
	text, _, closed := strings.Cut(t.rest()[2:], ")")
	if !closed || text != "F" && text != "FAIL" {
		return fmt.Errorf("%w: (*%s)", errUnsupported, text)
	}
	t.at += len("(*)") + len(text)
	t.emit("(?!)")
	return nil
}

// special reads comments, options, conditions and references.
func (t *translation) special() error {
	rest := t.rest()
	switch {
	case strings.HasPrefix(rest, "(?#"), strings.HasPrefix(rest, "(?C"):
		_, after, closed := strings.Cut(rest, ")")
		if !closed {
			return fmt.Errorf("%w: a comment without an end", errSyntax)
		}
		t.at = len(t.source) - len(after)
		return nil
	case strings.HasPrefix(rest, "(?|"):
		t.at += len("(?|")
		t.reset = true
		t.begin("(?:")
		return nil
	case strings.HasPrefix(rest, "(?P="):
		name, _, closed := strings.Cut(rest[len("(?P="):], ")")
		if !closed {
			return fmt.Errorf("%w: (?P=", errSyntax)
		}
		t.at += len("(?P=)") + len(name)
		return t.referName(name)
	case strings.HasPrefix(rest, "(?("):
		return t.condition()
	}
	return t.setOptions()
}

// condition reads what decides between two branches: whether a group has matched, or a
// look around.
func (t *translation) condition() error {
	rest := t.rest()[len("(?("):]
	if strings.HasPrefix(rest, "?=") || strings.HasPrefix(rest, "?!") || strings.HasPrefix(rest, "?<") {
		t.at += len("(?")
		t.beginCondition("(?")
		return nil
	}
	t.references = true
	what, _, closed := strings.Cut(rest, ")")
	if !closed {
		return fmt.Errorf("%w: a condition", errSyntax)
	}
	length := len("(?()") + len(what)
	name := strings.Trim(what, "<>'")
	number, known := t.names[name]
	switch {
	case isNumber(what):
		number, known = t.number(what)
	case !known && t.total == len(t.source):
		known = true // its number is not known in the first run
	}
	if !known || number > t.total {
		return fmt.Errorf("%w: the condition (%s)", errUnsupported, what)
	}
	t.at += length
	t.beginCondition("(?(" + strconv.Itoa(number) + ")")
	return nil
}

// beginCondition opens a group of two branches, the second of which may be missing: it
// is written then, because the engine takes a missing one for a failure.
func (t *translation) beginCondition(text string) {
	t.begin(text)
	t.groups[len(t.groups)-1].lone = true
}

// number is a number of a group.
func (t *translation) number(text string) (int, bool) {
	n, err := strconv.Atoi(text)
	return n, err == nil && n > 0
}

// setOptions reads (?i-s) and (?i-s:.
func (t *translation) setOptions() error {
	text := t.rest()[len("(?"):]
	end := strings.IndexAny(text, ":)")
	if end < 0 {
		return fmt.Errorf("%w: (?%s", errSyntax, text)
	}
	changed, kept, off := t.options, "", false
	for _, c := range []byte(text[:end]) {
		switch c {
		case 'i', 'm', 's':
			kept += string(c)
		case '-':
			off = true
			kept += "-"
		case 'x':
			changed.extended = !off
		case 'U':
			changed.ungreedy = !off
		case 'J':
			t.twice = t.twice || !off
		default:
			return fmt.Errorf("%w: (?%s", errUnsupported, text[:end])
		}
	}
	kept = strings.TrimSuffix(kept, "-")
	inGroup := text[end] == ':'
	t.at += len("(?") + end + 1
	switch {
	case inGroup:
		t.begin("(?" + kept + ":")
	case kept != "":
		t.raw("(?" + kept + ")")
	}
	t.options = changed
	return nil
}

// refer writes a reference to a group. Behind it may be a digit that is none of it.
func (t *translation) refer(number int) error {
	if number < 1 || number > t.total {
		return fmt.Errorf("%w: there is no group %d", errSyntax, number)
	}
	t.references = true
	t.emit(`(?:\` + strconv.Itoa(number) + `)`)
	return nil
}

func (t *translation) referName(name string) error {
	number, known := t.names[name]
	if !known && t.total == len(t.source) {
		number = 1 // of a run whose result does not count
	}
	if known && t.twice {
		return fmt.Errorf("%w: a reference to a name that groups may share", errUnsupported)
	}
	return t.refer(number)
}
