package management

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/admin"
	"github.com/leveretmq/leveret/definitions"
)

// exchanged is a request and its answer, exactly as RabbitMQ 4.0.5 gives it.
type exchanged struct {
	method, path, body string
	status             int
	answer             string
}

const (
	isNotFound    = `{"error":"Object Not Found","reason":"Not Found"}`
	isRefused     = `{"error":"not_authorised","reason":"Access refused."}`
	isNotJSON     = `{"error":"bad_request","reason":"not_json"}`
	noQueue       = `{"error":"not_found","reason":"queue_not_found"}`
	noExchange    = `{"error":"not_found","reason":"exchange_not_found"}`
	isNullRefused = `{"error":"bad_request","reason":"null_not_allowed"}`
)

// talk has the exchanges one after the other.
func (g *rig) talk(t *testing.T, user string, script []exchanged) {
	t.Helper()
	for _, e := range script {
		w := g.call(t, user, e.method, "/api/"+e.path, e.body)
		require.Equal(t, e.status, w.Code, "%s %s %s: %s", e.method, e.path, e.body, w.Body)
		require.Equal(t, e.answer, w.Body.String(), "%s %s %s", e.method, e.path, e.body)
	}
}

func reason(text string) string { return `{"error":"bad_request","reason":` + text + `}` }

func TestQueues_Writes(t *testing.T) {
	newRig(t).talk(t, rootUser, []exchanged{
		{set, "queues/%2F/w", `{"durable":true}`, 201, ""},
		{set, "queues/%2F/w", `{"durable":true}`, 204, ""},
		{set, "queues/%2F/w", `{"durable":false}`, 400, reason(`"inequivalent arg 'durable' for queue 'w' in vhost '/': received 'false' but current is 'true'"`)},
		{set, "queues/%2F/w2", "", 201, ""},
		{get, "queues/%2F/w2?columns=durable,exclusive", "", 200, `{"durable":false,"exclusive":false}`},
		{set, "queues/%2F/w3", `{"durable":"true","exclusive":true}`, 201, ""},
		{get, "queues/%2F/w3?columns=durable,exclusive", "", 200, `{"durable":true,"exclusive":false}`},
		{set, "queues/%2F/w4", `{"durable":"x"}`, 400, reason(`"{not_boolean,<<\"x\">>}"`)},
		{set, "queues/%2F/w4", `{"durable":null}`, 400, reason(`"{not_boolean,null}"`)},
		{set, "queues/%2F/w4", `nonsense`, 400, isNotJSON},
		{set, "queues/%2F/w4", `[]`, 400, isNotJSON},
		{set, "queues/%2F/w4", `5`, 400, isNotJSON},
		{set, "queues/%2F/w4", `{"node":"nope@x"}`, 400, reason(`"Node nope@x could not be contacted"`)},
		{set, "queues/%2F/w4", `{"node":"leveret@test"}`, 201, ""},
		{set, "queues/%2F/w5", `{"arguments":[]}`, 201, ""},
		{set, "queues/%2F/w6", `{"arguments":{"x":null}}`, 400, isNullRefused},
		{set, "queues/%2F/w6", `{"arguments":{"a":[{"x":null}]}}`, 400, isNullRefused},
		{set, "queues/%2F/w7", `{"arguments":{"x-max-length":10,"f":1.5,"l":[1,{"b":true}],"s":"x"}}`, 201, ""},
		{get, "queues/%2F/w7?columns=arguments", "", 200, `{"arguments":{"x-max-length":10,"f":1.5,"l":[1,{"b":true}],"s":"x"}}`},
		{set, "queues/%2F/bad", `{"arguments":{"x-max-length":"abc"}}`, 400, reason(`"invalid arg 'x-max-length' for queue 'bad' in vhost '/': \"expected integer, got longstr\""`)},
		{set, "queues/%2F/amq.foo", `{}`, 401, isRefused},
		{del, "queues/%2F/none", "", 404, isNotFound},
		{del, "queues/%2F/none/contents", "", 404, isNotFound},
		{get, "queues/%2F/none", "", 404, isNotFound},
		{get, "queues/%2F/none/bindings", "", 404, isNotFound},
		{set, "queues/nosuch/x", "", 404, `{"error":"not_found","reason":"vhost_not_found"}`},
		{post, "exchanges/%2F/amq.default/publish", `{"properties":{},"routing_key":"w","payload":"a","payload_encoding":"string"}`, 200, `{"routed":true}`},
		{del, "queues/%2F/w?if-empty=true", "", 400, reason(`"queue 'w' in vhost '/' not empty"`)},
		{del, "queues/%2F/w/contents", "", 204, ""},
		{del, "queues/%2F/w?if-empty=true&if-unused=true", "", 204, ""},
		{del, "queues/%2F/w", "", 404, isNotFound},
		{set, "queues/%2F/a%20b%2Fc", "", 201, ""},
		{get, "queues/%2F/a%20b%2Fc?columns=name", "", 200, `{"name":"a b/c"}`},
		{post, "queues/%2F/w2/actions", `{"action":"sync"}`, 204, ""},
		{post, "queues/%2F/w2/actions", `{"action":"nope"}`, 400, reason(`"{unknown,<<\"nope\">>}"`)},
		{post, "queues/%2F/w2/actions", `{}`, 400, reason(`"[{key_missing,action}]"`)},
		{post, "queues/%2F/none/actions", `{"action":"sync"}`, 404, noQueue},
		{post, "queues/%2F/w2/actions", `{"action":"pause"}`, 204, ""},
		{get, "queues/%2F/w2?columns=state", "", 200, `{"state":"paused"}`},
		{post, "queues/%2F/w2/actions", `{"action":"resume"}`, 204, ""},
		{get, "queues/%2F/w2?columns=state", "", 200, `{"state":"running"}`},
		{get, "queues/quorum/%2F/w2/status", "", 503, `{"status":"failed","reason":"classic_queue_not_supported"}`},
		{get, "queues/quorum/%2F/none/status", "", 404, isNotFound},
	})
}

