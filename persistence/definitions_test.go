package persistence

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/binding"
	"github.com/leveretmq/leveret/definitions"
	"github.com/leveretmq/leveret/exchange"
	"github.com/leveretmq/leveret/queue"
)

func everyType() amqp.Table {
	return amqp.Table{
		{Key: "bool", Value: true}, {Key: "int8", Value: int8(-1)}, {Key: "uint8", Value: uint8(200)},
		{Key: "int16", Value: int16(-300)}, {Key: "uint16", Value: uint16(60000)},
		{Key: "int32", Value: int32(-70000)}, {Key: "uint32", Value: uint32(4e9)},
		{Key: "int64", Value: int64(-5e12)}, {Key: "float32", Value: float32(1.5)}, {Key: "float64", Value: 2.5},
		{Key: "decimal", Value: amqp.Decimal{Scale: 2, Value: 123}}, {Key: "string", Value: "text"},
		{Key: "array", Value: amqp.Array{"a", int32(1), nil}}, {Key: "timestamp", Value: amqp.Timestamp(1e9)},
		{Key: "table", Value: amqp.Table{{Key: "x", Value: "y"}}}, {Key: "void", Value: nil},
		{Key: "bytes", Value: []byte{1, 2}}, {Key: "string", Value: "again"},
	}
}

func someDefinitions() definitions.Set {
	return definitions.Set{
		Exchanges: []exchange.Spec{
			{VHost: "/", Name: "", Type: "direct", Durable: true},
			{VHost: "/", Name: "a", Type: "topic", Durable: true, Internal: true, Arguments: everyType()},
			{VHost: "/", Name: "a.b", Type: "fanout", Durable: true, AutoDelete: true, By: "guest"},
			{VHost: "/", Name: "a.c", Type: "fanout", Durable: true, By: "somebody", Arguments: everyType()},
		},
		Queues: []queue.Spec{
			{VHost: "", Name: "/q", ID: 3, Durable: true, Exclusive: true},
			{VHost: "/", Name: "q", ID: 1, Durable: true, AutoDelete: true, Arguments: everyType()},
			{VHost: "/", Name: "q\x00\x00", ID: 2, Durable: true},
		},
		Bindings: []binding.Spec{
			{VHost: "/", Source: "a", Destination: "q", RoutingKey: "k"},
			{VHost: "/", Source: "a", Destination: "q", RoutingKey: "k", Kind: binding.ToExchange, Arguments: everyType()},
			{VHost: "/", Source: "a", Destination: "q"},
		},
	}
}

func requireDefinitions(t *testing.T, s *Store, want definitions.Set) {
	t.Helper()
	got, err := s.Definitions()
	require.NoError(t, err)
	require.ElementsMatch(t, want.Exchanges, got.Exchanges)
	require.ElementsMatch(t, want.Queues, got.Queues)
	require.ElementsMatch(t, want.Bindings, got.Bindings)
}

func TestDefinitionsSurvive(t *testing.T) {
	s := openDir(t, t.TempDir())
	want := someDefinitions()
	require.NoError(t, apply(s, definitions.Change{Put: want}))
	requireDefinitions(t, s, want)
	s = openDir(t, snapshot(t, s))
	requireDefinitions(t, s, want)
	require.EqualValues(t, 3, s.LastQueueID())

	// One of each goes, none of the others does.
	gone := definitions.Set{Exchanges: want.Exchanges[1:2], Queues: want.Queues[:1], Bindings: want.Bindings[1:2]}
	left := definitions.Set{
		Exchanges: append(slices.Clone(want.Exchanges[:1]), want.Exchanges[2:]...), Queues: want.Queues[1:],
		Bindings: []binding.Spec{want.Bindings[0], want.Bindings[2]},
	}
	require.NoError(t, apply(s, definitions.Change{Delete: gone}))
	requireDefinitions(t, s, left)
	require.NoError(t, apply(s, definitions.Change{Delete: gone}), "what is not there is ignored")
	s = openDir(t, snapshot(t, s))
	requireDefinitions(t, s, left)
	require.EqualValues(t, 3, s.LastQueueID(), "numbers never come back")
}

// A queue that is declared again under its name is another queue.
func TestQueueDeclaredAgain(t *testing.T) {
	s := openDir(t, t.TempDir())
	declare(t, s, 1)
	commit(t, s, queue.Unit{Enqueue: []queue.Enqueue{enqueue(1, 1, text("old"))}})
	again := queueSpec(1)
	again.ID = 2
	require.NoError(t, apply(s, definitions.Change{
		Delete: definitions.Set{Queues: []queue.Spec{queueSpec(1)}}, Put: definitions.Set{Queues: []queue.Spec{again}},
	}))
	s = openDir(t, snapshot(t, s))
	requireDefinitions(t, s, definitions.Set{Queues: []queue.Spec{again}})
	require.Empty(t, recovered(t, s, 1))
	require.Empty(t, recovered(t, s, 2))
}

// Long definitions are stored in parts; none is left when they get shorter.
func TestLongDefinitions(t *testing.T) {
	s := openDir(t, t.TempDir())
	q := queueSpec(1)
	for _, n := range []int{0, 10 * definitionPartOctets, 3 * definitionPartOctets, definitionPartOctets - 70, 2} {
		q.Arguments = amqp.Table{{Key: "x", Value: strings.Repeat("long ", n/5)}}
		require.NoError(t, apply(s, definitions.Change{Put: definitions.Set{Queues: []queue.Spec{q}}}))
		s = openDir(t, snapshot(t, s))
		requireDefinitions(t, s, definitions.Set{Queues: []queue.Spec{q}})
		list, _ := keys(t, s, prefixMeta)
		require.LessOrEqual(t, len(list), 5+n/definitionPartOctets)
	}
	q.Arguments = amqp.Table{{Key: "x", Value: strings.Repeat("long ", 9999)}}
	change := definitions.Set{Queues: []queue.Spec{q}}
	require.NoError(t, apply(s, definitions.Change{Put: change}))
	require.NoError(t, apply(s, definitions.Change{Delete: change}))
	s = openDir(t, snapshot(t, s))
	requireDefinitions(t, s, definitions.Set{})
}

func TestManyChangesAtOnce(t *testing.T) {
	s := openDir(t, t.TempDir())
	var all sync.WaitGroup
	for id := uint32(1); id <= 200; id++ {
		all.Go(func() {
			spec := queueSpec(id)
			spec.Name = fmt.Sprint(id)
			if err := apply(s, definitions.Change{Put: definitions.Set{Queues: []queue.Spec{spec}}}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	set, err := s.Definitions()
	require.NoError(t, err)
	require.Len(t, set.Queues, 200)
	require.Less(t, s.reclaim.commits.Load(), uint64(200), "changes share commits")
	require.NoError(t, apply(s, definitions.Change{}))
}

// A record of before users were kept is read as one of nobody.
func TestExchange_RecordWithoutUser(t *testing.T) {
	old := []byte{definitionVersion, definedDurable, 1, '/', 1, 'x', 6, 'f', 'a', 'n', 'o', 'u', 't', 0, 0, 0, 0}
	e, err := decodeExchange(old)
	require.NoError(t, err)
	want := exchange.Spec{VHost: "/", Name: "x", Type: "fanout", Durable: true}
	require.Equal(t, want, e)
	require.Equal(t, old, encodeExchange(want))
}
