package management

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/admin"
	"github.com/leveretmq/leveret/broker"
	"github.com/leveretmq/leveret/definitions"
)

// publishTo publishes messages to a queue of "/".
func (g *rig) publishTo(t *testing.T, queue string, payloads ...string) {
	t.Helper()
	for _, payload := range payloads {
		body := strings.Replace(sent(`{"delivery_mode":2}`, payload, "string"), `"q"`, `"`+queue+`"`, 1)
		require.JSONEq(t, `{"routed":true}`, g.expect(t, 200, rootUser, post, "/api/exchanges/%2F/amq.default/publish", body))
	}
}

func movedAs(moved, octets, remaining int, stopped string) string {
	return fmt.Sprintf(`{"moved":%d,"octets":%d,"remaining":%d,"stopped":"%s"}`, moved, octets, remaining, stopped)
}

func TestMove_Answers(t *testing.T) {
	g := newRig(t)
	const full = "PRECONDITION_FAILED - queue 'full' in vhost '/' is full and refuses messages"
	for _, q := range []string{"q", "to", "other"} {
		g.expect(t, 201, rootUser, set, "/api/queues/%2F/"+q, `{"durable":true}`)
	}
	g.expect(t, 201, rootUser, set, "/api/queues/%2F/full", `{"arguments":{"x-max-length":1,"x-overflow":"reject-publish"}}`)
	g.publishTo(t, "q", "a", "bc", "d", "e")
	const from = "queues/%2F/q/move"
	g.talk(t, rootUser, []exchanged{
		{post, from, `{"queue":"to","count":2}`, 200, movedAs(2, 3, 2, "")},
		{post, from, `{"queue":"full"}`, 200, movedAs(1, 1, 1, full)},
		{post, from, `{"queue":"full"}`, 400, reason(`"` + full + `"`)},
		{post, from, `{"queue":"to","milliseconds":0}`, 200, movedAs(0, 0, 1, "")},
		{post, from, `{"exchange":"amq.default","routing_key":"other"}`, 200, movedAs(1, 1, 0, "")},
		{post, from, `{"queue":"to"}`, 200, movedAs(0, 0, 0, "")},
		{post, from, `{"queue":"q"}`, 400, reason(`"PRECONDITION_FAILED - queue 'q' in vhost '/' cannot be moved to itself"`)},
		{post, from, `{"queue":"none"}`, 404, `{"error":"not_found","reason":"NOT_FOUND - no queue 'none' in vhost '/'"}`},
		{post, from, `{"queue":"to","exchange":"e"}`, 400, reason(`"either a queue or an exchange has to be named"`)},
		{post, from, `{}`, 400, reason(`"either a queue or an exchange has to be named"`)},
		{post, from, `{"queue":5}`, 400, reason(`"queue should be a string, actually was 5"`)},
		{post, from, `{"queue":"to","count":"x"}`, 400, reason(`"{not_integer,<<\"x\">>}"`)},
		{post, from, `{"queue":"to","vhost":"nowhere"}`, 404, `{"error":"not_found","reason":"vhost_not_found"}`},
		{post, "queues/%2F/none/move", `{"queue":"to"}`, 404, `{"error":"not_found","reason":"queue_not_found"}`},
	})
	g.publishTo(t, "q", "f")
	g.api.EndStreams()
	require.JSONEq(t, movedAs(0, 0, 1, ""), g.expect(t, 200, rootUser, post, "/api/"+from, `{"queue":"to"}`), "the broker stops")
	g.broker.Alarms().Set(broker.Disk, true)
	require.Contains(t, g.expect(t, 503, rootUser, post, "/api/"+from, `{"queue":"to"}`), "publishers are blocked")
}

// Moving needs what consuming from the one and publishing to the other needs.
func TestMove_NeedsPermissions(t *testing.T) {
	g := newRig(t)
	for _, q := range []string{"q", "to"} {
		g.expect(t, 201, rootUser, set, "/api/queues/%2F/"+q, "")
	}
	g.publishTo(t, "q", "a")
	allow := func(vhost, write, read string) {
		_, err := g.SetPermission(admin.Actor{}, definitions.Permission{User: plainUser, VHost: vhost, Configure: ".*", Write: write, Read: read})
		require.NoError(t, err)
	}
	const path = "/api/queues/%2F/q/move"
	allow("/", ".*", "^to$")
	require.Contains(t, g.expect(t, 401, plainUser, post, path, `{"queue":"to"}`), "read access to queue 'q'")
	allow("/", "^amq.topic$", ".*")
	require.Contains(t, g.expect(t, 401, plainUser, post, path, `{"queue":"to"}`), "write access to exchange 'amq.default'")
	require.Contains(t, g.expect(t, 401, plainUser, post, path, `{"exchange":"amq.fanout"}`), "write access to exchange 'amq.fanout'")
	require.Contains(t, g.expect(t, 401, plainUser, post, path, `{"queue":"to","vhost":"other"}`), refusedVHost)
	require.Equal(t, 1, fetch[struct {
		Ready int `json:"messages_ready"`
	}](t, g, rootUser, "/api/queues/%2F/q").Ready)

	allow("/", ".*", ".*")
	allow("other", ".*", ".*")
	g.expect(t, 201, plainUser, set, "/api/queues/other/there", "")
	require.JSONEq(t, movedAs(1, 1, 0, ""), g.expect(t, 200, plainUser, post, path, `{"queue":"there","vhost":"other"}`))
}
