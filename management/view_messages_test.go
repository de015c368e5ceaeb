package management

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/broker"
)

// sent is the body of a publish to a queue.
func sent(properties, payload, encoding string) string {
	return `{"properties":` + properties + `,"routing_key":"q","payload":"` + payload + `","payload_encoding":"` + encoding + `"}`
}

func TestPublish_Answers(t *testing.T) {
	g := newRig(t)
	const to = "exchanges/%2F/amq.default/publish"
	routed := `{"routed":true}`
	g.talk(t, rootUser, []exchanged{
		{set, "queues/%2F/q", "", 201, ""},
		{set, "queues/%2F/full", `{"arguments":{"x-max-length":0,"x-overflow":"reject-publish"}}`, 201, ""},
		{set, "exchanges/%2F/inside", `{"internal":true}`, 201, ""},
		{post, to, sent("{}", "a", "string"), 200, routed},
		{post, "exchanges/%2F//publish", sent("{}", "a", "string"), 200, routed},
		{post, to, sent("[]", "a", "string"), 200, routed},
		{post, to, sent("{}", "//79", "base64"), 200, routed},
		{post, to, sent(`{"foo":1}`, "a", "string"), 200, routed},
		{post, to, sent(`{"priority":300}`, "a", "string"), 200, routed},
		{post, to, strings.Replace(sent("{}", "a", "string"), `"q"`, `"nowhere"`, 1), 200, `{"routed":false}`},
		{post, to, strings.Replace(sent("{}", "a", "string"), `"q"`, `"full"`, 1), 400, reason(`"rejected Unable to publish message. Check queue limits."`)},
		{post, to, sent("{}", "a", "rot13"), 400, reason(`"{unsupported_encoding,<<\"rot13\">>}"`)},
		{post, to, sent("{}", "!!!", "base64"), 400, reason(`"{not_base64,<<\"!!!\">>}"`)},
		{post, to, sent(`{"priority":"x"}`, "a", "string"), 400, reason(`"{not_int,<<\"priority\">>}"`)},
		{post, to, sent(`{"delivery_mode":"2"}`, "a", "string"), 400, reason(`"{not_int,<<\"delivery_mode\">>}"`)},
		{post, to, sent(`{"expiration":5000}`, "a", "string"), 400, reason(`"{not_string,<<\"expiration\">>}"`)},
		{post, to, sent(`{"content_type":5}`, "a", "string"), 400, reason(`"{not_string,<<\"content_type\">>}"`)},
		{post, to, sent(`{"headers":{"a":null}}`, "a", "string"), 400, isNullRefused},
		{post, to, sent(`{"expiration":"abc"}`, "a", "string"), 400, reason(`"406 PRECONDITION_FAILED - invalid expiration 'abc': no_integer"`)},
		{post, to, sent(`{"user_id":"other"}`, "a", "string"), 400, reason(`"406 PRECONDITION_FAILED - user_id property set to 'other' but authenticated user was 'root'"`)},
		{post, to, `{"properties":{},"routing_key":"q","payload":5,"payload_encoding":"string"}`, 400, reason(`"payload_not_string"`)},
		{post, to, `{"properties":{},"routing_key":"q","payload":{"a":1},"payload_encoding":"string"}`, 400, reason(`"payload_not_string"`)},
		{post, to, `{"routing_key":"q","payload":"a"}`, 400, reason(`"[{key_missing,properties},{key_missing,payload_encoding}]"`)},
		{post, to, `{}`, 400, reason(`"[{key_missing,routing_key},\n {key_missing,properties},\n {key_missing,payload},\n {key_missing,payload_encoding}]"`)},
		{post, to, ``, 400, reason(`"[{key_missing,routing_key},\n {key_missing,properties},\n {key_missing,payload},\n {key_missing,payload_encoding}]"`)},
		{post, to, `x`, 400, isNotJSON},
		{post, "exchanges/%2F/none/publish", sent("{}", "a", "string"), 404, noExchange},
		{post, "exchanges/%2F/inside/publish", sent("{}", "a", "string"), 400, reason(`"403 ACCESS_REFUSED - cannot publish to internal exchange 'inside' in vhost '/'"`)},
		{get, to, "", 405, ""},
	})
}

