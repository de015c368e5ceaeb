package conformance

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestHTTP_WhoMayDoWhat(t *testing.T) {
	rule(t, "http")
	p := newPlace(t)
	for _, tag := range []string{"management", "monitoring", "policymaker", "other"} {
		user := p.fill("{x}-" + tag)
		t.Cleanup(func() { ask(t, "", http.MethodDelete, "/api/users/"+user, "") })
		require.Equal(t, 201, ask(t, "", http.MethodPut, "/api/users/"+user, `{"password":"`+user+`","tags":"`+tag+`"}`).status)
		all := `{"configure":".*","write":".*","read":".*"}`
		require.Equal(t, 201, ask(t, "", http.MethodPut, "/api/permissions/"+p.vhost+"/"+user, all).status)
	}
	policy := `{"pattern":"^a","definition":{"max-length":5}}`
	askAll(t, p, []askCase{
		{name: "no tag of management", as: "{x}-other", method: "GET", path: "/api/whoami", status: 401,
			want: `{"error":"not_authorised","reason":"Not management user"}`},
		{name: "users are for administrators", as: "{x}-monitoring", method: "GET", path: "/api/users", status: 401, want: noAdmin},
		{name: "nor their own", as: "{x}-management", method: "GET", path: "/api/users/{x}-management", status: 401, want: noAdmin},
		{name: "virtual hosts are for administrators", as: "{x}-policymaker", method: "PUT", path: "/api/vhosts/{v}", status: 401, want: noAdmin},
		{name: "permissions", as: "{x}-management", method: "GET", path: "/api/permissions/{v}/{u}", status: 401, want: noAdmin},
		{name: "definitions", as: "{x}-policymaker", method: "GET", path: "/api/definitions/{v}", status: 401, want: noAdmin},
		{name: "limits", as: "{x}-monitoring", method: "PUT", path: "/api/vhost-limits/{v}/max-queues", body: `{"value":1}`, status: 401, want: noAdmin},
		{name: "operator policies", as: "{x}-policymaker", method: "PUT", path: "/api/operator-policies/{v}/p", body: policy, status: 401, want: noAdmin},
		{name: "name of the cluster", as: "{x}-policymaker", method: "PUT", path: "/api/cluster-name", body: `{"name":"x"}`, status: 401, want: noAdmin},
		{name: "policies are for policymakers", as: "{x}-management", method: "PUT", path: "/api/policies/{v}/p", body: policy, status: 401, want: noObject},
		{name: "not for monitoring", as: "{x}-monitoring", method: "PUT", path: "/api/policies/{v}/p", body: policy, status: 401, want: noObject},
		{name: "a policymaker may", as: "{x}-policymaker", method: "PUT", path: "/api/policies/{v}/p", body: policy, status: 201},
		{name: "not elsewhere", as: "{x}-policymaker", method: "PUT", path: "/api/policies/%2F/{x}", body: policy, status: 401, want: noObject},
		{name: "all may read the list", as: "{x}-management", method: "GET", path: "/api/policies/{v}?columns=name", status: 200, want: `[{"name":"p"}]`},
		{name: "where they may enter", as: "{x}-management", method: "GET", path: "/api/policies/%2F", status: 401, want: noVHostAccess},
		{name: "of all that they may enter", as: "{x}-management", method: "GET", path: "/api/policies?columns=name", status: 200, want: `[{"name":"p"}]`},
		{name: "parameters", as: "{x}-management", method: "GET", path: "/api/parameters", status: 401, want: noObject},
		{name: "global parameters", as: "{x}-monitoring", method: "GET", path: "/api/global-parameters", status: 401, want: noObject},
		{name: "limits where they may enter", as: "{x}-management", method: "GET", path: "/api/vhost-limits/%2F", status: 401, want: noVHostAccess},
		{name: "monitoring sees all limits", as: "{x}-monitoring", method: "GET", path: "/api/vhost-limits/%2F", status: 200},
		{name: "their virtual hosts", as: "{x}-management", method: "GET", path: "/api/vhosts", status: 200, want: `~"{v}"`},
		{name: "aliveness", as: "{x}-management", method: "GET", path: "/api/aliveness-test/%2F", status: 401, want: noVHostAccess},
	})
}

