package conformance

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// doubly is the refusal of a body that is text.
const doubly = `{"error":"bad_request","reason":"invalid payload: the request body JSON-decoded to a string. Is the input doubly-JSON-encoded?"}`

// withoutAccess makes an administrator who may not enter the virtual host, and returns
// who that is.
func withoutAccess(t *testing.T, p place) string {
	t.Helper()
	user := p.fill("{x}-root")
	t.Cleanup(func() { ask(t, "", http.MethodDelete, "/api/users/"+user, "") })
	require.Equal(t, 201, ask(t, "", http.MethodPut, "/api/users/"+user, `{"password":"`+user+`","tags":"administrator"}`).status)
	return user
}

func TestHTTP_Bodies(t *testing.T) {
	rule(t, "http")
	const q = "/api/queues/{v}/q"
	askAll(t, newPlace(t), []askCase{
		{name: "null is nothing", method: "PUT", path: q, body: `null`, status: 201},
		{name: "a space is no JSON", method: "PUT", path: q, body: ` `, status: 400, want: notJSON},
		{name: "text", method: "PUT", path: q, body: `"{}"`, status: 400, want: doubly},
		{name: "empty text", method: "PUT", path: q, body: `""`, status: 400, want: doubly},
		{name: "a list", method: "PUT", path: q, body: `[]`, status: 400, want: notJSON},
		{name: "true", method: "PUT", path: q, body: `true`, status: 400, want: notJSON, before4: 204, wantBefore4: "~"},
		{name: "a mark of the order of octets", method: "PUT", path: q, body: "\uFEFF{}", status: 400, want: notJSON, before4: 204, wantBefore4: "~"},
		{name: "more after it", method: "PUT", path: q, body: `{} x`, status: 400, want: notJSON},
		{name: "a comment", method: "PUT", path: q, body: `{/**/}`, status: 400, want: notJSON, before4: 204, wantBefore4: "~"},
		{name: "not a number", method: "PUT", path: q, body: `{"a":NaN}`, status: 400, want: notJSON},
		{name: "too large for a float", method: "PUT", path: q, body: `{"a":1e400}`, status: 400, want: notJSON},
		{name: "twice the same key", method: "PUT", path: q, body: `{"a":1,"a":2}`, status: 204},
		{name: "nothing of what has to be there", method: "PUT", path: "/api/policies/{v}/p", body: `null`, status: 400,
			want: `{"error":"bad_request","reason":"[{key_missing,pattern},{key_missing,definition}]"}`},
		{name: "an import of nothing", method: "POST", path: "/api/definitions/{v}", status: 204,
			body: `{}`},
	})
}

func TestHTTP_AnEmptyImport(t *testing.T) {
	rule(t, "http")
	kind := func(r *http.Request) { r.Header.Set("Content-Type", "application/json") }
	require.Equal(t, 204, ask(t, "", http.MethodPost, "/api/definitions", "", kind).status)
}

func TestHTTP_NullInBodies(t *testing.T) {
	rule(t, "http")
	p := newPlace(t)
	t.Cleanup(func() { ask(t, "", http.MethodDelete, p.fill("/api/vhosts/{v}-n"), "") })
	const limits = `{"error":"bad_request","reason":"Validation failed\n\n`
	askAll(t, p, []askCase{
		{name: "limit of a virtual host", method: "PUT", path: "/api/vhost-limits/{v}/max-queues", body: `{"value":null}`, status: 400,
			want: limits + `max-queues should be a number, actually was null\n"}`},
		{name: "limit of a user", method: "PUT", path: "/api/user-limits/{u}/max-channels", body: `{"value":null}`, status: 400,
			want: `{"error":"bad_request","reason":"max-channels should be a number, actually was null"}`},
		{name: "all limits", method: "PUT", path: "/api/parameters/vhost-limits/{v}/limits", body: `{"value":null}`, status: 400,
			want: limits + `limits not a list null\n"}`},
		{name: "all limits that are a number", method: "PUT", path: "/api/parameters/vhost-limits/{v}/limits", body: `{"value":5}`, status: 400,
			want: limits + `limits not a list 5\n"}`},
		{name: "a limit that is not known", method: "PUT", path: "/api/vhost-limits/{v}/nope", body: `{"value":{"a":[1,null]}}`, status: 400,
			want: limits + `Unrecognised terms [{<<\"nope\">>,#{<<\"a\">> => [1,null]}}] in limits\n"}`},
		{name: "description", method: "PUT", path: "/api/vhosts/{v}-n", body: `{"description":null}`, status: 201},
		{name: "algorithm", method: "PUT", path: "/api/users/{u}", status: 204,
			body: `{"tags":"","password_hash":"kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR","hashing_algorithm":null}`},
		{name: "arguments", method: "PUT", path: "/api/queues/{v}/q", body: `{"durable":"x"}`, status: 400, want: `~not_boolean`},
		{name: "a limit beyond 64 bits", method: "PUT", path: "/api/vhost-limits/{v}/max-queues", body: `{"value":18446744073709551616}`, status: 204},
		{name: "is none", method: "PUT", path: "/api/queues/{v}/q", status: 201},
	})
}

