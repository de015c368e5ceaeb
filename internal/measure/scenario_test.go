package main

import (
	"io"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestScenariosRun runs each scenario against a broker in small; each of them
// checks what it measures.
func TestScenariosRun(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Log("a broker cannot be stopped by a signal here")
		return
	}
	dir := t.TempDir()
	binary := filepath.Join(dir, "leveret")
	output, err := exec.Command("go", "build", "-o", binary, "../../cmd/leveret").CombinedOutput()
	require.NoError(t, err, "%s", output)
	for name, s := range map[string]settings{
		"backlog": {messages: 2000, queues: 2, restart: restartStop},
		"queues":  {messages: 200, queues: 50, connections: 3, bindings: 2},
		"fanout":  {size: 300_000, queues: 5, connections: 2},
		"cold":    {messages: 500},
		"storm":   {connections: 20},
		"mute":    {connections: 3, messages: 50},
		"unacked": {messages: 1000},
		"fair":    {messages: 20},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s.leveret, s.data = binary, filepath.Join(dir, name)
			s.prefetch, s.inFlight, s.floor = 100, 100, 1<<40
			known, err := runOwn(io.Discard, name, 2, s)
			require.NoError(t, err)
			require.True(t, known)
		})
	}
	t.Run("scale", func(t *testing.T) {
		t.Parallel()
		runScale(t, binary, t.TempDir())
	})
}
