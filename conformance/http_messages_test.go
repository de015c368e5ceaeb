package conformance

import (
	"strings"
	"testing"
)

// published is the body of a publish to the queue q.
func published(properties, payload, encoding string) string {
	return `{"properties":` + properties + `,"routing_key":"q","payload":"` + payload + `","payload_encoding":"` + encoding + `"}`
}

func TestHTTP_Publish(t *testing.T) {
	rule(t, "http")
	const to, routed = "/api/exchanges/{v}/amq.default/publish", `{"routed":true}`
	elsewhere := func(key string) string { return strings.Replace(published("{}", "a", "string"), `"q"`, `"`+key+`"`, 1) }
	askAll(t, newPlace(t), []askCase{
		{name: "a queue", method: "PUT", path: "/api/queues/{v}/q", status: 201},
		{name: "a full one", method: "PUT", path: "/api/queues/{v}/full", body: `{"arguments":{"x-max-length":0,"x-overflow":"reject-publish"}}`, status: 201},
		{name: "an internal exchange", method: "PUT", path: "/api/exchanges/{v}/inside", body: `{"internal":true}`, status: 201},
		{name: "text", method: "POST", path: to, body: published("{}", "a", "string"), status: 200, want: routed},
		{name: "octets", method: "POST", path: to, body: published("{}", "//79", "base64"), status: 200, want: routed},
		{name: "exchange without a name", method: "POST", path: "/api/exchanges/{v}//publish", body: published("{}", "a", "string"), status: 200, want: routed},
		{name: "unknown property", method: "POST", path: to, body: published(`{"foo":1}`, "a", "string"), status: 200, want: routed},
		{name: "to nowhere", method: "POST", path: to, body: elsewhere("nowhere"), status: 200, want: `{"routed":false}`},
		{name: "to a full queue", method: "POST", path: to, body: elsewhere("full"), status: 400,
			want: `{"error":"bad_request","reason":"rejected Unable to publish message. Check queue limits."}`},
		{name: "unknown encoding", method: "POST", path: to, body: published("{}", "a", "rot13"), status: 400, want: `~unsupported_encoding`},
		{name: "no base64", method: "POST", path: to, body: published("{}", "!!!", "base64"), status: 400, want: `~not_base64`},
		{name: "property that is no number", method: "POST", path: to, body: published(`{"priority":"x"}`, "a", "string"), status: 400, want: `~not_int`},
		{name: "property that is no text", method: "POST", path: to, body: published(`{"expiration":5000}`, "a", "string"), status: 400, want: `~not_string`},
		{name: "null among headers", method: "POST", path: to, body: published(`{"headers":{"a":null}}`, "a", "string"), status: 400, want: nullRefused},
		{name: "expiration that is no number", method: "POST", path: to, body: published(`{"expiration":"abc"}`, "a", "string"), status: 400,
			want: `{"error":"bad_request","reason":"406 PRECONDITION_FAILED - invalid expiration 'abc': no_integer"}`},
		{name: "payload that is no text", method: "POST", path: to, status: 400,
			body: `{"properties":{},"routing_key":"q","payload":5,"payload_encoding":"string"}`, want: `{"error":"bad_request","reason":"payload_not_string"}`},
		{name: "two missing", method: "POST", path: to, body: `{"routing_key":"q","payload":"a"}`, status: 400,
			want: `{"error":"bad_request","reason":"[{key_missing,properties},{key_missing,payload_encoding}]"}`},
		{name: "all missing", method: "POST", path: to, body: `{}`, status: 400,
			want: `{"error":"bad_request","reason":"[{key_missing,routing_key},\n {key_missing,properties},\n {key_missing,payload},\n {key_missing,payload_encoding}]"}`},
		{name: "no JSON", method: "POST", path: to, body: `x`, status: 400, want: notJSON},
		{name: "no exchange", method: "POST", path: "/api/exchanges/{v}/none/publish", body: published("{}", "a", "string"), status: 404,
			want:    `{"error":"not_found","reason":"exchange_not_found"}`,
			before4: 400, wantBefore4: `{"error":"bad_request","reason":"404 NOT_FOUND - no exchange 'none' in vhost '{v}'"}`},
		{name: "to an internal exchange", method: "POST", path: "/api/exchanges/{v}/inside/publish", body: published("{}", "a", "string"), status: 400,
			want: `{"error":"bad_request","reason":"403 ACCESS_REFUSED - cannot publish to internal exchange 'inside' in vhost '{v}'"}`},
		{name: "wrong method", method: "GET", path: to, status: 405},
	})
}

