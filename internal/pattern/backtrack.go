package pattern

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/dlclark/regexp2"
)

// matchTime bounds one search that backtracks. The engine looks at a clock that
// moves each 100 ms, so that a search may take that much longer.
const matchTime = 50 * time.Millisecond

// errNotPortable means something that PCRE has and the backtracking engine does
// not have, or reads in another way. What permits must not be guessed.
var errNotPortable = errors.New("not supported")

// backtracker is a pattern with something that takes backtracking: looking
// around, references back, atomic groups.
type backtracker struct {
	re      *regexp2.Regexp
	buffers sync.Pool // *[]rune
}

func compileBacktracker(source string) (*backtracker, error) {
	if err := portable(source); err != nil {
		return nil, err
	}
	re, err := regexp2.Compile(source, regexp2.RE2)
	if err != nil {
		return nil, err
	}
	re.MatchTimeout = matchTime
	return &backtracker{re: re}, nil
}

func (b *backtracker) matches(text string) (bool, error) {
	buffer, _ := b.buffers.Get().(*[]rune)
	if buffer == nil {
		buffer = new([]rune)
	}
	defer b.buffers.Put(buffer)
	*buffer = (*buffer)[:0]
	// One character per octet, see fromOctets.
	for i := range len(text) {
		*buffer = append(*buffer, rune(text[i]))
	}
	found, err := b.re.MatchRunes(*buffer)
	if err != nil {
		return false, ErrTimeout
	}
	return found, nil
}

// portable refuses what means one thing in PCRE and another in the engine:
// escapes that it takes for the letter itself, conditions, and classes within
// classes, which it subtracts.
func portable(source string) error {
	// Letters and digits that mean the same after a backslash.
	const escapes = "0123456789abcefnrtxABDGSWZdkpswz"
	inClass := false
	for i := 0; i < len(source); i++ {
		rest := source[i:]
		switch {
		case rest[0] == '\\' && len(rest) > 1:
			if c := rest[1]; isLetterOrDigit(c) && strings.IndexByte(escapes, c) < 0 {
				return fmt.Errorf("%w: \\%c", errNotPortable, c)
			}
			i++
		case inClass:
			if strings.HasPrefix(rest, "-[") {
				return fmt.Errorf("%w: -[ in a class", errNotPortable)
			}
			if posix := posixClass(rest); posix > 0 {
				i += posix - 1
				continue
			}
			inClass = rest[0] != ']'
		case rest[0] == '[':
			inClass = true
			// A bracket that comes first is a character of the class.
			if strings.HasPrefix(rest, "[^]") {
				i += 2
			} else if strings.HasPrefix(rest, "[]") {
				i++
			}
		case strings.HasPrefix(rest, "(?("):
			return fmt.Errorf("%w: a condition (?(", errNotPortable)
		}
	}
	return nil
}

func isLetterOrDigit(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// posixClass is the length of a class like [:alpha:] at the start of the text,
// or zero.
func posixClass(text string) int {
	if !strings.HasPrefix(text, "[:") {
		return 0
	}
	end := strings.Index(text, ":]")
	if end < 0 {
		return 0
	}
	for _, c := range []byte(strings.TrimPrefix(text[2:end], "^")) {
		if !isLetterOrDigit(c) {
			return 0
		}
	}
	return end + len(":]")
}
