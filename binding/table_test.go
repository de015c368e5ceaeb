package binding

import (
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
)

// tableKind is one kind of table beside its slow reference.
type tableKind struct {
	name    string
	make    func() Table[int]
	matches slowMatch
	// looksAtKey says that the key decides what matches.
	looksAtKey bool
}

func tableKinds() []tableKind {
	return []tableKind{
		{"direct", NewDirect[int], slowDirect, true},
		{"fanout", NewFanout[int], slowFanout, false},
		{"topic", NewTopic[int], slowTopic, true},
		{"headers", NewHeaders[int], slowHeaders, false},
	}
}

func TestTableKeepsOneOfEqualBindings(t *testing.T) {
	for _, kind := range tableKinds() {
		t.Run(kind.name, func(t *testing.T) {
			table := kind.make()
			require.True(t, table.Empty())
			require.Empty(t, table.Match(nil, "k", nil))

			table.Add("k", amqp.Table{{Key: "x-b", Value: "1"}, {Key: "x-a", Value: "2"}}, 1)
			table.Add("k", amqp.Table{{Key: "x-a", Value: "2"}, {Key: "x-b", Value: "1"}}, 1)
			require.Equal(t, []int{1}, table.Match(nil, "k", nil))
			require.False(t, table.Empty())

			table.Remove("k", amqp.Table{{Key: "x-a", Value: "2"}, {Key: "x-b", Value: "1"}}, 1)
			require.Empty(t, table.Match(nil, "k", nil))
			require.True(t, table.Empty())
		})
	}
}

func TestTableRemovesOneBindingOfManyForTheSameTarget(t *testing.T) {
	short := amqp.Table{{Key: "x-n", Value: int16(5)}}
	long := amqp.Table{{Key: "x-n", Value: int64(5)}}
	for _, kind := range tableKinds() {
		t.Run(kind.name, func(t *testing.T) {
			table := kind.make()
			table.Add("k", nil, 1)
			table.Add("k", short, 1)
			table.Add("k", long, 1)
			table.Add("other", nil, 1)
			table.Add("k", nil, 2)

			table.Remove("k", nil, 1)
			require.Contains(t, table.Match(nil, "k", nil), 1, "bound with arguments")
			table.Remove("k", short, 1)
			require.Contains(t, table.Match(nil, "k", nil), 1, "bound with other arguments")
			table.Remove("k", long, 1)
			if kind.looksAtKey {
				require.NotContains(t, table.Match(nil, "k", nil), 1)
			} else {
				require.Contains(t, table.Match(nil, "k", nil), 1, "bound with another key")
			}
			require.Contains(t, table.Match(nil, "other", nil), 1)
			table.Remove("other", nil, 1)
			require.NotContains(t, table.Match(nil, "other", nil), 1)
			require.Contains(t, table.Match(nil, "k", nil), 2)
		})
	}
}

func TestTableIgnoresRemovalOfWhatIsNotBound(t *testing.T) {
	for _, kind := range tableKinds() {
		t.Run(kind.name, func(t *testing.T) {
			table := kind.make()
			table.Remove("a.b", nil, 1)
			require.True(t, table.Empty())

			table.Add("a.b", nil, 1)
			for _, key := range []string{"", "a", "a.c", "a.b.c", "a.*", "a.#", "a.b."} {
				table.Remove(key, nil, 1)
			}
			table.Remove("a.b", nil, 2)
			table.Remove("a.b", amqp.Table{{Key: "x-a"}}, 1)
			require.Equal(t, []int{1}, table.Match(nil, "a.b", nil))
		})
	}
}

func TestMatchAppends(t *testing.T) {
	for _, kind := range tableKinds() {
		t.Run(kind.name, func(t *testing.T) {
			table := kind.make()
			table.Add("k", nil, 3)
			require.Equal(t, []int{1, 2, 3}, table.Match([]int{1, 2}, "k", nil))
		})
	}
}

// TestTableAgainstReference adds, removes and matches at random, in a small
// world where much of it collides.
func TestTableAgainstReference(t *testing.T) {
	for _, kind := range tableKinds() {
		t.Run(kind.name, func(t *testing.T) {
			for seed := range uint64(10) {
				compareAtRandom(t, kind, seed)
			}
		})
	}
}

func compareAtRandom(t *testing.T, kind tableKind, seed uint64) {
	rnd := newRandom(seed)
	table, slow := kind.make(), &slowTable{matches: kind.matches}
	for step := range 400 {
		// Phases of growth and of decline, so that everything shrinks again.
		decline := 2 + 6*(step/100%2)
		b := bound{rnd.topicKey(5), rnd.arguments(), rnd.IntN(4)}
		if rnd.IntN(10) < decline && len(slow.list) > 0 {
			b = slow.list[rnd.IntN(len(slow.list))]
			table.Remove(b.key, b.args, b.target)
			slow.remove(b)
		} else {
			table.Add(b.key, b.args, b.target)
			slow.add(b)
		}
		key, h := rnd.topicKey(5), rnd.headers()
		require.Equal(t, slow.match(key, h), distinct(table.Match(nil, key, headersOf(h))),
			"seed %d step %d key %q headers %v", seed, step, key, h)
		require.Equal(t, len(slow.list) == 0, table.Empty())
	}
}