func TestHTTP_LineBreaksInNames(t *testing.T) {
	rule(t, "http")
	askAll(t, newPlace(t), []askCase{
		{name: "are left out when a queue is declared", method: "PUT", path: "/api/queues/{v}/a%0D%0Ab", body: `{}`, status: 201},
		{name: "it is there", method: "GET", path: "/api/queues/{v}/ab?columns=name", status: 200, want: `{"name":"ab"}`},
		{name: "and not with them", method: "GET", path: "/api/queues/{v}/a%0D%0Ab", status: 404, want: notThere},
		{name: "nor deleted", method: "DELETE", path: "/api/queues/{v}/a%0D%0Ab", status: 404, want: notThere},
		{name: "an exchange", method: "PUT", path: "/api/exchanges/{v}/x%0A", body: `{"type":"topic"}`, status: 201},
		{name: "which is there", method: "GET", path: "/api/exchanges/{v}/x?columns=name", status: 200, want: `{"name":"x"}`},
		{name: "an exchange of nothing else", method: "PUT", path: "/api/exchanges/{v}/%0A", body: `{}`, status: 401, want: refusedAccess},
		{name: "a binding", method: "POST", path: "/api/bindings/{v}/e/%0Ax/q/a%0Ab", body: `{"routing_key":"k"}`, status: 201},
		{name: "is between both", method: "GET", path: "/api/bindings/{v}/e/x/q/ab/k?columns=routing_key", status: 200, want: `{"routing_key":"k"}`},
		{name: "other spaces stay", method: "PUT", path: "/api/queues/{v}/%09", body: `{}`, status: 201},
		{name: "where they are", method: "DELETE", path: "/api/queues/{v}/%09", status: 204},
	})
}

func TestHTTP_OtherNodes(t *testing.T) {
	rule(t, "http")
	askAll(t, newPlace(t), []askCase{
		{name: "queue", method: "PUT", path: "/api/queues/{v}/q", body: `{"node":"x"}`, status: 400, want: `~"Node x@`},
		{name: "exchange", method: "PUT", path: "/api/exchanges/{v}/x", body: `{"node":"x"}`, status: 400, want: `~could not be contacted`},
		{name: "with a host", method: "PUT", path: "/api/exchanges/{v}/x", body: `{"node":"x@y.z"}`, status: 400,
			want: `{"error":"bad_request","reason":"Node 'x@y.z' could not be contacted"}`},
		{name: "none", method: "PUT", path: "/api/queues/{v}/q", body: `{"node":""}`, status: 400, want: `~"Node '@`},
	})
}

func TestHTTP_Numbers(t *testing.T) {
	rule(t, "http")
	publish := func(properties string) string {
		return `{"properties":` + properties + `,"routing_key":"q","payload":"a","payload_encoding":"string"}`
	}
	const to = "/api/exchanges/{v}/amq.default/publish"
	askAll(t, newPlace(t), []askCase{
		{name: "a queue", method: "PUT", path: "/api/queues/{v}/q", status: 201},
		{name: "a time before all", method: "POST", path: to, body: publish(`{"timestamp":-1}`), status: 200, want: `{"routed":true}`},
		{name: "a priority below zero", method: "POST", path: to, body: publish(`{"priority":-1}`), status: 200, want: `{"routed":true}`},
		{name: "a time beyond 64 bits", method: "POST", path: to, body: publish(`{"timestamp":18446744073709551617}`), status: 200},
		{name: "a time that is null", method: "POST", path: to, body: publish(`{"timestamp":null}`), status: 400, want: `~not_int`},
		{name: "a time with a fraction", method: "POST", path: to, body: publish(`{"timestamp":1.5}`), status: 400, want: `~not_int`},
	})
}

