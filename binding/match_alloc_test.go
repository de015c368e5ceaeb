package binding

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
)

// Matching allocates nothing as long as the caller's slice has room.
func TestAllocationsOfMatch(t *testing.T) {
	const bindings = 1000
	var h Headers = headersOf{{Key: "type", Value: "report"}, {Key: "tenant", Value: int64(7)}}
	tables := map[string]Table[*int]{
		"direct": NewDirect[*int](), "fanout": NewFanout[*int](),
		"topic": NewTopic[*int](), "headers": NewHeaders[*int](), "modulus": NewModulus[*int](),
		"random": NewRandom[*int](rand.IntN), "consistent hash": NewConsistentHash[*int](),
	}
	for i := range bindings {
		tables["direct"].Add(topicKey(i), nil, new(int))
		tables["fanout"].Add("", nil, new(int))
		tables["topic"].Add([]string{topicKey(i), fmt.Sprintf("orders.*.#.order%d", i)}[i%2], nil, new(int))
		tables["headers"].Add("", amqp.Table{{Key: "tenant", Value: int64(i)}}, new(int))
		tables["modulus"].Add("", nil, new(int))
		tables["random"].Add("", nil, new(int))
		tables["consistent hash"].Add("7", nil, new(int))
	}
	dst := make([]*int, 0, bindings)
	for name, table := range tables {
		t.Run(name, func(t *testing.T) {
			for _, i := range []int{6, 7} {
				key := topicKey(i)
				require.NotEmpty(t, table.Match(dst, key, h))
				require.Zero(t, testing.AllocsPerRun(100, func() { table.Match(dst, key, h) }))
			}
		})
	}
}
