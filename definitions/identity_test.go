package definitions_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/definitions"
)

func TestLimits(t *testing.T) {
	for _, c := range []struct {
		limit   definitions.Limit
		count   int
		reached bool
	}{
		{definitions.Limit{}, 0, false},
		{definitions.Limit{}, 1 << 30, false},
		{definitions.LimitOf(-1), 1 << 30, false},
		{definitions.LimitOf(0), 0, true},
		{definitions.LimitOf(2), 1, false},
		{definitions.LimitOf(2), 2, true},
		{definitions.LimitOf(2), 3, true},
	} {
		require.Equal(t, c.reached, c.limit.Reached(c.count), "%+v %d", c.limit, c.count)
	}
}

func TestASetOfOneThingIsNotEmpty(t *testing.T) {
	require.True(t, definitions.Change{}.Empty())
	for _, set := range []definitions.Set{
		{Users: make([]definitions.User, 1)},
		{VHosts: make([]definitions.VHost, 1)},
		{Permissions: make([]definitions.Permission, 1)},
		{TopicPermissions: make([]definitions.TopicPermission, 1)},
	} {
		require.False(t, definitions.Change{Put: set}.Empty())
		require.False(t, definitions.Change{Delete: set}.Empty())
	}
}
