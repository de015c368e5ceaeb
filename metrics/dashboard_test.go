package metrics_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// dashboardQueries are the series that the queries of Grafana's dashboard 10991
// (RabbitMQ-Overview) ask for, in its versions for RabbitMQ 3.8 to 4.x, and the labels
// by which they filter, group and join, beside those that Prometheus adds.
func dashboardQueries() map[string][]string {
	protocol, byType := []string{"protocol"}, []string{"protocol", "queue_type"}
	return map[string][]string{
		"rabbitmq_identity_info": {"rabbitmq_cluster", "rabbitmq_node", "rabbitmq_endpoint"},
		"rabbitmq_build_info": {"rabbitmq_version", "erlang_version", "prometheus_client_version",
			"prometheus_plugin_version", "product_name", "product_version"},
		"rabbitmq_connections": nil, "rabbitmq_channels": nil, "rabbitmq_consumers": nil, "rabbitmq_queues": nil,
		"rabbitmq_queue_messages_ready": nil, "rabbitmq_queue_messages_unacked": nil,
		"rabbitmq_erlang_uptime_seconds": nil, "rabbitmq_resident_memory_limit_bytes": nil,
		"rabbitmq_process_resident_memory_bytes": nil, "rabbitmq_disk_space_available_bytes": nil,
		"rabbitmq_disk_space_available_limit_bytes": nil, "rabbitmq_process_max_fds": nil, "rabbitmq_process_open_fds": nil,
		"rabbitmq_process_max_tcp_sockets": nil, "rabbitmq_process_open_tcp_sockets": nil,
		"rabbitmq_global_publishers": protocol, "rabbitmq_global_consumers": protocol,
		"rabbitmq_global_messages_received_total": protocol, "rabbitmq_global_messages_received_confirm_total": protocol,
		"rabbitmq_global_messages_confirmed_total": protocol, "rabbitmq_global_messages_routed_total": protocol,
		"rabbitmq_global_messages_unroutable_dropped_total":           protocol,
		"rabbitmq_global_messages_unroutable_returned_total":          protocol,
		"rabbitmq_global_messages_delivered_total":                    byType,
		"rabbitmq_global_messages_delivered_consume_auto_ack_total":   byType,
		"rabbitmq_global_messages_delivered_consume_manual_ack_total": byType,
		"rabbitmq_global_messages_delivered_get_auto_ack_total":       byType,
		"rabbitmq_global_messages_delivered_get_manual_ack_total":     byType,
		"rabbitmq_global_messages_get_empty_total":                    byType,
		"rabbitmq_global_messages_redelivered_total":                  byType,
		"rabbitmq_global_messages_acknowledged_total":                 byType,
		"rabbitmq_message_size_bytes_bucket":                          {"protocol", "le"},
		"rabbitmq_message_size_bytes_sum":                             protocol,
		"rabbitmq_message_size_bytes_count":                           protocol,
		"rabbitmq_queues_declared_total":                              nil, "rabbitmq_queues_created_total": nil, "rabbitmq_queues_deleted_total": nil,
		"rabbitmq_channels_opened_total": nil, "rabbitmq_channels_closed_total": nil,
		"rabbitmq_connections_opened_total": nil, "rabbitmq_connections_closed_total": nil,
		// of the versions before the global counters
		"rabbitmq_queue_messages_published_total": nil, "rabbitmq_channel_messages_published_total": nil,
		"rabbitmq_channel_messages_confirmed_total": nil, "rabbitmq_channel_messages_unconfirmed": nil,
		"rabbitmq_channel_messages_unroutable_dropped_total": nil, "rabbitmq_channel_messages_unroutable_returned_total": nil,
		"rabbitmq_channel_messages_delivered_total": nil, "rabbitmq_channel_messages_delivered_ack_total": nil,
		"rabbitmq_channel_messages_redelivered_total": nil, "rabbitmq_channel_messages_acked_total": nil,
		"rabbitmq_channel_get_total": nil, "rabbitmq_channel_get_ack_total": nil, "rabbitmq_channel_get_empty_total": nil,
		"rabbitmq_channel_consumers": nil,
	}
}

// All of it is there from the start: a dashboard has no gaps, and no rate misses its
// first step.
func TestDashboard_FindsWhatItAsksFor(t *testing.T) {
	e := start(t).read("/metrics")
	for name, labels := range dashboardQueries() {
		series := e.series(name)
		require.NotEmpty(t, series, name)
		for _, s := range series {
			for _, label := range labels {
				require.Contains(t, strings.ReplaceAll(s, "{", ","), ","+label+`="`, "%s by %s", name, label)
			}
		}
	}
	require.Equal(t, []string{`rabbitmq_identity_info{rabbitmq_node="leveret@test",rabbitmq_cluster="hares",` +
		`rabbitmq_cluster_permanent_id="hares",rabbitmq_endpoint="aggregated"}`}, e.series("rabbitmq_identity_info"))
	require.Contains(t, e.samples, `rabbitmq_message_size_bytes_bucket{protocol="amqp091",le="100000000"}`)
}

// The sizes have RabbitMQ's buckets, as panels name them one by one.
func TestDashboard_Buckets(t *testing.T) {
	e := start(t).read("/metrics")
	for _, le := range []string{"100", "1000", "10000", "100000", "1000000", "10000000", "50000000", "100000000", "+Inf"} {
		require.Contains(t, e.samples, `rabbitmq_message_size_bytes_bucket{protocol="amqp091",le="`+le+`"}`)
	}
}