func TestHTTP_Get(t *testing.T) {
	rule(t, "http")
	const from, to = "/api/queues/{v}/q/get", "/api/exchanges/{v}/amq.default/publish"
	message := func(octets, payload, encoding, left, redelivered string) string {
		return `"payload_bytes":` + octets + `,"redelivered":` + redelivered + `,"exchange":"","routing_key":"q","message_count":` + left +
			`,"properties":{"delivery_mode":1},"payload":"` + payload + `","payload_encoding":"` + encoding + `"`
	}
	askAll(t, newPlace(t), []askCase{
		{name: "a queue", method: "PUT", path: "/api/queues/{v}/q", status: 201},
		{name: "from an empty queue", method: "POST", path: from, body: `{"count":1,"ackmode":"ack_requeue_true","encoding":"auto"}`, status: 200, want: `[]`},
		{name: "text", method: "POST", path: to, body: published(`{"delivery_mode":1}`, "abc", "string"), status: 200},
		{name: "octets", method: "POST", path: to, body: published(`{"delivery_mode":1}`, "//79", "base64"), status: 200},
		{name: "none", method: "POST", path: from, body: `{"count":0,"ackmode":"ack_requeue_true","encoding":"auto"}`, status: 200, want: `[]`},
		{name: "one", method: "POST", path: from, body: `{"count":1,"ackmode":"ack_requeue_true","encoding":"auto"}`, status: 200,
			want: `[{` + message("3", "abc", "string", "1", "false") + `}]`},
		{name: "all", method: "POST", path: from, body: `{"count":5,"ackmode":"reject_requeue_true","encoding":"auto"}`, status: 200,
			want: `[{` + message("3", "abc", "string", "1", "true") + `},{` + message("3", "//79", "base64", "0", "false") + `}]`},
		{name: "cut", method: "POST", path: from, body: `{"count":5,"ackmode":"ack_requeue_true","encoding":"base64","truncate":2}`, status: 200,
			want: `[{` + message("3", "YWI=", "base64", "1", "true") + `},{` + message("3", "//4=", "base64", "0", "true") + `}]`},
		{name: "cut to nothing", method: "POST", path: from, body: `{"count":"1","ackmode":"ack_requeue_true","encoding":"auto","truncate":0}`, status: 200,
			want: `[{` + message("3", "", "string", "1", "true") + `}]`},
		{name: "count that is no number", method: "POST", path: from, body: `{"count":"x","ackmode":"ack_requeue_true","encoding":"auto"}`, status: 400,
			want: `~not_integer`},
		{name: "truncate that is no number", method: "POST", path: from, status: 400,
			body: `{"count":1,"ackmode":"ack_requeue_true","encoding":"auto","truncate":"x"}`, want: `~not_integer`},
		{name: "unknown encoding", method: "POST", path: from, body: `{"count":1,"ackmode":"ack_requeue_true","encoding":"nope"}`, status: 400,
			want: `{"error":"bad_request","reason":"Unsupported encoding. Please use auto or base64."}`},
		{name: "old body", method: "POST", path: from, body: `{"count":5,"requeue":true,"encoding":"auto"}`, status: 400,
			want: `{"error":"bad_request","reason":"[{key_missing,ackmode}]"}`},
		{name: "all missing", method: "POST", path: from, body: `{}`, status: 400,
			want: `{"error":"bad_request","reason":"[{key_missing,ackmode},{key_missing,count},{key_missing,encoding}]"}`},
		{name: "no queue", method: "POST", path: "/api/queues/{v}/none/get", body: `{"count":1,"ackmode":"ack_requeue_true","encoding":"auto"}`, status: 404,
			want:        `{"error":"not_found","reason":"queue_not_found"}`,
			wantBefore4: `{"error":"not_found","reason":"NOT_FOUND - no queue 'none' in vhost '{v}'"}`},
		{name: "rejected", method: "POST", path: from, body: `{"count":1,"ackmode":"reject_requeue_false","encoding":"auto"}`, status: 200,
			want: `[{` + message("3", "abc", "string", "1", "true") + `}]`},
		{name: "not empty", method: "DELETE", path: "/api/queues/{v}/q?if-empty=true", status: 400,
			want: `{"error":"bad_request","reason":"queue 'q' in vhost '{v}' not empty"}`},
		{name: "acknowledged", method: "POST", path: from, body: `{"count":1000,"ackmode":"ack_requeue_false","encoding":"auto"}`, status: 200,
			want: `[{` + message("3", "//79", "base64", "0", "true") + `}]`},
		{name: "nothing is left", method: "POST", path: from, body: `{"count":1,"ackmode":"ack_requeue_false","encoding":"auto"}`, status: 200, want: `[]`},
	})
}

func TestHTTP_PropertiesComeBack(t *testing.T) {
	rule(t, "http")
	const all = `{"cluster_id":"cl","app_id":"ap","type":"ty","timestamp":1700000000,"message_id":"m","expiration":"60000",` +
		`"reply_to":"r","correlation_id":"c","priority":3,"delivery_mode":2,"content_encoding":"e","content_type":"text/plain",` +
		`"headers":{"a":1,"b":"c","t":{"x":true},"f":1.5,"l":[1,{"a":true}]}}`
	askAll(t, newPlace(t), []askCase{
		{name: "a queue", method: "PUT", path: "/api/queues/{v}/q", status: 201},
		{name: "all properties", method: "POST", path: "/api/exchanges/{v}/amq.default/publish", body: published(all, "é", "string"), status: 200},
		{name: "come back", method: "POST", path: "/api/queues/{v}/q/get", body: `{"count":1,"ackmode":"ack_requeue_false","encoding":"auto"}`, status: 200,
			want: `[{"payload_bytes":2,"redelivered":false,"exchange":"","routing_key":"q","message_count":0,"properties":` + all +
				`,"payload":"é","payload_encoding":"string"}]`},
		{name: "one more", method: "POST", path: "/api/exchanges/{v}/amq.default/publish", body: published("{}", "a", "string"), status: 200},
		{name: "purging", method: "DELETE", path: "/api/queues/{v}/q/contents", status: 204},
		{name: "is empty", method: "DELETE", path: "/api/queues/{v}/q?if-empty=true", status: 204},
	})
}
