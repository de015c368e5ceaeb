package metrics_test

import (
	"context"
	"strings"
	"testing"

	amqp091 "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

// What has gone through exchanges to queues, in RabbitMQ's labels. Of channels it is
// counted from the first look on.
func TestPassages(t *testing.T) {
	f := start(t)
	ch := f.channel()
	for _, q := range []string{"q", "other"} {
		_, err := ch.QueueDeclare(q, false, false, false, false, nil)
		require.NoError(t, err)
		require.NoError(t, ch.QueueBind(q, "", "amq.fanout", false, nil))
	}
	publish := func(exchange, key string) {
		require.NoError(t, ch.PublishWithContext(context.Background(), exchange, key, false, false, amqp091.Publishing{}))
		_, err := ch.QueueDeclarePassive("q", false, false, false, false, nil)
		require.NoError(t, err)
	}
	publish("amq.fanout", "")
	publish("", "q")

	const path = "/metrics/detailed?family=queue_exchange_metrics&family=channel_queue_exchange_metrics"
	e := f.read(path)
	require.Equal(t, map[string]float64{
		`{vhost="/",exchange="",queue="q"}`: 1, `{vhost="/",exchange="amq.fanout",queue="q"}`: 1,
		`{vhost="/",exchange="amq.fanout",queue="other"}`: 1,
	}, e.of("rabbitmq_detailed_queue_exchange_messages_published_total"))
	require.Contains(t, e.kinds, "rabbitmq_detailed_queue_messages_published_total")
	require.Empty(t, e.series("rabbitmq_detailed_queue_messages_published_total"))

	publish("amq.fanout", "")
	publish("", "q")
	e = f.read("/metrics/per-object")
	process := strings.TrimSuffix(e.series("rabbitmq_channel_consumers")[0][len(`rabbitmq_channel_consumers{channel="`):], `"}`)
	from := `{channel="` + process + `",queue_vhost="/",queue=`
	require.Equal(t, map[string]float64{
		from + `"q",exchange_vhost="/",exchange="amq.fanout"}`: 1, from + `"other",exchange_vhost="/",exchange="amq.fanout"}`: 1,
		from + `"q",exchange_vhost="/",exchange=""}`: 1,
	}, e.of("rabbitmq_queue_messages_published_total"))
	require.Equal(t, 2.0, e.samples[`rabbitmq_queue_exchange_messages_published_total{vhost="/",exchange="",queue="q"}`])

	narrow := f.read(path + "&queue=^o").of("rabbitmq_detailed_queue_exchange_messages_published_total")
	require.Equal(t, map[string]float64{`{vhost="/",exchange="amq.fanout",queue="other"}`: 2}, narrow)
	require.Empty(t, f.read(path+"&vhost=none").of("rabbitmq_detailed_queue_exchange_messages_published_total"))
	sums := f.read("/metrics")
	require.Equal(t, 6.0, sums.samples["rabbitmq_queue_exchange_messages_published_total"])
	require.Equal(t, 6.0, sums.samples["rabbitmq_queue_messages_published_total"])
}

// of is the values of a family by their labels.
func (e exposition) of(name string) map[string]float64 {
	values := make(map[string]float64)
	for _, s := range e.series(name) {
		values[strings.TrimPrefix(s, name)] = e.samples[s]
	}
	return values
}