func TestHTTP_WhoHasNoAccess(t *testing.T) {
	rule(t, "http")
	p := newPlace(t)
	withoutAccess(t, p)
	as := "{x}-root"
	message := `{"properties":{},"routing_key":"q","payload":"a","payload_encoding":"string"}`
	get := `{"count":1,"ackmode":"ack_requeue_true","encoding":"auto"}`
	askAll(t, p, []askCase{
		{name: "a queue", method: "PUT", path: "/api/queues/{v}/q", status: 201},
		{name: "declaring", as: as, method: "PUT", path: "/api/queues/{v}/q", body: `{}`, status: 401, want: refusedAccess},
		{name: "declaring an exchange", as: as, method: "PUT", path: "/api/exchanges/{v}/x", body: `{}`, status: 401, want: refusedAccess},
		{name: "deleting", as: as, method: "DELETE", path: "/api/queues/{v}/q", status: 401, want: refusedAccess},
		{name: "deleting none", as: as, method: "DELETE", path: "/api/queues/{v}/none", status: 404, want: notThere},
		{name: "purging", as: as, method: "DELETE", path: "/api/queues/{v}/q/contents", status: 401, want: refusedAccess},
		{name: "binding", as: as, method: "POST", path: "/api/bindings/{v}/e/amq.topic/q/q", body: `{}`, status: 401, want: refusedAccess},
		{name: "publishing", as: as, method: "POST", path: "/api/exchanges/{v}/amq.default/publish", body: message, status: 401, want: refusedAccess},
		{name: "publishing nothing", as: as, method: "POST", path: "/api/exchanges/{v}/amq.default/publish", body: `{}`, status: 400, want: `~key_missing`},
		{name: "publishing to none", as: as, method: "POST", path: "/api/exchanges/{v}/none/publish", body: message, status: 404, before4: 401},
		{name: "getting", as: as, method: "POST", path: "/api/queues/{v}/q/get", body: get, status: 401, want: refusedAccess},
		{name: "aliveness", as: as, method: "GET", path: "/api/aliveness-test/{v}", status: 401, want: refusedAccess},
		{name: "looking", as: as, method: "GET", path: "/api/queues/{v}?columns=name", status: 200, want: `[{"name":"q"}]`},
	})
}

func TestHTTP_AlivenessTakesPermissions(t *testing.T) {
	rule(t, "http")
	p := newPlace(t)
	user := withoutAccess(t, p)
	for _, c := range []struct{ configure, write, read, refused string }{
		{"", ".*", ".*", "queue 'aliveness-test'"},
		{".*", "", ".*", "exchange 'amq.default'"},
		{".*", ".*", "", "queue 'aliveness-test'"},
		{"^aliveness-test$", "^amq.default$", "^aliveness-test$", ""},
	} {
		body := `{"configure":"` + c.configure + `","write":"` + c.write + `","read":"` + c.read + `"}`
		require.Less(t, ask(t, "", http.MethodPut, "/api/permissions/"+p.vhost+"/"+user, body).status, 300)
		answer := ask(t, user, http.MethodGet, "/api/aliveness-test/"+p.vhost, "")
		if c.refused == "" {
			require.Equal(t, 200, answer.status, answer.body)
			continue
		}
		require.Equal(t, 401, answer.status, answer.body)
		require.Contains(t, answer.body, "access to "+c.refused+" in vhost '"+p.vhost+"' refused for user '"+user+"'")
	}
}

func TestHTTP_PathsThatAreNone(t *testing.T) {
	rule(t, "http")
	for _, c := range []struct {
		method, path string
		status       int
	}{
		{"GET", "/api/nosuch", 404}, {"PUT", "/api/nosuch", 405}, {"POST", "/api/nosuch", 405},
		{"DELETE", "/api/nosuch", 405}, {"PATCH", "/api/nosuch", 405}, {"OPTIONS", "/api/nosuch", 200},
		{"PUT", "/api/permissions/%2F/", 405}, {"DELETE", "/api/permissions/%2F", 405},
		{"PATCH", "/api/queues/%2F/q", 405}, {"POST", "/api/queues/%2F/q", 405}, {"FOO", "/api/queues", 501}, {"TRACE", "/api/queues", 501},
		{"FOO", "/api/nosuch", 501},
	} {
		require.Equal(t, c.status, ask(t, "", c.method, c.path, "").status, c.method+" "+c.path)
	}
	long := "/api/queues/%2F/" + strings.Repeat("y", 256)
	require.Equal(t, 400, ask(t, "", http.MethodPut, long, `{}`).status, "a name that AMQP has no room for")
	require.Equal(t, 404, ask(t, "", http.MethodGet, long, "").status)
}
