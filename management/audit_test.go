package management

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/admin"
)

// audited is a rig whose audit log can be read.
type audited struct {
	*rig
	lines bytes.Buffer
}

func newAudited(t *testing.T) *audited {
	t.Helper()
	g := &audited{rig: newRig(t)}
	g.Admin = admin.New(admin.Options{
		Broker: g.broker, Directory: g.Directory(), Audit: slog.New(slog.NewJSONHandler(&g.lines, nil)),
	})
	g.api.admin = g.Admin
	return g
}

// auditLine is a line of the audit log.
type auditLine struct {
	Action  string `json:"msg"`
	Object  string
	VHost   string
	User    string
	Peer    string
	Changed string
	Outcome string
	Key     string `json:"routing_key"`
	Mode    string `json:"ackmode"`
	Octets  int
	Got     int `json:"messages"`
}

// take are the lines since the last time.
func (g *audited) take(t *testing.T) []auditLine {
	t.Helper()
	var lines []auditLine
	for text := range strings.Lines(g.lines.String()) {
		var line auditLine
		require.NoError(t, json.Unmarshal([]byte(text), &line))
		lines = append(lines, line)
	}
	g.lines.Reset()
	return lines
}

// TestNoChangeIsForgotten walks the table: whatever can change something has a deed, and
// each call of it has its line, whether it is done, refused or fails.
func TestNoChangeIsForgotten(t *testing.T) {
	g := newAudited(t)
	harmless := map[string]bool{"/api/auth/check": true, "/api/login": true}
	for _, row := range table() {
		if row.method != get {
			require.NotEmpty(t, row.deed, "%s %s is not told to the audit log", row.method, row.pattern)
			require.Equal(t, harmless[row.pattern], row.deed == readsOnly, row.pattern)
		}
		if !row.recorded() {
			continue
		}
		path := pathOf(row.pattern, "%2F")
		for _, call := range []struct {
			user    string
			handle  handler
			outcome string
		}{
			{tagless, row.handle, "refused: Not management user"},
			{rootUser, func(*API, *request) (reply, error) { return done(), nil }, "done"},
			{rootUser, func(*API, *request) (reply, error) { return reply{}, badRequest("no") }, "refused: no"},
			{rootUser, func(*API, *request) (reply, error) { panic("a fault") }, "refused: the broker has failed"},
		} {
			tried := row
			tried.handle = call.handle
			g.api.paths = tree{}
			g.api.paths.add(&tried)
			g.call(t, call.user, row.method, path, "")
			lines := g.take(t)
			require.Len(t, lines, 1, "%s %s", row.method, row.pattern)
			line := lines[0]
			require.Equal(t, row.deed, line.Action)
			require.Equal(t, call.user, line.User)
			require.Equal(t, "127.0.0.1:1234", line.Peer)
			require.Equal(t, call.outcome, line.Outcome, row.pattern)
			if strings.Contains(row.pattern, "{vhost}") {
				require.Equal(t, "/", line.VHost, row.pattern)
			}
		}
	}
}

