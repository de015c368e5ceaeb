package binding

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTopicRules(t *testing.T) {
	for _, c := range []struct {
		binding      string
		matches      []string
		doesNotMatch []string
	}{
		{"", []string{""}, []string{"a", "."}},
		{"#", []string{"", "a", "a.b", ".", "..", "#", "*"}, nil},
		{"*", []string{"a", "*", "#"}, []string{"", ".", "a.b"}},
		{".", []string{"."}, []string{"", "a", ".."}},
		{"*.*", []string{".", "a.b", "a."}, []string{"", "a", ".."}},
		{"a.b", []string{"a.b"}, []string{"a", "a.b.c", "a.b.", "ab", "A.b"}},
		{"a.*", []string{"a.b", "a."}, []string{"a", "a.b.c", "b.a"}},
		{"a.#", []string{"a", "a.b", "a.b.c", "a."}, []string{"", "ab", "b.a"}},
		{"#.a", []string{"a", "b.a", "b.c.a", ".a"}, []string{"", "a.b", "ba"}},
		{"a.#.b", []string{"a.b", "a.c.b", "a.c.d.b", "a..b"}, []string{"a", "b", "a.b.c"}},
		{"#.a.#", []string{"a", "a.b", "b.a", "b.a.b", "a.a"}, []string{"", "b"}},
		{"#.#", []string{"", "a", "a.b"}, nil},
		{"*.#", []string{"a", "a.b", "."}, []string{""}},
		{"#.*", []string{"a", "a.b", "."}, []string{""}},
		{"*.#.*", []string{"a.b", "a.b.c", "."}, []string{"", "a"}},
		{"#.*.#.*.#", []string{"a.b", "a.b.c", "."}, []string{"", "a"}},
		{"a*", []string{"a*"}, []string{"ab", "a"}},
		{"a.##", []string{"a.##"}, []string{"a", "a.b"}},
	} {
		table := NewTopic[int]()
		table.Add(c.binding, nil, 1)
		for _, key := range c.matches {
			require.Equal(t, []int{1}, table.Match(nil, key, nil), "%q and %q", c.binding, key)
		}
		for _, key := range c.doesNotMatch {
			require.Empty(t, table.Match(nil, key, nil), "%q and %q", c.binding, key)
		}
	}
}

func TestTopicReportsABindingOnce(t *testing.T) {
	table := NewTopic[int]()
	table.Add("#.a.#.a.#", nil, 1)
	table.Add("#.#.#", nil, 2)
	require.ElementsMatch(t, []int{1, 2}, table.Match(nil, "a.a.a.a.a", nil))
}

// TestTopicAgainstReference tries long keys with many wildcards, where a walk
// that leaves out too much or too little would show.
func TestTopicAgainstReference(t *testing.T) {
	for seed := range uint64(100) {
		rnd := newRandom(seed)
		table, slow := NewTopic[int](), &slowTable{matches: slowTopic}
		for i := range 40 {
			b := bound{key: rnd.topicKey(12), target: i}
			table.Add(b.key, nil, b.target)
			slow.add(b)
		}
		for range 30 {
			key := rnd.topicKey(16)
			matched := table.Match(nil, key, nil)
			require.Len(t, matched, len(distinct(slices.Clone(matched))), "each binding is reported once")
			require.Equal(t, slow.match(key, nil), distinct(matched), "seed %d key %q", seed, key)
		}
	}
}

// TestTopicManyHashes would take longer than the age of the universe if the
// walk visited anything twice.
func TestTopicManyHashes(t *testing.T) {
	table := NewTopic[int]()
	table.Add(strings.Repeat("#.a.", 60)+"b", nil, 1)
	table.Add(strings.Repeat("#.*.", 60)+"b", nil, 2)
	table.Add(strings.Repeat("#.", 120)+"b", nil, 3)
	key := strings.Repeat("a.", 126) + "a"
	require.Empty(t, table.Match(nil, key, nil))
	require.ElementsMatch(t, []int{1, 2, 3}, table.Match(nil, key[:249]+".b", nil))
}

// TestTopicPrunes compares the number of nodes with what the live bindings
// need, while bindings come and go.
func TestTopicPrunes(t *testing.T) {
	for seed := range uint64(20) {
		rnd := newRandom(seed)
		table := new(topic[int])
		live := make(map[string]bool)
		for range 200 {
			key := rnd.topicKey(6)
			if live[key] {
				table.Remove(key, nil, 1)
				delete(live, key)
			} else {
				table.Add(key, nil, 1)
				live[key] = true
			}
			require.Equal(t, countPrefixes(live), countBelow(&table.root))
		}
	}
}

// countPrefixes counts the different beginnings, in whole words, of all keys.
func countPrefixes(keys map[string]bool) int {
	prefixes := make(map[string]bool)
	for key := range keys {
		words := splitWords(key)
		for i := range words {
			prefixes[strings.Join(words[:i+1], "\x00")] = true
		}
	}
	return len(prefixes)
}

func TestTopicNodesWithManyWords(t *testing.T) {
	table := new(topic[int])
	words := make([]string, 30*listedWords)
	for i := range words {
		words[i] = strings.Repeat("w", i)
		table.Add("a."+words[i], nil, i)
	}
	for i, word := range words {
		require.Equal(t, []int{i}, table.Match(nil, "a."+word, nil))
	}
	for i, word := range words {
		table.Remove("a."+word, nil, i)
		require.Empty(t, table.Match(nil, "a."+word, nil))
		for j := i + 1; j < len(words); j += 7 {
			require.Equal(t, []int{j}, table.Match(nil, "a."+words[j], nil))
		}
	}
	require.True(t, table.Empty())
	require.Nil(t, table.root.below)
}

// countBelow counts the nodes below n.
func countBelow(n *node[int]) int {
	if n.below == nil {
		return 0
	}
	children := []*node[int]{n.below.one, n.below.any}
	for _, l := range n.below.words.few {
		children = append(children, l.node)
	}
	for _, child := range n.below.words.many.entries {
		children = append(children, child)
	}
	count := 0
	for _, child := range children {
		if child != nil {
			count += 1 + countBelow(child)
		}
	}
	return count
}

// FuzzTopic matches one key with the bindings of a list, one per line.
func FuzzTopic(f *testing.F) {
	f.Add("a.b\na.*\na.#\n#", "a.b")
	f.Add("#.#\n\n*\n.", "")
	f.Add("#.a.#.a.#\n#.*.#.b", "a.b.a.b")
	f.Add("..#..\n*.*.*", "...")
	f.Fuzz(func(t *testing.T, bindings, key string) {
		if len(bindings) > 2000 || len(key) > 255 {
			return // keys are short strings
		}
		table, slow := new(topic[int]), &slowTable{matches: slowTopic}
		for i, pattern := range strings.Split(bindings, "\n") {
			b := bound{key: pattern, target: i}
			table.Add(b.key, nil, b.target)
			slow.add(b)
		}
		require.Equal(t, slow.match(key, nil), distinct(table.Match(nil, key, nil)))
		for i := 0; i < len(slow.list); i++ {
			b := slow.list[i]
			table.Remove(b.key, nil, b.target)
			slow.remove(b)
		}
		require.Equal(t, slow.match(key, nil), distinct(table.Match(nil, key, nil)))
		for _, b := range slow.list {
			table.Remove(b.key, nil, b.target)
		}
		require.True(t, table.Empty())
	})
}
