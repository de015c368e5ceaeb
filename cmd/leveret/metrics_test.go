package main_test

import (
	"io"
	"net/http"
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestMetrics reads what Prometheus is told of a running broker.
func TestMetrics(t *testing.T) {
	p := start(t, []string{"LEVERET_METRICS_LISTEN=127.0.0.1:0", "LEVERET_NODE_NAME=rabbit@box"}, "--amqp-listen", anyPort)
	address := regexp.MustCompile(`metrics +(\S+)`).FindStringSubmatch(p.ready())
	require.Len(t, address, 2)
	r, err := http.Get("http://" + address[1] + "/metrics")
	require.NoError(t, err)
	text, err := io.ReadAll(r.Body)
	require.NoError(t, err)
	require.NoError(t, r.Body.Close())
	require.Contains(t, string(text), `rabbitmq_identity_info{rabbitmq_node="rabbit@box",`)
	require.Contains(t, string(text), "\nrabbitmq_queues 0\n")
	require.NotContains(t, string(text), "\nrabbitmq_process_resident_memory_bytes 0\n")
	require.NotContains(t, string(text), "\nrabbitmq_disk_space_available_bytes 0\n")
	require.NoError(t, p.command.Process.Signal(os.Interrupt))
	status, _, stderr := p.wait()
	require.Zero(t, status, stderr)
}
