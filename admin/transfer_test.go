package admin_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/auth"
	"github.com/leveretmq/leveret/binding"
	"github.com/leveretmq/leveret/broker"
	"github.com/leveretmq/leveret/definitions"
	"github.com/leveretmq/leveret/exchange"
	"github.com/leveretmq/leveret/queue"
)

// shop is one of everything.
func shop() definitions.Set {
	return definitions.Set{
		Users: []definitions.User{{
			Name: "app", Tags: []string{"management"}, PasswordHash: "kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR",
			HashingAlgorithm: auth.HashingSHA256,
		}},
		VHosts:           []definitions.VHost{{Name: "shop", Description: "sells", MaxQueues: definitions.LimitOf(5)}},
		Permissions:      []definitions.Permission{{User: "app", VHost: "shop", Configure: "^$", Write: ".*", Read: ".*"}},
		TopicPermissions: []definitions.TopicPermission{{User: "app", VHost: "shop", Exchange: "amq.topic", Write: "a", Read: "b"}},
		Parameters:       []definitions.Parameter{{Name: "theme", Value: `"dark"`}},
		Exchanges:        []exchange.Spec{{VHost: "shop", Name: "orders", Type: exchange.Topic, Durable: true}},
		Queues: []queue.Spec{{
			VHost: "shop", Name: "new", Durable: true, Arguments: amqp.Table{{Key: "x-max-length", Value: int64(5)}},
		}},
		Bindings: []binding.Spec{{VHost: "shop", Source: "orders", Destination: "new", RoutingKey: "new.#"}},
	}
}

func TestImportAndExport(t *testing.T) {
	n := restarted(t, func(n *node) {
		require.NoError(t, n.Import(someone(), shop()))
		require.NoError(t, n.Import(someone(), shop()), "what is there already is no error")
		v, _ := n.broker.VHost("shop")
		_, err := v.DeclareQueue(queue.Spec{VHost: "shop", Name: "transient"}, nil)
		require.NoError(t, err)
	})
	got, want := n.Definitions(), shop()
	want.Exchanges[0].By = someone().User
	require.Equal(t, want.Exchanges, got.Exchanges)
	require.Equal(t, want.Bindings, got.Bindings)
	require.Len(t, got.Queues, 1)
	got.Queues[0].ID = 0
	require.Equal(t, want.Queues, got.Queues)
	require.Equal(t, want.Parameters, got.Parameters)
	require.Contains(t, got.Users, want.Users[0])
	require.Contains(t, got.VHosts, want.VHosts[0])
	require.Contains(t, got.Permissions, want.Permissions[0])
	require.Equal(t, want.TopicPermissions, got.TopicPermissions)
	require.Equal(t, []string{"/", "shop"}, n.broker.VHosts())
}

func TestImport_Refused(t *testing.T) {
	n := open(t, t.TempDir(), usual())
	t.Cleanup(func() { n.stop(t) })
	set := shop()
	set.Permissions[0].Read = "("
	require.ErrorIs(t, n.Import(someone(), set), auth.ErrInvalidPattern)
	require.Equal(t, []string{"/"}, n.broker.VHosts(), "together or not at all")

	set = shop()
	set.Queues[0].VHost = "nowhere"
	require.ErrorIs(t, n.Import(someone(), set), broker.ErrNoVHost)
	set = shop()
	set.Exchanges[0].Type = "x-none"
	set.Exchanges[0].Name = "other"
	var refused *amqp.Error
	require.ErrorAs(t, n.Import(someone(), set), &refused)
}

func TestParameters(t *testing.T) {
	mine := definitions.Parameter{VHost: "/", Component: "shovel", Name: "a", Value: `1`}
	n := restarted(t, func(n *node) {
		created, err := n.PutParameter(someone(), mine)
		require.NoError(t, err)
		require.True(t, created)
		mine.Value = `2`
		created, err = n.PutParameter(someone(), mine)
		require.NoError(t, err)
		require.False(t, created)
		_, err = n.PutParameter(someone(), definitions.Parameter{Name: "global", Value: `3`})
		require.NoError(t, err)
		existed, err := n.DeleteParameter(someone(), definitions.Parameter{Name: "unknown"})
		require.NoError(t, err)
		require.False(t, existed)
	})
	p, ok := n.Parameter("/", "shovel", "a")
	require.True(t, ok)
	require.Equal(t, mine, p)
	require.Len(t, n.Parameters(definitions.Parameter.Global), 1)
	existed, err := n.DeleteParameter(someone(), mine)
	require.NoError(t, err)
	require.True(t, existed)
	require.Len(t, n.Parameters(nil), 1)
}
