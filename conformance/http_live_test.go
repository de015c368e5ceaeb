package conformance

import (
	"encoding/json"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

const (
	// statsPatience is how long RabbitMQ may take to tell of what is there: it looks
	// every five seconds.
	statsPatience = 20 * time.Second
	statsInterval = 50 * time.Millisecond
)

// listed asks for a list until an item is as it should be.
func listed(t *testing.T, path string, right func(item map[string]any) bool) map[string]any {
	t.Helper()
	again := time.NewTicker(statsInterval)
	defer again.Stop()
	for deadline := time.Now().Add(statsPatience); time.Now().Before(deadline); <-again.C {
		answer := ask(t, "", http.MethodGet, path, "")
		var items []map[string]any
		if answer.status != http.StatusOK || json.Unmarshal([]byte(answer.body), &items) != nil {
			continue // what another test is just ending
		}
		for _, item := range items {
			if right(item) {
				return item
			}
		}
	}
	require.FailNow(t, "is not listed", path)
	return nil
}

func TestHTTP_EventsNameTheCaller(t *testing.T) {
	rule(t, "http")
	q, x := uniqueName(t, "q"), uniqueName(t, "x")
	o := observe(t, openChannel(t), "amq.rabbitmq.event", "queue.*", "exchange.*", "binding.*")
	call := func(method, path string) {
		t.Helper()
		answer := ask(t, "", method, path, "")
		require.Less(t, answer.status, 300, answer.body)
	}
	call(http.MethodPut, "/api/queues/%2F/"+q)
	call(http.MethodPut, "/api/exchanges/%2F/"+x)
	call(http.MethodPost, "/api/bindings/%2F/e/"+x+"/q/"+q)
	call(http.MethodDelete, "/api/bindings/%2F/e/"+x+"/q/"+q+"/~")
	call(http.MethodDelete, "/api/exchanges/%2F/"+x)
	call(http.MethodDelete, "/api/queues/%2F/"+q)
	for _, e := range []struct{ event, property, value string }{
		{"queue.created", "name", q}, {"exchange.created", "name", x}, {"binding.created", "source_name", x},
		{"binding.deleted", "source_name", x}, {"exchange.deleted", "name", x}, {"queue.deleted", "name", q},
	} {
		require.Equal(t, "guest", o.event(e.event, e.property, e.value)["user_who_performed_action"], e.event)
	}
}

func TestHTTP_ClosingAConnectionTellsWhy(t *testing.T) {
	rule(t, "http")
	name := uniqueName(t, "closed")
	c := dialConfig(t, amqp091.Config{Properties: amqp091.Table{"connection_name": name}})
	ended := c.NotifyClose(make(chan *amqp091.Error, 1))
	found := listed(t, "/api/connections", func(c map[string]any) bool { return c["user_provided_name"] == name })
	path := "/api/connections/" + url.PathEscape(found["name"].(string))
	require.Equal(t, 204, ask(t, "", http.MethodDelete, path, "", func(r *http.Request) { r.Header.Set("X-Reason", "go away") }).status)
	select {
	case e := <-ended:
		require.Equal(t, 320, e.Code)
		require.Equal(t, "CONNECTION_FORCED - go away", e.Reason)
	case <-time.After(patience):
		require.FailNow(t, "the connection is still open")
	}
}

func TestHTTP_ConnectionsChannelsAndConsumers(t *testing.T) {
	rule(t, "http")
	name, q := uniqueName(t, "live"), uniqueName(t, "q")
	c := dialConfig(t, amqp091.Config{Properties: amqp091.Table{"connection_name": name, "product": "x"}})
	ch := channelOn(t, c)
	require.NoError(t, ch.Confirm(false))
	require.NoError(t, ch.Qos(7, 0, false))
	_, err := ch.QueueDeclare(q, false, true, false, false, amqp091.Table{"x-max-length": int32(10)})
	require.NoError(t, err)
	_, err = ch.Consume(q, "tag", false, false, false, false, amqp091.Table{"x-priority": int32(3)})
	require.NoError(t, err)

	connection := listed(t, "/api/connections", func(c map[string]any) bool {
		return c["user_provided_name"] == name && c["channels"] == 1.0
	})
	for key, want := range map[string]any{
		"user": "guest", "vhost": "/", "protocol": "AMQP 0-9-1", "state": "running", "type": "network", "ssl": false,
		"auth_mechanism": "PLAIN", "peer_host": "127.0.0.1",
	} {
		require.Equal(t, want, connection[key], key)
	}
	require.Equal(t, "x", connection["client_properties"].(map[string]any)["product"])

	channel := listed(t, "/api/connections/"+url.PathEscape(connection["name"].(string))+"/channels", func(ch map[string]any) bool {
		return ch["consumer_count"] == 1.0
	})
	for key, want := range map[string]any{
		"name": connection["name"].(string) + " (1)", "number": 1.0, "confirm": true, "transactional": false, "prefetch_count": 7.0,
		"user": "guest", "vhost": "/", "state": "running", "messages_unacknowledged": 0.0, "messages_unconfirmed": 0.0,
	} {
		require.Equal(t, want, channel[key], key)
	}
	consumer := listed(t, "/api/consumers/%2F", func(c map[string]any) bool {
		of, _ := c["queue"].(map[string]any)
		return of["name"] == q
	})
	for key, want := range map[string]any{
		"consumer_tag": "tag", "ack_required": true, "exclusive": false, "prefetch_count": 7.0, "active": true, "activity_status": "up",
		"arguments": map[string]any{"x-priority": 3.0}, "queue": map[string]any{"name": q, "vhost": "/"},
	} {
		require.Equal(t, want, consumer[key], key)
	}
	require.Equal(t, channel["name"], consumer["channel_details"].(map[string]any)["name"])
	inUse := ask(t, "", http.MethodDelete, "/api/queues/%2F/"+q+"?if-unused=true", "")
	require.Equal(t, 400, inUse.status)
	require.JSONEq(t, `{"error":"bad_request","reason":"queue '`+q+`' in vhost '/' in use"}`, inUse.body)
}

func TestHTTP_CountersOfAQueue(t *testing.T) {
	rule(t, "http")
	q := uniqueName(t, "counted")
	ch := openChannel(t)
	_, err := ch.QueueDeclare(q, false, false, true, false, nil)
	require.NoError(t, err)
	for range 3 {
		require.NoError(t, ch.Publish("", q, false, false, amqp091.Publishing{Body: []byte("12345")}))
	}
	_, ok, err := ch.Get(q, true)
	require.NoError(t, err)
	require.True(t, ok)
	_, ok, err = ch.Get(q, false)
	require.NoError(t, err)
	require.True(t, ok)
	found := listed(t, "/api/queues/%2F", func(item map[string]any) bool {
		stats, _ := item["message_stats"].(map[string]any)
		return item["name"] == q && stats["publish"] == 3.0 && stats["get"] == 1.0 && item["messages"] == 2.0 &&
			item["message_bytes_ready"] == 5.0
	})
	for key, want := range map[string]any{
		"messages_ready": 1.0, "messages_unacknowledged": 1.0, "message_bytes": 10.0, "message_bytes_ready": 5.0, "message_bytes_unacknowledged": 5.0,
		"messages_persistent": 0.0, "consumers": 0.0, "exclusive": true, "durable": false, "state": "running",
	} {
		require.Equal(t, want, found[key], key)
	}
	stats := found["message_stats"].(map[string]any)
	for key, want := range map[string]any{"get_no_ack": 1.0, "deliver": 0.0, "deliver_get": 2.0, "ack": 0.0, "redeliver": 0.0} {
		require.Equal(t, want, stats[key], key)
	}
	require.Contains(t, found["messages_details"], "rate")
}
