package main_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestBenchOfTheBroker(t *testing.T) {
	broker := start(t, nil, "--amqp-listen", anyPort)
	url := connectURL(t, broker.ready())
	dir := t.TempDir()
	status, stdout, stderr := start(t, nil, "bench", "-h", url, "-d", "first", "-u", "q", "-C", "1000", "-D", "1000", "-c", "100", "-A", "10",
		"-i", "0.05", "--json", filepath.Join(dir, "first.json"), "-o", filepath.Join(dir, "first.csv")).wait()
	require.Zero(t, status, stderr)
	for _, line := range []string{
		"id: first, test stopped: all messages are through after",
		"id: first, sending rate avg: ", "id: first, receiving rate avg: ",
		"id: first, consumer latency min/median/75th/95th/99th ", "id: first, confirm latency min/median/75th/95th/99th ",
	} {
		require.Contains(t, stdout, line)
	}
	content, err := os.ReadFile(filepath.Join(dir, "first.json"))
	require.NoError(t, err)
	var reports []struct {
		ID      string
		Summary struct{ Messages int }
	}
	require.NoError(t, json.Unmarshal(content, &reports))
	require.Len(t, reports, 1)
	require.Equal(t, "first", reports[0].ID)
	require.Equal(t, 1000, reports[0].Summary.Messages)
	content, err = os.ReadFile(filepath.Join(dir, "first.csv"))
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(string(content), "id,time (s),published (msg/s),"))
}

func TestBenchScenariosOfTheBroker(t *testing.T) {
	broker := start(t, nil, "--amqp-listen", anyPort)
	url := connectURL(t, broker.ready())
	for scenario, name := range map[string]string{
		"throughput": "transient-16-ack", "durable": "durable-confirm-10", "latency": "latency", "fanout": "fanout-50",
		"topics": "topics", "connections": "connections", "queues": "queues", "backlog": "backlog-drain",
	} {
		status, stdout, stderr := start(t, nil, "bench", "run", scenario, "-h", url, "-z", "0.2", "--warm-up", "0.05", "-i", "0.1",
			"--connections", "20", "--queues", "30", "--messages", "500", "--bindings", "100", "-r", "100").wait()
		require.Zero(t, status, "%s: %s", scenario, stderr)
		require.Contains(t, stdout, name+": ")
		require.Contains(t, stdout, "id: "+name+", test stopped")
	}
}

func TestBenchFailures(t *testing.T) {
	start(t, nil, "bench", "-h", "amqp://127.0.0.1:1").wantFailure(1, "127.0.0.1:1")
	start(t, nil, "bench", "-x", "-1").wantFailure(2, "producers")
	start(t, nil, "bench", "--json-body").wantFailure(2, "PerfTest has it", "--help")
	start(t, nil, "bench", "q").wantFailure(2, `"q"`, "--help")
	start(t, nil, "bench", "run").wantFailure(2, "throughput, durable")
	start(t, nil, "bench", "run", "everything").wantFailure(2, `"everything"`, "throughput, durable")
}
