package pattern

import (
	"sync"
	"time"

	"github.com/dlclark/regexp2"
)

// matchTime bounds one search that backtracks. The engine looks at a clock that
// moves each 100 ms, so that a search may take that much longer.
const matchTime = 50 * time.Millisecond

// backtracker is a pattern with something that takes backtracking: looking
// around, references back, atomic groups.
type backtracker struct {
	re      *regexp2.Regexp
	buffers sync.Pool // *[]rune
}

func compileBacktracker(source string) (*backtracker, error) {
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
