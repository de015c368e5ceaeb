package main_test

import (
	"maps"
	"slices"
	"testing"
	"time"

	amqp091 "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

// observer is a client that learns what the broker tells of itself.
type observer struct {
	t    *testing.T
	told <-chan amqp091.Delivery
}

func observe(t *testing.T, url string, exchanges ...string) *observer {
	t.Helper()
	connection, err := amqp091.Dial(url)
	require.NoError(t, err)
	t.Cleanup(func() { _ = connection.Close() })
	channel, err := connection.Channel()
	require.NoError(t, err)
	q, err := channel.QueueDeclare("", false, true, true, false, nil)
	require.NoError(t, err)
	told, err := channel.Consume(q.Name, "observer", true, false, false, false, nil)
	require.NoError(t, err)
	for _, x := range exchanges {
		require.NoError(t, channel.QueueBind(q.Name, "#", x, false, nil))
	}
	return &observer{t: t, told: told}
}

// await returns the next message with the routing key that fits.
func (o *observer) await(key string, fits func(amqp091.Delivery) bool) amqp091.Delivery {
	o.t.Helper()
	deadline := time.After(patience)
	for {
		select {
		case d := <-o.told:
			if d.RoutingKey == key && (fits == nil || fits(d)) {
				return d
			}
		case <-deadline:
			require.FailNow(o.t, "nothing was told", "%s", key)
		}
	}
}

// act does a little of everything.
func act(t *testing.T, url string) {
	t.Helper()
	connection, err := amqp091.Dial(url)
	require.NoError(t, err)
	channel, err := connection.Channel()
	require.NoError(t, err)
	_, err = channel.QueueDeclare("q", false, false, false, false, amqp091.Table{"x-max-length": int32(5)})
	require.NoError(t, err)
	require.NoError(t, channel.ExchangeDeclare("x", "topic", false, false, false, false, nil))
	require.NoError(t, channel.QueueBind("q", "a.*", "x", false, nil))
	deliveries, err := channel.Consume("q", "tag", false, false, false, false, nil)
	require.NoError(t, err)
	require.NoError(t, channel.Publish("x", "a.b", false, false, amqp091.Publishing{
		Body: []byte("hello"), MessageId: "m", Priority: 3, Headers: amqp091.Table{"h": "v"},
	}))
	<-deliveries
	require.NoError(t, channel.Cancel("tag", false))
	_, err = channel.QueueDelete("q", false, false, false)
	require.NoError(t, err)
	require.NoError(t, channel.ExchangeDelete("x", false, false))
	require.NoError(t, channel.Close())
	require.NoError(t, connection.Close())
}

func TestEvents_ToldToTheExchange(t *testing.T) {
	p := start(t, []string{"LEVERET_EVENT_EXCHANGE=/"}, "--amqp-listen", anyPort)
	url := connectURL(t, p.ready())
	o := observe(t, url, "amq.rabbitmq.event")
	act(t, url)
	want := map[string][]string{
		"user.authentication.success": {"auth_mechanism", "connection_name", "connection_type", "host", "name", "peer_host", "peer_port", "protocol", "ssl"},
		"connection.created":          {"auth_mechanism", "channel_max", "client_properties", "connected_at", "frame_max", "host", "name", "node", "peer_cert_issuer", "peer_cert_subject", "peer_cert_validity", "peer_host", "peer_port", "pid", "port", "protocol", "ssl", "ssl_cipher", "ssl_hash", "ssl_key_exchange", "ssl_protocol", "timeout", "type", "user", "user_who_performed_action", "vhost"},
		"channel.created":             {"connection", "name", "number", "pid", "user", "user_who_performed_action", "vhost"},
		"queue.created":               {"arguments", "auto_delete", "durable", "exclusive", "leader", "members", "name", "owner_pid", "type", "user_who_performed_action", "vhost"},
		"exchange.created":            {"arguments", "auto_delete", "durable", "internal", "name", "policy", "type", "user_who_performed_action", "vhost"},
		"binding.created":             {"arguments", "destination_kind", "destination_name", "routing_key", "source_kind", "source_name", "user_who_performed_action", "vhost"},
		"consumer.created":            {"ack_required", "arguments", "channel", "consumer_tag", "exclusive", "prefetch_count", "queue", "user_who_performed_action", "vhost"},
		"consumer.deleted":            {"channel", "consumer_tag", "queue", "user_who_performed_action", "vhost"},
		"binding.deleted":             {"arguments", "destination_kind", "destination_name", "routing_key", "source_kind", "source_name", "user_who_performed_action", "vhost"},
		"queue.deleted":               {"name", "type", "user_who_performed_action", "vhost"},
		"exchange.deleted":            {"name", "user_who_performed_action", "vhost"},
		"channel.closed":              {"pid", "user_who_performed_action"},
		"connection.closed":           {"client_properties", "name", "node", "pid"},
	}
	order := []string{
		"user.authentication.success", "connection.created", "channel.created", "queue.created", "exchange.created",
		"binding.created", "consumer.created", "consumer.deleted", "binding.deleted", "queue.deleted", "exchange.deleted", "channel.closed", "connection.closed",
	}
	for _, key := range order {
		d := o.await(key, nil)
		require.Empty(t, d.Body)
		require.Equal(t, uint8(2), d.DeliveryMode)
		require.IsType(t, int64(0), d.Headers["timestamp_in_ms"])
		delete(d.Headers, "timestamp_in_ms")
		require.Equal(t, want[key], slices.Sorted(maps.Keys(d.Headers)), key)
	}
}

func TestEvents_FailedLogin(t *testing.T) {
	p := start(t, []string{"LEVERET_EVENT_EXCHANGE=/"}, "--amqp-listen", anyPort)
	url := connectURL(t, p.ready())
	o := observe(t, url, "amq.rabbitmq.event")
	uri, err := amqp091.ParseURI(url)
	require.NoError(t, err)
	uri.Password = "wrong"
	_, err = amqp091.Dial(uri.String())
	require.Error(t, err)
	d := o.await("user.authentication.failure", nil)
	require.Equal(t, "PLAIN", d.Headers["auth_mechanism"])
	require.Equal(t, uri.Username, d.Headers["name"])
	require.Equal(t, "user '"+uri.Username+"' - invalid credentials", d.Headers["error"])
}

func TestTracing_CopiesWhatIsPublishedAndDelivered(t *testing.T) {
	p := start(t, []string{"LEVERET_TRACING=/"}, "--amqp-listen", anyPort)
	url := connectURL(t, p.ready())
	o := observe(t, url, "amq.rabbitmq.trace")
	act(t, url)
	published := o.await("publish.x", nil)
	require.Equal(t, "hello", string(published.Body))
	require.Equal(t, amqp091.Table{"headers": amqp091.Table{"h": "v"}, "message_id": "m", "priority": int32(3)}, published.Headers["properties"])
	require.Equal(t, []any{"q"}, published.Headers["routed_queues"])
	require.Equal(t, []any{"a.b"}, published.Headers["routing_keys"])
	require.Equal(t, "x", published.Headers["exchange_name"])
	require.Equal(t, int32(1), published.Headers["channel"])
	require.Equal(t, "guest", published.Headers["user"])
	delivered := o.await("deliver.q", nil)
	require.Equal(t, int32(0), delivered.Headers["redelivered"])
	require.Equal(t, "hello", string(delivered.Body))
}

func TestLogExchange_PublishesLines(t *testing.T) {
	p := start(t, []string{"LEVERET_LOG_EXCHANGE=/"}, "--amqp-listen", anyPort)
	url := connectURL(t, p.ready())
	o := observe(t, url, "amq.rabbitmq.log")
	act(t, url)
	d := o.await("info", func(d amqp091.Delivery) bool { return len(d.Body) > 0 })
	require.Equal(t, "text/plain", d.ContentType)
	require.Contains(t, string(d.Body), "[info]")
	require.Contains(t, d.Headers["node"], "leveret@")
}

func TestTracing_OfNoVirtualHost(t *testing.T) {
	status, _, stderr := start(t, []string{"LEVERET_TRACING=missing"}, "--amqp-listen", anyPort).wait()
	require.Equal(t, 2, status)
	require.Contains(t, stderr, `no virtual host "missing"`)
}
