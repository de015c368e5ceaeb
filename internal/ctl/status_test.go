package ctl_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestStatusAsJSONHasTheKeysOfRabbitMQ(t *testing.T) {
	got := run(t, "", "rabbitmqctl status --formatter json")
	require.Zero(t, got.status, got.errors)
	var status map[string]any
	require.NoError(t, json.Unmarshal([]byte(got.out), &status))
	require.Equal(t, "4.0.5", status["rabbitmq_version"])
	require.Equal(t, 7.0, status["pid"])
	require.Equal(t, 5.0, status["uptime"])
	require.Equal(t, []any{}, status["alarms"])
	require.Equal(t, map[string]any{"connection_count": 1.0, "queue_count": 2.0}, status["totals"])
	require.Equal(t, []any{map[string]any{"node": "n@h", "interface": "[::]", "port": 5672.0, "protocol": "amqp", "purpose": "AMQP 0-9-1"}}, status["listeners"])
}

func TestLimitsOfOneUser(t *testing.T) {
	require.Equal(t, "Listing limits for user \"limited\" ...\n{\"max-channels\":5}\n", run(t, "", "rabbitmqctl list_user_limits --user limited").out)
	require.Equal(t, "{}\n", run(t, "", "rabbitmqctl -q list_user_limits --user guest").out)
	require.NotZero(t, run(t, "", "rabbitmqctl list_user_limits --user nobody").status)
}
