package binding

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
)

func TestRandomPicksEachBindingAsOften(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 2))
	table := NewRandom[int](random.IntN)
	require.Empty(t, table.Match(nil, "k", nil))
	for target := range 3 {
		table.Add("k", nil, target)
		table.Add("k", nil, target)
	}
	table.Add("other", nil, 1)
	table.Add("k", amqp.Table{{Key: "a", Value: "b"}}, 2)
	table.Add("k", nil, 3)
	table.Remove("k", nil, 3)
	requireShares(t, counted(placed(table), 3), []int{1, 2, 2})
}

func TestModulusKeepsKeysWhereTheyAre(t *testing.T) {
	table := NewModulus[int]()
	require.Empty(t, table.Match(nil, "k", nil))
	for target := range 4 {
		table.Add("", nil, target)
	}
	before := placed(table)
	require.Equal(t, before, placed(table))
	requireShares(t, counted(before, 4), []int{1, 1, 1, 1})
	for target := range 4 {
		table.Remove("", nil, target)
	}
	require.True(t, table.Empty())
}
