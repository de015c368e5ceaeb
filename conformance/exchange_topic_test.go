package conformance

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// exchangeTopicPatterns lists, for each binding key, routing keys that it matches and
// routing keys that it does not. Words are what stands between the dots; a word may
// be empty, and the empty key has no word at all (section 3.5).
var exchangeTopicPatterns = [...]struct {
	pattern string
	yes, no []string
}{
	{"a", []string{"a"}, []string{"", "b", "aa", "A", "a.", ".a", "a.a"}},
	{"a.b", []string{"a.b"}, []string{"", "a", "b", "a.b.c", "a..b", "b.a"}},
	{"a.b.c", []string{"a.b.c"}, []string{"a.b", "a.b.c.d", "a.x.c"}},
	{"", []string{""}, []string{"a", ".", "#"}},
	{".", []string{"."}, []string{"", "..", "a."}},
	{"..", []string{".."}, []string{".", ""}},
	{"a.", []string{"a."}, []string{"a", "a.b"}},
	{".a", []string{".a"}, []string{"a", "b.a"}},
	{"a..b", []string{"a..b"}, []string{"a.b", "a.x.b"}},
	{"*", []string{"a", "abc", "*", "#"}, []string{"", "a.b", ".", "a."}},
	{"*.*", []string{"a.b", ".", "a.", ".b"}, []string{"", "a", "a.b.c", ".."}},
	{"a.*", []string{"a.b", "a."}, []string{"a", "a.b.c", "b.a", ""}},
	{"*.a", []string{"b.a", ".a"}, []string{"a", "c.b.a", "a.b"}},
	{"a.*.c", []string{"a.b.c", "a..c"}, []string{"a.c", "a.b.b.c", "a.b.d"}},
	{"*.b.*", []string{"a.b.c", ".b."}, []string{"b", "a.b", "b.c", "a.c.b"}},
	{"*.*.*", []string{"a.b.c", ".."}, []string{"a.b", "a.b.c.d"}},
	{"#", []string{"", "a", "a.b", "a.b.c.d", ".", ".."}, nil},
	{"#.#", []string{"", "a", "a.b", "."}, nil},
	{"a.#", []string{"a", "a.b", "a.b.c", "a."}, []string{"", "b", "b.a", "aa", "aa.b"}},
	{"#.a", []string{"a", "b.a", "c.b.a", ".a", "a.a"}, []string{"", "a.b", "a.", "ba"}},
	{"a.#.b", []string{"a.b", "a.x.b", "a.x.y.b", "a..b", "a.b.b"}, []string{"a", "b", "a.c", "b.a", "a.b.c"}},
	{"#.a.#", []string{"a", "a.b", "b.a", "b.a.c", "a.a", "x.y.a.z.z"}, []string{"", "b", "aa", "b.c"}},
	{"#.*", []string{"a", "a.b", "a.b.c", "."}, []string{""}},
	{"*.#", []string{"a", "a.b", "a.b.c", "."}, []string{""}},
	{"*.#.*", []string{"a.b", "a.b.c", "."}, []string{"", "a"}},
	{"#.*.#", []string{"a", "a.b", "a.b.c"}, []string{""}},
	{"*.#.a", []string{"b.a", "b.c.a", "a.a"}, []string{"a", "a.b"}},
	{"a.*.#", []string{"a.b", "a.b.c"}, []string{"a", "b.a"}},
	{"a.#.*", []string{"a.b", "a.b.c"}, []string{"a", "b.a"}},
	{"#.a.*.b.#", []string{"a.x.b", "y.a.x.b", "a.x.b.z", "a.a.x.b"}, []string{"a.b", "a.x.y.b"}},
	{"#.a.#.b.#", []string{"a.b", "x.a.y.b.z", "a.a.b.b"}, []string{"", "a", "b.a"}},
	{"a*", []string{"a*"}, []string{"ab", "a"}},
	{"*a.b", []string{"*a.b"}, []string{"aa.b", "a.b"}},
	{"a#", []string{"a#"}, []string{"a", "ab", "a.b"}},
	{"a.##", []string{"a.##"}, []string{"a", "a.b"}},
	{"**", []string{"**"}, []string{"a", "ab"}},
	{"日本.*", []string{"日本.語"}, []string{"日.本", "日本"}},
	{"lazy.#", []string{"lazy", "lazy.orange.male.rabbit"}, []string{"quick.orange.male.rabbit"}},
	{"*.orange.*", []string{"quick.orange.rabbit"}, []string{"orange", "quick.orange.male.rabbit"}},
}

func TestExchange_TopicMatchesWordByWord(t *testing.T) {
	rule(t, "exchange")
	ch := openChannel(t)
	for _, row := range exchangeTopicPatterns {
		x, q := tempExchange(t, ch, "topic"), tempQueue(t, ch)
		exchangeBinding{source: x, destination: q, key: row.pattern}.bindQueue(t, ch)
		for copies, keys := range [][]string{row.no, row.yes} {
			for _, key := range keys {
				t.Run(fmt.Sprintf("pattern %q key %q is %d", row.pattern, key, copies), func(t *testing.T) {
					rule(t, "exchange")
					require.Equal(t, copies, exchangeCopies(t, ch, x, key, q))
				})
			}
		}
	}
}

func TestExchange_TopicMatchesKeysOfManyWords(t *testing.T) {
	rule(t, "exchange")
	ch := openChannel(t)
	most := strings.Repeat("a.", 127) + "a" // 255 octets
	fewer := strings.TrimPrefix(most, "a.")
	for row, c := range map[string]struct {
		pattern            string
		ofMost, ofOneFewer int
	}{
		"the key itself":    {most, 1, 0},
		"stars":             {strings.Repeat("*.", 127) + "*", 1, 0},
		"a star and a hash": {"*.#.a", 1, 1},
		"hashes around":     {"#.a.#", 1, 1},
		"hashes, no match":  {"#.b.#", 0, 0},
	} {
		t.Run(row, func(t *testing.T) {
			rule(t, "exchange")
			x, q := tempExchange(t, ch, "topic"), tempQueue(t, ch)
			exchangeBinding{source: x, destination: q, key: c.pattern}.bindQueue(t, ch)
			require.Equal(t, c.ofMost, exchangeCopies(t, ch, x, most, q))
			require.Equal(t, c.ofOneFewer, exchangeCopies(t, ch, x, fewer, q))
		})
	}
}

func TestExchange_TopicUnbindRemovesOnlyItsPattern(t *testing.T) {
	rule(t, "exchange")
	ch := openChannel(t)
	x, q := tempExchange(t, ch, "topic"), tempQueue(t, ch)
	patterns := []string{"a.*.#", "a.*", "a.#", "#", "a.b"}
	for _, p := range patterns {
		exchangeBinding{source: x, destination: q, key: p}.bindQueue(t, ch)
	}
	for _, p := range patterns {
		require.Equal(t, 1, exchangeCopies(t, ch, x, "a.b", q), "before %s goes", p)
		exchangeBinding{source: x, destination: q, key: p}.unbindQueue(t, ch)
	}
	require.Zero(t, exchangeCopies(t, ch, x, "a.b", q))
}