func TestQueues_InUse(t *testing.T) {
	g := newRig(t)
	ch := g.channel(t, g.dial(t, rootUser))
	_, err := ch.QueueDeclare("used", false, false, false, false, nil)
	require.NoError(t, err)
	_, err = ch.Consume("used", "", true, false, false, false, nil)
	require.NoError(t, err)
	_, err = ch.QueueDeclare("mine", false, false, true, false, nil)
	require.NoError(t, err)
	g.talk(t, rootUser, []exchanged{
		{del, "queues/%2F/used?if-unused=true", "", 400, reason(`"queue 'used' in vhost '/' in use"`)},
		{del, "queues/%2F/used?if-unused=false", "", 204, ""},
		{del, "queues/%2F/mine", "", 400, reason(`"cannot obtain exclusive access to locked queue 'mine' in vhost '/'. It could be originally declared on another connection or the exclusive property value does not match that of the original declaration."`)},
	})
}

func TestExchanges_Writes(t *testing.T) {
	newRig(t).talk(t, rootUser, []exchanged{
		{set, "exchanges/%2F/x", `{"type":"topic"}`, 201, ""},
		{set, "exchanges/%2F/x", `{"type":"topic"}`, 204, ""},
		{set, "exchanges/%2F/x", `{"type":"fanout"}`, 400, reason(`"inequivalent arg 'type' for exchange 'x' in vhost '/': received 'fanout' but current is 'topic'"`)},
		{set, "exchanges/%2F/y", "", 201, ""},
		{get, "exchanges/%2F/y?columns=type,durable,arguments", "", 200, `{"type":"direct","durable":false,"arguments":{}}`},
		{set, "exchanges/%2F/z", `{"type":"nope"}`, 400, reason(`"unknown exchange type 'nope'"`)},
		{set, "exchanges/%2F/z", `{"type":""}`, 400, reason(`"invalid exchange type ''"`)},
		{set, "exchanges/%2F/z", `{"type":5}`, 400, reason(`"invalid exchange type '5'"`)},
		{set, "exchanges/%2F/z", `{"type":null}`, 400, reason(`"invalid exchange type 'null'"`)},
		{set, "exchanges/%2F/z", `{"internal":"x"}`, 400, reason(`"{not_boolean,<<\"x\">>}"`)},
		{set, "exchanges/%2F/z", `{"type":"fanout","arguments":{"alternate-exchange":5}}`, 400, reason(`"invalid type 'long' for arg 'alternate-exchange' in exchange 'z' in vhost '/'"`)},
		{set, "exchanges/%2F/amq.default", `{}`, 401, isRefused},
		{set, "exchanges/%2F/amq.zzz", `{}`, 401, isRefused},
		{set, "exchanges/%2F/amq.direct", `{"type":"direct"}`, 400, reason(`"inequivalent arg 'durable' for exchange 'amq.direct' in vhost '/': received 'false' but current is 'true'"`)},
		{del, "exchanges/%2F/amq.direct", "", 401, isRefused},
		{del, "exchanges/%2F/amq.default", "", 401, isRefused},
		{del, "exchanges/%2F/none", "", 404, isNotFound},
		{get, "exchanges/%2F/none", "", 404, isNotFound},
		{get, "exchanges/%2F/none/bindings/source", "", 200, "[]"},
		{get, "exchanges/%2F/none/bindings/destination", "", 200, "[]"},
		{get, "exchanges/%2F/x/bindings/other", "", 404, isNotFound},
		{get, "exchanges/nosuch", "", 404, isNotFound},
		{get, "exchanges/%2F/?columns=name", "", 200, `[{"name":""},{"name":"amq.direct"},{"name":"amq.fanout"},{"name":"amq.headers"},{"name":"amq.match"},{"name":"amq.rabbitmq.trace"},{"name":"amq.topic"},{"name":"x"},{"name":"y"}]`},
		{post, "bindings/%2F/e/x/e/y", "", 201, ""},
		{del, "exchanges/%2F/x?if-unused=true", "", 400, reason(`"exchange 'x' in vhost '/' in use"`)},
		{del, "exchanges/%2F/x", "", 204, ""},
	})
}

