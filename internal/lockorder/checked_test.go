//go:build invariants

package lockorder

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLockOrderIsChecked(t *testing.T) {
	var connection Mutex[Connection]
	var topology RWMutex[Topology]
	var one, other Mutex[Queue]
	connection.Lock()
	one.Lock()
	other.Lock() // transactions do
	require.Panics(t, topology.RLock)
	require.Panics(t, connection.Lock)
	one.Unlock()
	other.Unlock()
	topology.RLock()
	topology.RUnlock()
	connection.Unlock()
	require.Empty(t, taken.held)
}