func TestGet_Answers(t *testing.T) {
	g := newRig(t)
	const from = "queues/%2F/q/get"
	message := func(payload, encoding string, left, redelivered string) string {
		return `{"payload_bytes":3,"redelivered":` + redelivered + `,"exchange":"","routing_key":"q","message_count":` + left +
			`,"properties":{},"payload":"` + payload + `","payload_encoding":"` + encoding + `"}`
	}
	g.talk(t, rootUser, []exchanged{
		{set, "queues/%2F/q", "", 201, ""},
		{post, from, `{"count":1,"ackmode":"ack_requeue_true","encoding":"auto"}`, 200, "[]"},
		{post, "exchanges/%2F/amq.default/publish", sent("{}", "abc", "string"), 200, `{"routed":true}`},
		{post, "exchanges/%2F/amq.default/publish", sent("{}", "//79", "base64"), 200, `{"routed":true}`},
		{post, from, `{"count":0,"ackmode":"ack_requeue_true","encoding":"auto"}`, 200, "[]"},
		{post, from, `{"count":1,"ackmode":"ack_requeue_true","encoding":"auto"}`, 200, "[" + message("abc", "string", "1", "false") + "]"},
		{post, from, `{"count":5,"ackmode":"reject_requeue_true","encoding":"auto"}`, 200,
			"[" + message("abc", "string", "1", "true") + "," + message("//79", "base64", "0", "false") + "]"},
		{post, from, `{"count":-1,"ackmode":"ack_requeue_true","encoding":"base64","truncate":2}`, 200,
			"[" + message("YWI=", "base64", "1", "true") + "," + message("//4=", "base64", "0", "true") + "]"},
		{post, from, `{"count":"1","ackmode":"ack_requeue_true","encoding":"auto","truncate":0}`, 200, "[" + message("", "string", "1", "true") + "]"},
		{post, from, `{"count":1.5,"ackmode":"ack_requeue_true","encoding":"auto","truncate":"1"}`, 200, "[" + message("a", "string", "1", "true") + "]"},
		{post, from, `{"count":"x","ackmode":"ack_requeue_true","encoding":"auto"}`, 400, reason(`"{not_integer,<<\"x\">>}"`)},
		{post, from, `{"count":1,"ackmode":"ack_requeue_true","encoding":"auto","truncate":"x"}`, 400, reason(`"{not_integer,<<\"x\">>}"`)},
		{post, from, `{"count":1,"ackmode":"ack_requeue_true","encoding":"nope"}`, 400, reason(`"Unsupported encoding. Please use auto or base64."`)},
		{post, from, `{"count":5,"requeue":true,"encoding":"auto"}`, 400, reason(`"[{key_missing,ackmode}]"`)},
		{post, from, `{}`, 400, reason(`"[{key_missing,ackmode},{key_missing,count},{key_missing,encoding}]"`)},
		{post, from, ``, 400, reason(`"[{key_missing,ackmode},{key_missing,count},{key_missing,encoding}]"`)},
		{post, from, `x`, 400, isNotJSON},
		{post, "queues/%2F/none/get", `{"count":1,"ackmode":"ack_requeue_true","encoding":"auto"}`, 404, noQueue},
		{post, from, `{"count":1,"ackmode":"reject_requeue_false","encoding":"auto"}`, 200, "[" + message("abc", "string", "1", "true") + "]"},
		{post, from, `{"count":1000,"ackmode":"ack_requeue_false","encoding":"auto"}`, 200, "[" + message("//79", "base64", "0", "true") + "]"},
		{post, from, `{"count":1,"ackmode":"ack_requeue_false","encoding":"auto"}`, 200, "[]"},
	})
	// RabbitMQ answers 500.
	require.Contains(t, g.expect(t, 400, rootUser, post, "/api/"+from, `{"count":1,"ackmode":"nope","encoding":"auto"}`), "ackmode")
}