func TestBindings_Writes(t *testing.T) {
	const made = `{"source":"x","vhost":"/","destination":"q","destination_type":"queue","routing_key":"",` +
		`"arguments":{},"properties_key":"~"}`
	const implicit = `{"source":"","vhost":"/","destination":"q","destination_type":"queue","routing_key":"q",` +
		`"arguments":{},"properties_key":"q"}`
	newRig(t).talk(t, rootUser, []exchanged{
		{set, "queues/%2F/q", "", 201, ""},
		{set, "exchanges/%2F/x", `{"type":"topic"}`, 201, ""},
		{set, "exchanges/%2F/y", `{"type":"fanout"}`, 201, ""},
		{post, "bindings/%2F/e/x/q/q", "", 201, ""},
		{post, "bindings/%2F/e/x/q/q", `{"routing_key":"a.*"}`, 201, ""},
		{post, "bindings/%2F/e/x/e/y", `{"routing_key":"#"}`, 201, ""},
		{post, "bindings/%2F/e/none/q/q", "{}", 404, `{"error":"not_found","reason":"no exchange 'none' in vhost '/'"}`},
		{post, "bindings/%2F/e/x/q/none", "{}", 404, `{"error":"not_found","reason":"no queue 'none' in vhost '/'"}`},
		{post, "bindings/%2F/e/x/e/none", "{}", 404, `{"error":"not_found","reason":"no exchange 'none' in vhost '/'"}`},
		{post, "bindings/%2F/e/x/z/q", "{}", 404, isNotFound},
		{post, "bindings/%2F/e//q/q", `{"routing_key":"z"}`, 401, isRefused},
		{post, "bindings/%2F/e/amq.default/q/q", `{"routing_key":"z"}`, 401, isRefused},
		{post, "bindings/%2F/e/x/q/q", `{"arguments":{"a":null}}`, 400, isNullRefused},
		{post, "bindings/%2F/e/x/q/q", `x`, 400, isNotJSON},
		{post, "bindings/%2F/e/x/e/y/foo", "", 405, ""},
		{get, "bindings/%2F/e/x/q/q/~", "", 200, made},
		{get, "bindings/%2F/e/x/q/q?columns=properties_key", "", 200, `[{"properties_key":"~"},{"properties_key":"a.%2A"}]`},
		{get, "bindings/%2F/e/x/q/q/a.%252A?columns=routing_key", "", 200, `{"routing_key":"a.*"}`},
		{get, "bindings/%2F/e/x/q/q/a.%2A?columns=routing_key", "", 200, `{"routing_key":"a.*"}`},
		{get, "bindings/%2F/e/x/q/q/none", "", 404, isNotFound},
		{get, "bindings/%2F/e/x/q/none", "", 200, "[]"},
		{get, "bindings/%2F/e/x/z/q", "", 404, isNotFound},
		{get, "bindings/%2F/e//q/q", "", 200, "[" + implicit + "]"},
		{get, "bindings/%2F/e/amq.default/q/q/q", "", 200, implicit},
		{get, "queues/%2F/q/bindings?columns=source", "", 200, `[{"source":""},{"source":"x"},{"source":"x"}]`},
		{get, "exchanges/%2F/x/bindings/source?columns=destination", "", 200, `[{"destination":"q"},{"destination":"q"},{"destination":"y"}]`},
		{get, "exchanges/%2F/y/bindings/destination?columns=source", "", 200, `[{"source":"x"}]`},
		{get, "bindings/nosuch", "", 404, isNotFound},
		{del, "bindings/%2F/e//q/q/q", "", 401, isRefused},
		{del, "bindings/%2F/e/x/q/q/none", "", 404, isNotFound},
		{del, "bindings/%2F/e/x/q/none/~", "", 404, isNotFound},
		{del, "bindings/%2F/e/x/q/q/~", "", 204, ""},
		{del, "bindings/%2F/e/x/q/q/a.%252A", "", 204, ""},
		{del, "bindings/%2F/e/x/e/y/%2523", "", 204, ""},
		{get, "bindings?columns=source", "", 200, `[{"source":""}]`},
	})
}

