package definitions_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/definitions"
)

func TestLimits(t *testing.T) {
	require.False(t, definitions.Limit{}.Bounds())
	require.False(t, definitions.LimitOf(-1).Bounds())
	require.True(t, definitions.LimitOf(0).Bounds())
	require.True(t, definitions.LimitOf(2).Bounds())
}

func TestASetOfOneThingIsNotEmpty(t *testing.T) {
	require.True(t, definitions.Change{}.Empty())
	for _, set := range []definitions.Set{
		{Users: make([]definitions.User, 1)},
		{VHosts: make([]definitions.VHost, 1)},
		{Permissions: make([]definitions.Permission, 1)},
		{TopicPermissions: make([]definitions.TopicPermission, 1)},
		{Parameters: make([]definitions.Parameter, 1)},
	} {
		require.False(t, definitions.Change{Put: set}.Empty())
		require.False(t, definitions.Change{Delete: set}.Empty())
	}
}