func TestHTTP_Frame(t *testing.T) {
	rule(t, "http")
	askAll(t, place{}, []askCase{
		{name: "unknown", method: "GET", path: "/api/nosuch", status: 404, want: notThere},
		{name: "wrong method", method: "DELETE", path: "/api/whoami", status: 405},
		{name: "page that is none", method: "GET", path: "/api/queues?page=abc", status: 400,
			want: `{"error":"bad_request","reason":"Pagination parameters are invalid"}`},
		{name: "page zero", method: "GET", path: "/api/exchanges?page=0", status: 400,
			want: `{"error":"invalid_pagination_parameters","reason":"Invalid pagination parameters: page number 0, page size undefined"}`},
		{name: "page too large", method: "GET", path: "/api/exchanges?page=1&page_size=501", status: 400,
			want: `{"error":"invalid_pagination_parameters","reason":"Invalid pagination parameters: page number 1, page size 501"}`},
		{name: "expression that is none", method: "GET", path: "/api/exchanges?page=1&name=(&use_regex=true", status: 400,
			want: `{"error":"bad_request","reason":"Pagination parameters are invalid"}`},
		{name: "page with a name", method: "GET", path: "/api/exchanges/%2F?page=1&name=AMQ.TOPIC&columns=name", status: 200,
			want: `~"items":[{"name":"amq.topic"}]`},
		{name: "alarms", method: "GET", path: "/api/health/checks/alarms", status: 200, want: `{"status":"ok"}`},
		{name: "alarms here", method: "GET", path: "/api/health/checks/local-alarms", status: 200, want: `{"status":"ok"}`},
		{name: "certificates", method: "GET", path: "/api/health/checks/certificate-expiration/1/months", status: 200, want: `{"status":"ok"}`},
		{name: "certificates, unit", method: "GET", path: "/api/health/checks/certificate-expiration/1/nope", status: 400,
			want: `{"error":"bad_request","reason":"Time unit not recognised. Supported units: days, weeks, months, years."}`},
		{name: "certificates, time", method: "GET", path: "/api/health/checks/certificate-expiration/x/days", status: 400,
			want: `{"error":"bad_request","reason":"Invalid expiration value."}`},
		{name: "no port", method: "GET", path: "/api/health/checks/port-listener/x", status: 400,
			want: `{"error":"bad_request","reason":"Invalid port"}`},
		{name: "port without a listener", method: "GET", path: "/api/health/checks/port-listener/1", status: 503,
			want: `~"reason":"No active listener"`},
		{name: "protocol", method: "GET", path: "/api/health/checks/protocol-listener/amqp091", status: 200, want: `{"status":"ok","protocol":"amqp"}`},
		{name: "protocol without a listener", method: "GET", path: "/api/health/checks/protocol-listener/mqtt", status: 503, want: `~"missing":"mqtt"`},
		{name: "virtual hosts", method: "GET", path: "/api/health/checks/virtual-hosts", status: 200, want: `{"status":"ok"}`},
		{name: "quorum", method: "GET", path: "/api/health/checks/node-is-quorum-critical", status: 200,
			want: `{"status":"ok","reason":"single node cluster"}`},
		{name: "old health check", method: "GET", path: "/api/healthchecks/node", status: 200, want: `{"status":"ok"}`},
		{name: "aliveness", method: "GET", path: "/api/aliveness-test/%2F", status: 200, want: `{"status":"ok"}`},
		{name: "feature flags", method: "GET", path: "/api/feature-flags", status: 200, want: `~"stream_queue"`},
		{name: "attempts of another node", method: "GET", path: "/api/auth/attempts/nope", status: 404, want: notThere},
		{name: "rebalance", method: "POST", path: "/api/rebalance/queues", status: 204},
		{name: "login without a form", method: "POST", path: "/api/login", status: 401},
	})
}

func TestHTTP_Login(t *testing.T) {
	rule(t, "http")
	nobody := func(r *http.Request) { r.Header.Del("Authorization") }
	answer := ask(t, "", http.MethodGet, "/api/whoami", "", nobody)
	require.Equal(t, 401, answer.status)
	require.Equal(t, `Basic realm="RabbitMQ Management"`, answer.header.Get("WWW-Authenticate"))

	answer = ask(t, "nobody-of-that-name", http.MethodGet, "/api/whoami", "")
	require.Equal(t, 401, answer.status)
	require.Contains(t, answer.body, `"error":"not_authorized"`)

	answer = ask(t, "", http.MethodGet, "/api/whoami", "", func(r *http.Request) { r.Header.Set("Accept", "text/html") })
	require.Equal(t, 406, answer.status)
	require.Empty(t, answer.body)

	answer = ask(t, "", http.MethodOptions, "/api/users/x", "", nobody)
	require.Equal(t, 200, answer.status)
	require.Equal(t, "HEAD, GET, PUT, DELETE, OPTIONS", answer.header.Get("Allow"))

	answer = ask(t, "", http.MethodHead, "/api/whoami", "")
	require.Equal(t, 200, answer.status)
	require.Equal(t, "application/json", answer.header.Get("Content-Type"))
	require.Equal(t, "no-cache", answer.header.Get("Cache-Control"))

	answer = ask(t, "", http.MethodGet, "/api", "")
	require.Equal(t, 301, answer.status)
	require.Contains(t, answer.header.Get("Location"), "/api/index.html")
}