func TestBindings_LocationLeadsBack(t *testing.T) {
	g := newRig(t)
	g.expect(t, 201, rootUser, set, "/api/queues/%2F/a%20b%2Fc", "")
	for _, body := range []string{
		`{}`, `{"routing_key":"zz"}`, `{"routing_key":"r/k ~é*.-_%"}`, `{"routing_key":"k","arguments":{"x":1}}`,
		`{"arguments":{"x":1}}`, `{"arguments":{"x":"1"}}`, `{"routing_key":"~"}`,
	} {
		const path = "/api/bindings/%2F/e/amq.direct/q/"
		w := g.call(t, rootUser, post, path+"a%20b%2Fc", body)
		require.Equal(t, http.StatusCreated, w.Code, w.Body)
		location := w.Header().Get("Location")
		g.expect(t, 200, rootUser, get, path+location, "")
		g.expect(t, 204, rootUser, del, path+location, "")
	}
}

func TestBindings_LocationOfPlainKeys(t *testing.T) {
	g := newRig(t)
	g.expect(t, 201, rootUser, set, "/api/queues/%2F/q", "")
	for body, want := range map[string]string{`{}`: "q/~", `{"routing_key":"zz"}`: "q/zz", `{"routing_key":"a.*"}`: "q/a.%252A"} {
		w := g.call(t, rootUser, post, "/api/bindings/%2F/e/amq.direct/q/q", body)
		require.Equal(t, want, w.Header().Get("Location"))
	}
}

