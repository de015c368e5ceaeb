//go:build invariants

package message

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
)

// Whoever uses a message after its release finds out, until it is somebody
// else's.
func TestStock_ReleasedMessagesAreSpoiled(t *testing.T) {
	s := NewPool().NewStock()
	m := publish(s, amqp.Properties{0, 0}, []byte("body"), 1)
	body := m.Body
	s.Release(m)
	require.Empty(t, m.Body)
	require.Empty(t, m.Properties)
	require.NotContains(t, string(body), "body")
	require.Panics(t, func() { m.Size() })
	require.Panics(t, func() { m.Footprint() })
}
