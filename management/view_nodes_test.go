package management

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// What Erlang counts of the disk is what the store and the system tell.
func TestNode_DiskCounters(t *testing.T) {
	g := newRig(t)
	g.api.options.Facts = func() Facts {
		return Facts{ReadOctets: 10, WrittenOctets: 20, Commits: 4, Syncs: 2, CommitTime: 6 * time.Millisecond, SyncTime: time.Millisecond}
	}
	before := fetch[[]map[string]any](t, g, rootUser, "/api/nodes")[0]["mnesia_disk_tx_count"].(float64)
	g.expect(t, 201, rootUser, set, "/api/queues/%2F/q", `{"durable":true}`)
	node := fetch[[]map[string]any](t, g, rootUser, "/api/nodes")[0]
	for name, want := range map[string]float64{
		"io_read_bytes": 10, "io_write_bytes": 20, "io_write_count": 4, "io_sync_count": 2,
		"io_write_avg_time": 1.5, "io_sync_avg_time": 0.5, "mnesia_disk_tx_count": before + 1, "io_seek_count": 0,
	} {
		require.InDelta(t, want, node[name], 0, name)
		require.Contains(t, node, name+"_details")
	}
	require.IsType(t, 0.0, node["run_queue"])
}