// TestPermissions are what the caller may do with what is there, which is what an AMQP
// client could.
func TestPermissions(t *testing.T) {
	g := newRig(t)
	_, err := g.SetPermission(admin.Actor{}, definitions.Permission{User: plainUser, VHost: "/", Configure: "^m", Write: "^m", Read: "^m"})
	require.NoError(t, err)
	g.talk(t, rootUser, []exchanged{{set, "queues/%2F/c", "", 201, ""}})
	g.talk(t, plainUser, []exchanged{
		{get, "queues?columns=name", "", 200, `[{"name":"c"}]`},
		{get, "queues/other", "", 401, `{"error":"not_authorised","reason":"User not authorised to access virtual host"}`},
		{set, "queues/%2F/mine", "{}", 201, ""},
		{set, "queues/%2F/yours", "{}", 401, isRefused},
		{set, "queues/%2F/mdead", `{"arguments":{"x-dead-letter-exchange":"x"}}`, 401, isRefused},
		{get, "queues/%2F/c?columns=name", "", 200, `{"name":"c"}`},
		{del, "queues/%2F/c", "", 401, isRefused},
		{del, "queues/%2F/c/contents", "", 401, isRefused},
		{post, "queues/%2F/c/get", `{"count":1,"ackmode":"ack_requeue_true","encoding":"auto"}`, 401,
			`{"error":"not_authorised","reason":"ACCESS_REFUSED - read access to queue 'c' in vhost '/' refused for user 'management'"}`},
		{post, "exchanges/%2F/amq.default/publish", `{"properties":{},"routing_key":"c","payload":"a","payload_encoding":"string"}`, 400,
			reason(`"403 ACCESS_REFUSED - write access to exchange 'amq.default' in vhost '/' refused for user 'management'"`)},
		{post, "bindings/%2F/e/amq.direct/q/mine", "{}", 401, isRefused},
		{post, "bindings/%2F/e/amq.direct/q/c", "{}", 401, isRefused},
		{set, "exchanges/%2F/mx", "{}", 201, ""},
		{set, "exchanges/%2F/yx", "{}", 401, isRefused},
		{post, "bindings/%2F/e/mx/q/mine", "{}", 201, ""},
		{del, "bindings/%2F/e/mx/q/mine/~", "", 204, ""},
		{del, "exchanges/%2F/mx", "", 204, ""},
		{post, "queues/%2F/mine/actions", `{"action":"sync"}`, 401, `{"error":"not_authorised","reason":"Not administrator user"}`},
		{del, "queues/%2F/mine", "", 204, ""},
		{get, "consumers", "", 200, "[]"},
		{get, "nodes", "", 401, `{"error":"not_authorised","reason":"Not monitor user"}`},
		{get, "connections/username/root", "", 401, `{"error":"not_authorised","reason":"User not authorised to access object"}`},
		{get, "connections/username/management", "", 200, "[]"},
		{del, "connections/username/root", "", 401, `{"error":"not_authorised","reason":"User not authorised to access object"}`},
	})
	g.talk(t, monitorUser, []exchanged{
		{get, "queues?columns=name", "", 200, `[{"name":"c"}]`},
		{get, "connections/username/root", "", 200, "[]"},
		{del, "connections/username/root", "", 401, `{"error":"not_authorised","reason":"User not authorised to access object"}`},
	})
}

func TestWrites_RefuseWhatAMQPHasNoRoomFor(t *testing.T) {
	long := strings.Repeat("n", 256)
	refused := func(what string) string {
		return reason(`"` + what + ` should be less than 255 bytes, actually was 256\n"`)
	}
	newRig(t).talk(t, rootUser, []exchanged{
		{set, "queues/%2F/q", "", 201, ""},
		{set, "queues/%2F/" + long[1:], "", 201, ""},
		{set, "queues/%2F/" + long, "", 400, refused("queue")},
		{set, "exchanges/%2F/" + long, "", 400, refused("exchange")},
		{post, "bindings/%2F/e/amq.direct/q/q", `{"routing_key":"` + long + `"}`, 400, refused("routing_key")},
		{post, "exchanges/%2F/amq.topic/publish", `{"properties":{},"routing_key":"` + long + `","payload":"","payload_encoding":"string"}`, 400, refused("routing_key")},
		{post, "exchanges/%2F/amq.topic/publish", sent(`{"message_id":"`+long+`"}`, "", "string"), 400, refused("message_id")},
	})
}
