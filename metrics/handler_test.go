package metrics_test

import (
	"compress/gzip"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	amqp091 "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/broker"
	"github.com/leveretmq/leveret/definitions"
	"github.com/leveretmq/leveret/metrics"
	"github.com/leveretmq/leveret/queue"
)

// work has something of everything: two queues, deliveries of each kind, confirms, and
// what is unroutable.
func (f *fixture) work() {
	ch := f.channel()
	for _, name := range []string{"q", "a \"quoted\" name\\"} {
		_, err := ch.QueueDeclare(name, true, false, false, false, nil)
		require.NoError(f.t, err)
	}
	require.NoError(f.t, ch.ExchangeDeclare("x", "fanout", true, false, false, false, nil))
	require.NoError(f.t, ch.QueueBind("q", "", "x", false, nil))
	require.NoError(f.t, ch.Confirm(false))
	confirms := ch.NotifyPublish(make(chan amqp091.Confirmation, 10))
	for _, to := range []string{"x", "x", "x", ""} {
		require.NoError(f.t, ch.Publish(to, "nowhere", false, false, amqp091.Publishing{
			DeliveryMode: amqp091.Persistent, Body: []byte("hello"), Timestamp: time.Unix(1234, 0),
		}))
		<-confirms
	}
	d, ok, err := ch.Get("q", false)
	require.NoError(f.t, err)
	require.True(f.t, ok)
	require.NoError(f.t, d.Ack(false))
	require.NoError(f.t, ch.Qos(1, 0, false))
	deliveries, err := ch.Consume("q", "tag", false, false, false, false, nil)
	require.NoError(f.t, err)
	<-deliveries
}

func TestPages_AreWellFormed(t *testing.T) {
	f := start(t)
	for range 2 { // without anything, and with it
		for _, path := range []string{
			"/metrics", "/metrics/", "/metrics/per-object", "/metrics/memory-breakdown", "/metrics/detailed",
			"/metrics/detailed?family=queue_metrics&family=queue_consumer_count&family=queue_coarse_metrics&family=channel_metrics" +
				"&family=vhost_status&family=exchange_names&family=exchange_bindings&family=unknown&family=auth_attempt_metrics",
		} {
			e := f.read(path)
			require.Len(t, e.series("rabbitmq_identity_info"), 1, path)
		}
		f.work()
	}
}

func TestAggregated(t *testing.T) {
	f := start(t)
	f.work()
	e := f.read("/metrics")
	for name, want := range map[string]float64{
		"rabbitmq_connections": 1, "rabbitmq_channels": 1, "rabbitmq_consumers": 1, "rabbitmq_queues": 2,
		"rabbitmq_queue_messages": 2, "rabbitmq_queue_messages_ready": 1, "rabbitmq_queue_messages_unacked": 1,
		"rabbitmq_queue_messages_bytes": 10, "rabbitmq_queue_messages_persistent": 2, "rabbitmq_queue_consumers": 1,
		"rabbitmq_queue_messages_published_total": 3, "rabbitmq_consumer_prefetch": 1, "rabbitmq_connection_channels": 1,
		"rabbitmq_exchange_messages_published_total": 4, "rabbitmq_channel_messages_unacked": 1,
		`rabbitmq_global_messages_received_total{protocol="amqp091"}`:                                                       4,
		`rabbitmq_global_messages_received_confirm_total{protocol="amqp091"}`:                                               4,
		`rabbitmq_global_messages_confirmed_total{protocol="amqp091"}`:                                                      4,
		`rabbitmq_global_messages_routed_total{protocol="amqp091"}`:                                                         3,
		`rabbitmq_global_messages_unroutable_dropped_total{protocol="amqp091"}`:                                             1,
		`rabbitmq_global_messages_delivered_total{protocol="amqp091",queue_type="rabbit_classic_queue"}`:                    2,
		`rabbitmq_global_messages_delivered_get_manual_ack_total{protocol="amqp091",queue_type="rabbit_classic_queue"}`:     1,
		`rabbitmq_global_messages_delivered_consume_manual_ack_total{protocol="amqp091",queue_type="rabbit_classic_queue"}`: 1,
		`rabbitmq_global_messages_acknowledged_total{protocol="amqp091",queue_type="rabbit_classic_queue"}`:                 1,
		`rabbitmq_global_messages_acknowledged_total{protocol="amqp091",queue_type="rabbit_quorum_queue"}`:                  0,
		`rabbitmq_global_publishers{protocol="amqp091"}`:                                                                    1,
		`rabbitmq_message_size_bytes_bucket{protocol="amqp091",le="100"}`:                                                   4,
		`rabbitmq_message_size_bytes_bucket{protocol="amqp091",le="1000000"}`:                                               4,
		`rabbitmq_message_size_bytes_sum{protocol="amqp091"}`:                                                               20,
		`rabbitmq_auth_attempts_succeeded_total{protocol="amqp091"}`:                                                        1,
		`rabbitmq_process_open_fds`:             7,
		`leveret_publish_confirm_seconds_count`: 4,
		`rabbitmq_alarms_memory_used_watermark`: 0,
		`rabbitmq_global_messages_dead_lettered_expired_total{queue_type="rabbit_quorum_queue",dead_letter_strategy="disabled"}`: 0,
	} {
		require.Contains(t, e.samples, name)
		require.Equal(t, want, e.samples[name], name)
	}
	require.Positive(t, e.samples["leveret_store_commit_seconds_count"])
	require.Positive(t, e.samples["go_goroutines"])
}

