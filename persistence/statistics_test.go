package persistence

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/definitions"
	"github.com/leveretmq/leveret/queue"
)

func TestStatistics_CommitsAndSyncs(t *testing.T) {
	s, err := Open(Options{Dir: t.TempDir(), Fatal: func(err error) { t.Errorf("the store has failed: %v", err) }})
	require.NoError(t, err)
	before := s.Statistics()
	done := make(chan error, 1)
	s.Change(definitions.Change{Put: definitions.Set{Queues: []queue.Spec{{ID: 1, VHost: "/", Name: "q", Durable: true}}}},
		func(err error) { done <- err })
	require.NoError(t, <-done)
	after := s.Statistics()
	require.Greater(t, after.Commits.Count(), before.Commits.Count())
	require.Greater(t, after.Commits.Sum, before.Commits.Sum)
	if runtime.GOOS == "linux" {
		require.Greater(t, after.Syncs.Count(), before.Syncs.Count())
	}
	require.Zero(t, after.Pending)
	require.NoError(t, s.Close(nil))
}