// TestAudit_OfWhatIsDone looks at the lines of real calls.
func TestAudit_OfWhatIsDone(t *testing.T) {
	g := newAudited(t)
	const q = "/api/queues/%2F/orders"
	for _, c := range []struct {
		method, path, body string
		want               auditLine
	}{
		{set, q, `{"durable":true}`, auditLine{Action: "queue.declare", Object: "orders", VHost: "/", Changed: "new"}},
		{set, q, `{"durable":true}`, auditLine{Action: "queue.declare", Object: "orders", VHost: "/", Changed: "nothing"}},
		{set, q, `{}`, auditLine{Action: "queue.declare", Object: "orders", VHost: "/",
			Outcome: "refused: inequivalent arg 'durable' for queue 'orders' in vhost '/': received 'false' but current is 'true'"}},
		{set, "/api/exchanges/%2F/x", `{}`, auditLine{Action: "exchange.declare", Object: "x", VHost: "/", Changed: "new"}},
		{post, "/api/bindings/%2F/e/x/q/orders", `{"routing_key":"k"}`,
			auditLine{Action: "binding.create", Object: "x/q/orders", VHost: "/", Key: "k"}},
		{del, "/api/bindings/%2F/e/x/q/orders/k", ``, auditLine{Action: "binding.delete", Object: "x/q/orders/k", VHost: "/", Key: "k"}},
		{post, "/api/exchanges/%2F/amq.default/publish",
			`{"properties":{},"routing_key":"orders","payload":"hidden","payload_encoding":"string"}`,
			auditLine{Action: "message.publish", Object: "amq.default", VHost: "/", Key: "orders", Octets: 6}},
		{post, q + "/get", `{"count":5,"ackmode":"ack_requeue_false","encoding":"auto"}`,
			auditLine{Action: "message.get", Object: "orders", VHost: "/", Mode: "ack_requeue_false", Got: 1}},
		{del, q + "/contents", ``, auditLine{Action: "queue.purge", Object: "orders", VHost: "/"}},
		{del, q, ``, auditLine{Action: "queue.delete", Object: "orders", VHost: "/"}},
		{del, q, ``, auditLine{Action: "queue.delete", Object: "orders", VHost: "/", Outcome: "refused: Not Found"}},
		{set, "/api/users/u", `{"password":"hidden","tags":""}`, auditLine{Action: "user.put", Object: "u", Changed: "new"}},
		{set, "/api/users/u", `{"password":"hidden2","tags":"monitoring"}`, auditLine{Action: "user.put", Object: "u", Changed: "password,tags"}},
		{set, "/api/user-limits/u/max-channels", `{"value":5}`, auditLine{Action: "user.update", Object: "u", Changed: "max-channels"}},
		{set, "/api/permissions/%2F/u", `{"configure":"","write":"","read":""}`,
			auditLine{Action: "permission.set", Object: "u", VHost: "/", Changed: "new"}},
		{set, "/api/permissions/%2F/u", `{"configure":"","write":"a","read":""}`,
			auditLine{Action: "permission.set", Object: "u", VHost: "/", Changed: "write"}},
		{del, "/api/permissions/%2F/u", ``, auditLine{Action: "permission.clear", Object: "u", VHost: "/"}},
		{del, "/api/permissions/%2F/u", ``, auditLine{Action: "permission.clear", Object: "u", VHost: "/", Outcome: "refused: not found"}},
		{set, "/api/policies/%2F/p", `{"pattern":"a","definition":{"max-length":1}}`,
			auditLine{Action: "parameter.set", Object: "policy/p", VHost: "/", Changed: "new"}},
		{set, "/api/policies/%2F/p", `{"pattern":"b","definition":{"max-length":1}}`,
			auditLine{Action: "parameter.set", Object: "policy/p", VHost: "/", Changed: "pattern"}},
		{del, "/api/policies/%2F/nope", ``, auditLine{Action: "parameter.clear", Object: "policy/nope", VHost: "/", Outcome: "refused: not found"}},
		{set, "/api/vhosts/%2F", `{"tracing":true}`, auditLine{Action: "vhost.put", Object: "/", VHost: "/", Changed: "tracing"}},
		{set, "/api/vhosts/%2F", `{}`, auditLine{Action: "vhost.put", Object: "/", VHost: "/", Changed: "nothing"}},
		{post, "/api/rebalance/queues", ``, auditLine{Action: "queues.rebalance"}},
		{del, "/api/connections/nope", ``, auditLine{Action: "connection.close", Object: "nope", Outcome: "refused: Not Found"}},
	} {
		name := c.method + " " + c.path + " " + c.body
		g.call(t, rootUser, c.method, c.path, c.body)
		require.NotContains(t, g.lines.String(), "hidden", name)
		lines := g.take(t)
		require.Len(t, lines, 1, name)
		c.want.User, c.want.Peer = rootUser, "127.0.0.1:1234"
		if c.want.Outcome == "" {
			c.want.Outcome = "done"
		}
		require.Equal(t, c.want, lines[0], name)
	}
}

// TestAudit_OfTheCommandLine: what comes over the control socket is told as well.
func TestAudit_OfTheCommandLine(t *testing.T) {
	g := newAudited(t)
	path := "/api/queues/" + url.PathEscape("/") + "/q"
	w := httptest.NewRecorder()
	g.api.Local().ServeHTTP(w, httptest.NewRequest(http.MethodPut, path, strings.NewReader("{}")))
	require.Equal(t, 201, w.Code)
	lines := g.take(t)
	require.Len(t, lines, 1)
	require.Equal(t, "rmq-cli", lines[0].User)
	require.Equal(t, "control socket", lines[0].Peer)
}