func TestPerObject(t *testing.T) {
	f := start(t)
	f.work()
	e := f.read("/metrics/per-object")
	const q, odd = `{vhost="/",queue="q"}`, `{vhost="/",queue="a \"quoted\" name\\"}`
	require.Equal(t, 2.0, e.samples["rabbitmq_queue_messages"+q])
	require.Equal(t, 0.0, e.samples["rabbitmq_queue_messages"+odd])
	require.Equal(t, 1234.0, e.samples["rabbitmq_queue_head_message_timestamp"+q])
	require.True(t, math.IsNaN(e.samples["rabbitmq_queue_head_message_timestamp"+odd]))
	require.Equal(t, 1.0, e.samples["rabbitmq_queue_messages_delivered_ack_total"+q])
	require.Equal(t, 3.0, e.samples[`rabbitmq_exchange_messages_published_total{vhost="/",exchange="x"}`])
	require.Equal(t, 1.0, e.samples[`rabbitmq_queue_info{vhost="/",queue="q",queue_type="rabbit_classic_queue",membership="leader"}`])
	require.Len(t, e.series("rabbitmq_channel_messages_published_total"), 2, "the channel has published to two exchanges")
	require.Len(t, e.series("rabbitmq_channel_messages_acked_total"), 1)
	require.Len(t, e.series("rabbitmq_connection_incoming_bytes_total"), 1)
	require.Equal(t, e.kinds, start(t, func(o *metrics.Options) { o.PerObject = true }).read("/metrics").kinds)
}

func TestDetailed(t *testing.T) {
	f := start(t)
	f.work()
	_, err := f.broker.CreateVHost(definitions.VHost{Name: "other"}, "")
	require.NoError(t, err)
	other, _ := f.broker.VHost("other")
	_, err = other.DeclareQueue(queue.Spec{VHost: "other", Name: "q"}, nil)
	require.NoError(t, err)
	for query, want := range map[string][]string{
		"family=queue_coarse_metrics&vhost=other":       {`{vhost="other",queue="q"}`},
		"family=queue_coarse_metrics&vhost=%2F&queue=Q": nil,
		"family=queue_coarse_metrics&queue=%5Eq$": {
			`{vhost="/",queue="q"}`, `{vhost="other",queue="q"}`,
		},
		"family=queue_metrics": nil,
		"":                     nil,
	} {
		e := f.read("/metrics/detailed?" + query)
		var full []string
		for _, labels := range want {
			full = append(full, "rabbitmq_detailed_queue_messages_ready"+labels)
		}
		require.Equal(t, full, e.series("rabbitmq_detailed_queue_messages_ready"), query)
	}
	e := f.read("/metrics/detailed?family=vhost_status&family=exchange_bindings&family=connection_churn_metrics&family=queue_consumer_count")
	require.Equal(t, []string{`rabbitmq_cluster_vhost_status{vhost="/"}`, `rabbitmq_cluster_vhost_status{vhost="other"}`},
		e.series("rabbitmq_cluster_vhost_status"))
	require.Equal(t, 1.0, e.samples[`rabbitmq_cluster_exchange_bindings{vhost="/",exchange="x",type="fanout"}`])
	require.Equal(t, 1.0, e.samples["rabbitmq_detailed_connections_opened_total"])
	require.Equal(t, 1.0, e.samples[`rabbitmq_detailed_queue_consumers{vhost="/",queue="q"}`])
}

func TestAlarms(t *testing.T) {
	f := start(t)
	f.broker.Alarms().Set(broker.Disk, true)
	require.Equal(t, 1.0, f.read("/metrics").samples["rabbitmq_alarms_free_disk_space_watermark"])
}

func TestHandler_Answers(t *testing.T) {
	f := start(t)
	ask := func(method, path string, header ...string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, path, nil)
		for i := 0; i+1 < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		w := httptest.NewRecorder()
		f.handler.ServeHTTP(w, r)
		return w
	}
	require.Equal(t, http.StatusNotFound, ask("GET", "/").Code)
	require.Equal(t, http.StatusNotFound, ask("GET", "/metrics/unknown").Code)
	require.Equal(t, http.StatusMethodNotAllowed, ask("POST", "/metrics").Code)
	require.Equal(t, http.StatusBadRequest, ask("GET", "/metrics/detailed?queue=%28").Code)
	head := ask("HEAD", "/metrics")
	require.Equal(t, http.StatusOK, head.Code)
	require.Equal(t, "text/plain; version=0.0.4; charset=utf-8", head.Header().Get("Content-Type"))
	packed := ask("GET", "/metrics", "Accept-Encoding", "deflate, gzip")
	require.Equal(t, "gzip", packed.Header().Get("Content-Encoding"))
	z, err := gzip.NewReader(packed.Body)
	require.NoError(t, err)
	text, err := io.ReadAll(z)
	require.NoError(t, err)
	require.True(t, strings.Contains(string(text), "\nrabbitmq_queues 0\n"))
}