// TestLargeSets makes the sets large enough to be indexed, and small again.
func TestLargeSets(t *testing.T) {
	const targets = 20 * indexedFrom
	for _, kind := range tableKinds() {
		t.Run(kind.name, func(t *testing.T) {
			table := kind.make()
			for i := range targets {
				table.Add("k", nil, i)
				table.Add("k", nil, i)
			}
			require.Len(t, table.Match(nil, "k", nil), targets)
			for i := range targets {
				table.Remove("k", nil, targets/2+i)
				require.NotContains(t, table.Match(nil, "k", nil), targets/2+i)
			}
			require.Len(t, table.Match(nil, "k", nil), targets/2)
			for i := range targets / 2 {
				table.Remove("k", nil, i)
			}
			require.True(t, table.Empty())
		})
	}
}

func TestMatchRunsBesideMatch(t *testing.T) {
	for _, kind := range tableKinds() {
		t.Run(kind.name, func(t *testing.T) {
			table := kind.make()
			for _, key := range []string{"#.a.#", "#.a", "a.#.a.#", "*", "a"} {
				table.Add(key, amqp.Table{{Key: "h", Value: "v"}}, 1)
			}
			var wg sync.WaitGroup
			for range 4 {
				wg.Go(func() {
					for range 100 {
						table.Match(nil, "a.a.a", headersOf{{Key: "h", Value: "v"}})
					}
				})
			}
			wg.Wait()
		})
	}
}

func TestMatchDoesNotAllocate(t *testing.T) {
	bind := []string{"orders.eu.paid", "orders.*.paid", "orders.#", "*.eu.*", "#"}
	for _, kind := range tableKinds()[:3] {
		t.Run(kind.name, func(t *testing.T) {
			table := kind.make()
			for i, key := range bind {
				table.Add(key, nil, i)
			}
			dst := make([]int, 0, len(bind))
			require.NotEmpty(t, table.Match(dst, "orders.eu.paid", nil))
			require.Zero(t, testing.AllocsPerRun(100, func() {
				table.Match(dst, "orders.eu.paid", nil)
			}))
		})
	}
}

// random makes keys, arguments and headers of few different words and values.
type random struct{ *rand.Rand }

func newRandom(seed uint64) random { return random{rand.New(rand.NewPCG(seed, 1))} }

func (r random) pick(of ...string) string { return of[r.IntN(len(of))] }

// topicKey is a binding or routing key of up to so many words.
func (r random) topicKey(words int) string {
	key := ""
	for i := range r.IntN(words + 1) {
		if i > 0 {
			key += "."
		}
		key += r.pick("a", "b", "c", "", "*", "*", "#", "#")
	}
	return key
}

func (r random) arguments() amqp.Table {
	var args amqp.Table
	if mode := r.pick("", "all", "any", "all-with-x", "any-with-x"); mode != "" {
		args = append(args, amqp.Field{Key: "x-match", Value: mode})
	}
	for range r.IntN(4) {
		args = append(args, amqp.Field{Key: r.pick("a", "b", "x-c"), Value: r.value()})
	}
	return args
}

func (r random) headers() amqp.Table {
	var h amqp.Table
	for range r.IntN(5) {
		h = append(h, amqp.Field{Key: r.pick("a", "b", "x-c", "x-match", "z"), Value: r.value()})
	}
	if r.IntN(20) == 0 {
		for i := range indexedFrom {
			h = append(h, amqp.Field{Key: r.pick("a", "y"), Value: int32(i % 3)})
		}
	}
	return h
}

func (r random) value() any {
	values := []any{
		nil, true, false, int8(1), uint8(1), int16(1), int32(1), int64(1), int64(2), int64(1000), uint32(2),
		float32(1), float64(1), 0.5, float32(0.5), "1", []byte("1"), "", amqp.Timestamp(1), amqp.Timestamp(1000),
		amqp.Timestamp(1 << 63), amqp.Timestamp(1<<64 - 1), amqp.Decimal{Scale: 1, Value: 10}, amqp.Decimal{Scale: 2, Value: 100},
		amqp.Array{}, amqp.Array(nil), amqp.Array{int8(1)}, amqp.Array{int16(1)}, amqp.Array{amqp.Timestamp(1)},
		amqp.Table{}, amqp.Table{{Key: "k", Value: "v"}}, amqp.Table{{Key: "k", Value: []byte("v")}},
	}
	return values[r.IntN(len(values))]
}
