package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/internal/bench"
)

func TestTargets(t *testing.T) {
	one, err := parseTarget("other=amqp://localhost:5673/,17,18")
	require.NoError(t, err)
	require.Equal(t, &target{name: "other", url: "amqp://localhost:5673/", pids: []int{17, 18}}, one)
	for _, wrong := range []string{"amqp://localhost", "a=amqp://localhost,b"} {
		_, err := parseTarget(wrong)
		require.Error(t, err)
	}
}

// compared is a target with rates of its rounds.
func compared(name string, rates ...float64) *target {
	t := &target{name: name, title: name + " 1.0", results: map[string][]bench.Summary{}}
	for _, rate := range rates {
		s := bench.Summary{Cost: 1.234, Messages: 1}
		s.Received, s.Broker.Resident = rate, 50_000_000
		t.results[relayedTest] = append(t.results[relayedTest], s)
	}
	return t
}

func TestTableHasMediansAndRatiosOfRounds(t *testing.T) {
	c := &comparison{only: relayedTest, rounds: 3}
	c.targets = []*target{compared("fast", 3000, 1_200_000, 2000), compared("slow", 1000, 400_000, 1000)}
	c.relay = compared("relay", 1, 2, 3)
	cases, err := c.cases()
	require.NoError(t, err)
	table := c.table(cases)
	require.Contains(t, table, "automatic acknowledgement | fast 1.0 | 3,000 (2,000..1,200,000) | **3.00** (2.00..3.00) | 1.23 | 0.00 | 0 / 0 | 50 |\n")
	require.Contains(t, table, "|  | slow 1.0 | 1,000 (1,000..400,000) | **1.00** (1.00..1.00) |")
	require.Contains(t, table, "|  | relay 1.0 |")
	require.Equal(t, "relay", c.order(1, relayedTest)[0].name)
	require.Len(t, c.order(0, "latency"), 2)
}

func TestOnlySomeTests(t *testing.T) {
	all, err := (&comparison{}).cases()
	require.NoError(t, err)
	require.Greater(t, len(all), 8)
	_, err = (&comparison{only: "nothing"}).cases()
	require.ErrorContains(t, err, "durable-confirm-10")
}

func TestTableGoesBetweenTheMarks(t *testing.T) {
	path := filepath.Join(t.TempDir(), "page.md")
	begin, end := marks("bench-compare")
	require.NoError(t, os.WriteFile(path, []byte("before\n"+begin+"\nold\n"+end+"\nafter\n"), 0o600))
	for range 2 {
		require.NoError(t, writeBetweenMarks(path, "bench-compare", "new\n"))
		content, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, "before\n"+begin+"\n\nnew\n\n"+end+"\nafter\n", string(content))
	}
	require.NoError(t, os.WriteFile(path, []byte("nothing"), 0o600))
	require.Error(t, writeBetweenMarks(path, "bench-compare", "new\n"))
}

func TestManualHasTheMarks(t *testing.T) {
	content, err := os.ReadFile("../../docs/performance.md")
	require.NoError(t, err)
	for _, target := range []string{"bench-compare", "costs"} {
		begin, end := marks(target)
		require.Equal(t, 1, strings.Count(string(content), begin))
		require.Equal(t, 1, strings.Count(string(content), end))
	}
}

func TestRelayEndsWithItsInput(t *testing.T) {
	var out strings.Builder
	require.NoError(t, serveRelay(&out, strings.NewReader("")))
	require.Contains(t, out.String(), "amqp://127.0.0.1:")
}

func TestTitles(t *testing.T) {
	require.Equal(t, "relay", title("relay", ""))
	require.Equal(t, "RabbitMQ 3.10.8", title("rabbitmq", "RabbitMQ 3.10.8"))
	require.Equal(t, "before (RabbitMQ 4.0.5)", title("before", "RabbitMQ 4.0.5"))
}
