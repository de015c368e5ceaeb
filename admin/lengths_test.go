package admin

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/binding"
	"github.com/leveretmq/leveret/definitions"
	"github.com/leveretmq/leveret/exchange"
	"github.com/leveretmq/leveret/queue"
)

func TestCheckLengths(t *testing.T) {
	fits := strings.Repeat("n", 255)
	long := fits + "n"
	require.NoError(t, checkLengths(definitions.Set{
		Exchanges: []exchange.Spec{{Name: fits}}, Queues: []queue.Spec{{Name: fits}},
		Bindings: []binding.Spec{{Source: fits, Destination: fits, RoutingKey: fits}},
	}))
	for what, set := range map[string]definitions.Set{
		"exchange":    {Exchanges: []exchange.Spec{{}, {Name: long}}},
		"queue":       {Queues: []queue.Spec{{Name: long}}},
		"source":      {Bindings: []binding.Spec{{Source: long}}},
		"destination": {Bindings: []binding.Spec{{Destination: long}}},
		"routing_key": {Bindings: []binding.Spec{{RoutingKey: long}}},
	} {
		require.ErrorContains(t, checkLengths(set), what+" should be less than 255 bytes, actually was 256")
	}
}