// TestGet_RejectedMessagesAreDeadLettered tells acknowledging from rejecting.
func TestGet_RejectedMessagesAreDeadLettered(t *testing.T) {
	for mode, dead := range map[string]bool{"reject_requeue_false": true, "ack_requeue_false": false} {
		t.Run(mode, func(t *testing.T) {
			g := newRig(t)
			g.expect(t, 201, rootUser, set, "/api/queues/%2F/dead", "")
			g.expect(t, 201, rootUser, set, "/api/queues/%2F/q",
				`{"arguments":{"x-dead-letter-exchange":"","x-dead-letter-routing-key":"dead"}}`)
			g.expect(t, 200, rootUser, post, "/api/exchanges/%2F/amq.default/publish", sent("{}", "a", "string"))
			g.expect(t, 200, rootUser, post, "/api/queues/%2F/q/get", `{"count":1,"ackmode":"`+mode+`","encoding":"auto"}`)
			type depth struct {
				Messages int `json:"messages"`
			}
			if dead {
				eventually(t, g, "/api/queues/%2F/dead", func(d depth) bool { return d.Messages == 1 })
				return
			}
			require.Zero(t, fetch[depth](t, g, rootUser, "/api/queues/%2F/q").Messages)
			require.Zero(t, fetch[depth](t, g, rootUser, "/api/queues/%2F/dead").Messages)
		})
	}
}

func TestProperties_ComeBack(t *testing.T) {
	g := newRig(t)
	g.expect(t, 201, rootUser, set, "/api/queues/%2F/q", "")
	for _, properties := range []string{
		`{}`,
		`{"cluster_id":"cl","app_id":"ap","user_id":"root","type":"ty","timestamp":1700000000,"message_id":"m",` +
			`"expiration":"60000","reply_to":"r","correlation_id":"c","priority":3,"delivery_mode":2,` +
			`"headers":{"a":1,"b":"c","t":{"x":true},"f":1.5,"l":[1,{"a":true}]},"content_encoding":"e","content_type":"text/plain"}`,
		`{"priority":0}`,
		`{"headers":{},"content_type":""}`,
	} {
		g.expect(t, 200, rootUser, post, "/api/exchanges/%2F/amq.default/publish", sent(properties, "é", "string"))
		text := g.expect(t, 200, rootUser, post, "/api/queues/%2F/q/get", `{"count":1,"ackmode":"ack_requeue_false","encoding":"auto"}`)
		var got []struct {
			Properties json.RawMessage `json:"properties"`
			Payload    string          `json:"payload"`
			Octets     int             `json:"payload_bytes"`
		}
		require.NoError(t, json.Unmarshal([]byte(text), &got))
		require.JSONEq(t, properties, string(got[0].Properties))
		require.Equal(t, "é", got[0].Payload)
		require.Equal(t, 2, got[0].Octets)
	}
}

func TestGet_TruncatedCharacterIsBase64(t *testing.T) {
	text, encoding := fetching{truncate: 1, encoding: encodingAuto}.encode([]byte("é"))
	require.Equal(t, "ww==", text)
	require.Equal(t, "base64", encoding)
}

func TestPublish_IsRefusedWhileMemoryIsLow(t *testing.T) {
	g := newRig(t)
	g.broker.Alarms().Set(broker.Memory, true)
	text := g.expect(t, 503, rootUser, post, "/api/exchanges/%2F/amq.default/publish", sent("{}", "a", "string"))
	require.JSONEq(t, `{"error":"service_unavailable","reason":"publishers are blocked: low on memory"}`, text)
	g.broker.Alarms().Set(broker.Memory, false)
	g.expect(t, 200, rootUser, post, "/api/exchanges/%2F/amq.default/publish", sent("{}", "a", "string"))
}
