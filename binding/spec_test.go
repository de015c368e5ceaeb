package binding

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
)

func TestDestinationKindIsNamedInAMQPsWords(t *testing.T) {
	require.Equal(t, "queue", ToQueue.String())
	require.Equal(t, "exchange", ToExchange.String())
}

func TestIdentityTellsBindingsApart(t *testing.T) {
	args := func(fields ...amqp.Field) Spec { return Spec{Source: "e", Destination: "q", Arguments: fields} }
	different := []Spec{
		{},
		{VHost: "ab"},
		{VHost: "a", Source: "b"},
		{Source: "ab"},
		{Source: "a", Destination: "b"},
		{Source: "a", Destination: "b", Kind: ToExchange},
		{Source: "a", RoutingKey: "b"},
		{Destination: "a", RoutingKey: "b"},
		{Source: "e", Destination: "q"},
		args(amqp.Field{Key: "k"}),
		args(amqp.Field{Key: "k", Value: int8(5)}),
		args(amqp.Field{Key: "k", Value: int32(5)}),
		args(amqp.Field{Key: "k", Value: int64(5)}),
		args(amqp.Field{Key: "k", Value: uint8(5)}),
		args(amqp.Field{Key: "k", Value: float64(5)}),
		args(amqp.Field{Key: "k", Value: "5"}),
		args(amqp.Field{Key: "k", Value: []byte("5")}),
		args(amqp.Field{Key: "k", Value: "5"}, amqp.Field{Key: "l", Value: "5"}),
		args(amqp.Field{Key: "k", Value: "5"}, amqp.Field{Key: "k", Value: "6"}),
		args(amqp.Field{Key: "k", Value: "6"}, amqp.Field{Key: "k", Value: "5"}),
		args(amqp.Field{Key: "k", Value: amqp.Table{{Key: "a"}, {Key: "b"}}}),
		args(amqp.Field{Key: "k", Value: amqp.Table{{Key: "b"}, {Key: "a"}}}),
	}
	seen := make(map[string]Spec)
	for _, s := range different {
		other, known := seen[s.Identity()]
		require.False(t, known, "%+v and %+v share an identity", s, other)
		seen[s.Identity()] = s
	}
}

func TestIdentityIgnoresTheOrderOfArguments(t *testing.T) {
	fields := amqp.Table{{Key: "b", Value: "1"}, {Key: "a", Value: int32(2)}, {Key: "c"}}
	sorted := amqp.Table{{Key: "a", Value: int32(2)}, {Key: "b", Value: "1"}, {Key: "c"}}

	require.Equal(t, Spec{Arguments: sorted}.Identity(), Spec{Arguments: fields}.Identity())
	require.Equal(t, "b", fields[0].Key, "the declared order is kept")
	require.Equal(t, Spec{}.Identity(), Spec{Arguments: amqp.Table{}}.Identity())
}
