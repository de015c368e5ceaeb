package conformance

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	refusedAccess = `{"error":"not_authorised","reason":"Access refused."}`
	nullRefused   = `{"error":"bad_request","reason":"null_not_allowed"}`
)

func TestHTTP_Queues(t *testing.T) {
	rule(t, "http")
	const q = "/api/queues/{v}/"
	askAll(t, newPlace(t), []askCase{
		{name: "new", method: "PUT", path: q + "w", body: `{"durable":true}`, status: 201},
		{name: "again", method: "PUT", path: q + "w", body: `{"durable":true}`, status: 204},
		{name: "different", method: "PUT", path: q + "w", body: `{"durable":false}`, status: 400,
			want: `{"error":"bad_request","reason":"inequivalent arg 'durable' for queue 'w' in vhost '{v}': received 'false' but current is 'true'"}`},
		{name: "without a body", method: "PUT", path: q + "w2", status: 201},
		{name: "is not durable", method: "GET", path: q + "w2?columns=durable,auto_delete,exclusive", status: 200,
			want: `{"durable":false,"auto_delete":false,"exclusive":false}`},
		{name: "text of a truth value", method: "PUT", path: q + "w3", body: `{"durable":"true"}`, status: 201},
		{name: "is one", method: "GET", path: q + "w3?columns=durable,exclusive,name,vhost,type", status: 200,
			want: `{"durable":true,"exclusive":false,"name":"w3","vhost":"{v}","type":"classic"}`},
		{name: "exclusive", method: "PUT", path: q + "ex", body: `{"exclusive":true}`, status: 201},
		{name: "is not", method: "GET", path: q + "ex?columns=exclusive", status: 200, want: `{"exclusive":false}`},
		{name: "no truth value", method: "PUT", path: q + "w4", body: `{"durable":"x"}`, status: 400, want: `~not_boolean`},
		{name: "null for a truth value", method: "PUT", path: q + "w4", body: `{"durable":null}`, status: 400, want: `~not_boolean`},
		{name: "no JSON", method: "PUT", path: q + "w4", body: `nonsense`, status: 400, want: notJSON},
		{name: "a list", method: "PUT", path: q + "w4", body: `[]`, status: 400, want: notJSON},
		{name: "elsewhere", method: "PUT", path: q + "w4", body: `{"node":"nope@x"}`, status: 400,
			want: `{"error":"bad_request","reason":"Node nope@x could not be contacted"}`},
		{name: "empty list of arguments", method: "PUT", path: q + "w5", body: `{"arguments":[]}`, status: 201},
		{name: "null among arguments", method: "PUT", path: q + "w6", body: `{"arguments":{"x":null}}`, status: 400, want: nullRefused},
		{name: "arguments", method: "PUT", path: q + "w7", body: `{"arguments":{"x-max-length":10,"f":1.5,"l":[1,{"b":true}],"s":"x"}}`, status: 201},
		{name: "come back", method: "GET", path: q + "w7?columns=arguments", status: 200, want: `~"x-max-length":10`},
		{name: "with what they have in them", method: "GET", path: q + "w7?columns=arguments", status: 200, want: `~"l":[1,{"b":true}]`},
		{name: "of a wrong type", method: "PUT", path: q + "bad", body: `{"arguments":{"x-max-length":"abc"}}`, status: 400,
			want: `{"error":"bad_request","reason":"invalid arg 'x-max-length' for queue 'bad' in vhost '{v}': \"expected integer, got longstr\""}`},
		{name: "reserved name", method: "PUT", path: q + "amq.foo", body: `{}`, status: 401, want: refusedAccess},
		{name: "deleting none", method: "DELETE", path: q + "none", status: 404, want: notThere},
		{name: "purging none", method: "DELETE", path: q + "none/contents", status: 404, want: notThere},
		{name: "showing none", method: "GET", path: q + "none", status: 404, want: notThere},
		{name: "no virtual host", method: "PUT", path: "/api/queues/{v}x/q", body: `{}`, status: 404, want: noSuchVHost},
		{name: "list of no virtual host", method: "GET", path: "/api/queues/{v}x", status: 404, want: notThere},
		{name: "any name", method: "PUT", path: q + "a%20b%2Fc", status: 201},
		{name: "is the name", method: "GET", path: q + "a%20b%2Fc?columns=name", status: 200, want: `{"name":"a b/c"}`},
		{name: "a plus is a plus", method: "GET", path: q + "a+b%2Fc", status: 404, want: notThere},
		{name: "trailing slash", method: "GET", path: "/api/queues/{v}/?columns=name&sort=name&page=1&page_size=2", status: 200,
			want: `~"items":[{"name":"a b/c"},{"name":"ex"}]`},
		{name: "no action", method: "POST", path: q + "w/actions", body: `{}`, status: 400,
			want: `{"error":"bad_request","reason":"[{key_missing,action}]"}`},
		{name: "unknown action", method: "POST", path: q + "w/actions", body: `{"action":"nope"}`, status: 400, want: `~nope`},
		{name: "deleting", method: "DELETE", path: q + "w", status: 204},
		{name: "is the end", method: "GET", path: q + "w", status: 404, want: notThere},
		{name: "deleting one that is unused and empty", method: "DELETE", path: q + "w2?if-unused=true&if-empty=true", status: 204},
	})
}

func TestHTTP_Exchanges(t *testing.T) {
	rule(t, "http")
	const x = "/api/exchanges/{v}/"
	askAll(t, newPlace(t), []askCase{
		{name: "new", method: "PUT", path: x + "x", body: `{"type":"topic"}`, status: 201},
		{name: "again", method: "PUT", path: x + "x", body: `{"type":"topic"}`, status: 204},
		{name: "different", method: "PUT", path: x + "x", body: `{"type":"fanout"}`, status: 400,
			want: `{"error":"bad_request","reason":"inequivalent arg 'type' for exchange 'x' in vhost '{v}': received 'fanout' but current is 'topic'"}`},
		{name: "without a body", method: "PUT", path: x + "y", status: 201},
		{name: "is direct and not durable", method: "GET", path: x + "y?columns=type,durable,internal,auto_delete,arguments", status: 200,
			want: `{"type":"direct","durable":false,"internal":false,"auto_delete":false,"arguments":{}}`},
		{name: "with everything", method: "PUT", path: x + "z", status: 201,
			body: `{"type":"fanout","internal":true,"auto_delete":true,"durable":true,"arguments":{"alternate-exchange":"x"}}`},
		{name: "comes back", method: "GET", path: x + "z?columns=type,durable,internal,auto_delete,arguments,name,vhost", status: 200,
			want: `{"type":"fanout","durable":true,"internal":true,"auto_delete":true,"arguments":{"alternate-exchange":"x"},"name":"z","vhost":"{v}"}`},
		{name: "unknown type", method: "PUT", path: x + "u", body: `{"type":"nope"}`, status: 400, want: `~exchange type 'nope'`},
		{name: "no type", method: "PUT", path: x + "u", body: `{"type":""}`, status: 400, want: `~exchange type ''`},
		{name: "no truth value", method: "PUT", path: x + "u", body: `{"internal":"x"}`, status: 400, want: `~not_boolean`},
		{name: "alternate that is no text", method: "PUT", path: x + "u", body: `{"arguments":{"alternate-exchange":5}}`, status: 400,
			want: `{"error":"bad_request","reason":"invalid type 'long' for arg 'alternate-exchange' in exchange 'u' in vhost '{v}'"}`},
		{name: "default one", method: "PUT", path: x + "amq.default", body: `{}`, status: 401, want: refusedAccess},
		{name: "reserved name", method: "PUT", path: x + "amq.zzz", body: `{}`, status: 401, want: refusedAccess},
		{name: "predeclared ones are durable", method: "PUT", path: x + "amq.direct", body: `{"type":"direct"}`, status: 400,
			want: `{"error":"bad_request","reason":"inequivalent arg 'durable' for exchange 'amq.direct' in vhost '{v}': received 'false' but current is 'true'"}`},
		{name: "deleting a predeclared one", method: "DELETE", path: x + "amq.direct", status: 401, want: refusedAccess},
		{name: "deleting the default one", method: "DELETE", path: x + "amq.default", status: 401, want: refusedAccess},
		{name: "deleting none", method: "DELETE", path: x + "none", status: 404, want: notThere},
		{name: "showing none", method: "GET", path: x + "none", status: 404, want: notThere},
		{name: "default one has no name", method: "GET", path: x + "amq.default?columns=name,type,durable", status: 200,
			want: `{"name":"","type":"direct","durable":true}`},
		{name: "bindings of none", method: "GET", path: x + "none/bindings/source", status: 200, want: `[]`},
		{name: "bindings to none", method: "GET", path: x + "none/bindings/destination", status: 200, want: `[]`},
		{name: "list", method: "GET", path: "/api/exchanges/{v}?columns=name&sort=name", status: 200,
			want: `[{"name":""},{"name":"amq.direct"},{"name":"amq.fanout"},{"name":"amq.headers"},{"name":"amq.match"},` +
				`{"name":"amq.rabbitmq.trace"},{"name":"amq.topic"},{"name":"x"},{"name":"y"},{"name":"z"}]`},
		{name: "binding", method: "POST", path: "/api/bindings/{v}/e/x/e/y", body: `{}`, status: 201},
		{name: "in use", method: "DELETE", path: x + "x?if-unused=true", status: 400,
			want: `{"error":"bad_request","reason":"exchange 'x' in vhost '{v}' in use"}`},
		{name: "deleting", method: "DELETE", path: x + "x", status: 204},
	})
}

func TestHTTP_Bindings(t *testing.T) {
	rule(t, "http")
	const b = "/api/bindings/{v}/"
	askAll(t, newPlace(t), []askCase{
		{name: "a queue", method: "PUT", path: "/api/queues/{v}/q", status: 201},
		{name: "a topic exchange", method: "PUT", path: "/api/exchanges/{v}/x", body: `{"type":"topic"}`, status: 201},
		{name: "a fanout exchange", method: "PUT", path: "/api/exchanges/{v}/y", body: `{"type":"fanout"}`, status: 201},
		{name: "without a key", method: "POST", path: b + "e/x/q/q", body: `{}`, status: 201},
		{name: "again", method: "POST", path: b + "e/x/q/q", body: `{}`, status: 201},
		{name: "with a key", method: "POST", path: b + "e/x/q/q", body: `{"routing_key":"a.*"}`, status: 201},
		{name: "with arguments", method: "POST", path: b + "e/x/q/q", body: `{"routing_key":"a","arguments":{"k":1}}`, status: 201},
		{name: "to an exchange", method: "POST", path: b + "e/x/e/y", body: `{"routing_key":"#"}`, status: 201},
		{name: "from none", method: "POST", path: b + "e/none/q/q", body: `{}`, status: 404,
			want: `{"error":"not_found","reason":"no exchange 'none' in vhost '{v}'"}`},
		{name: "to no queue", method: "POST", path: b + "e/x/q/none", body: `{}`, status: 404,
			want: `{"error":"not_found","reason":"no queue 'none' in vhost '{v}'"}`},
		{name: "to no exchange", method: "POST", path: b + "e/x/e/none", body: `{}`, status: 404,
			want: `{"error":"not_found","reason":"no exchange 'none' in vhost '{v}'"}`},
		{name: "from the default exchange", method: "POST", path: b + "e/amq.default/q/q", body: `{"routing_key":"z"}`, status: 401, want: refusedAccess},
		{name: "from the exchange without a name", method: "POST", path: b + "e//q/q", body: `{"routing_key":"z"}`, status: 401, want: refusedAccess},
		{name: "one without a key", method: "GET", path: b + "e/x/q/q/~", status: 200,
			want: `{"source":"x","vhost":"{v}","destination":"q","destination_type":"queue","routing_key":"","arguments":{},"properties_key":"~"}`},
		{name: "one with a key", method: "GET", path: b + "e/x/q/q/a.%252A?columns=routing_key,properties_key", status: 200,
			want: `{"routing_key":"a.*","properties_key":"a.%2A"}`},
		{name: "none of the key", method: "GET", path: b + "e/x/q/q/none", status: 404, want: notThere},
		{name: "between", method: "GET", path: b + "e/x/q/q?columns=routing_key&sort=routing_key", status: 200,
			want: `[{"routing_key":""},{"routing_key":"a"},{"routing_key":"a.*"}]`},
		{name: "between exchanges", method: "GET", path: b + "e/x/e/y?columns=source,destination,destination_type", status: 200,
			want: `[{"source":"x","destination":"y","destination_type":"exchange"}]`},
		{name: "to no queue there are none", method: "GET", path: b + "e/x/q/none", status: 200, want: `[]`},
		{name: "by the name of the queue", method: "GET", path: b + "e//q/q", status: 200,
			want: `[{"source":"","vhost":"{v}","destination":"q","destination_type":"queue","routing_key":"q","arguments":{},"properties_key":"q"}]`},
		{name: "of the queue", method: "GET", path: "/api/queues/{v}/q/bindings?columns=source&sort=source", status: 200,
			want: `[{"source":""},{"source":"x"},{"source":"x"},{"source":"x"}]`},
		{name: "from the exchange", method: "GET", path: "/api/exchanges/{v}/x/bindings/source?columns=destination&sort=destination", status: 200,
			want: `[{"destination":"q"},{"destination":"q"},{"destination":"q"},{"destination":"y"}]`},
		{name: "to the exchange", method: "GET", path: "/api/exchanges/{v}/y/bindings/destination?columns=source", status: 200, want: `[{"source":"x"}]`},
		{name: "no virtual host", method: "GET", path: "/api/bindings/{v}x", status: 404, want: notThere},
		{name: "removing the implicit one", method: "DELETE", path: b + "e//q/q/q", status: 401, want: refusedAccess},
		{name: "removing none", method: "DELETE", path: b + "e/x/q/q/none", status: 404, want: notThere},
		{name: "removing", method: "DELETE", path: b + "e/x/q/q/~", status: 204},
		{name: "removing by key", method: "DELETE", path: b + "e/x/q/q/a.%252A", status: 204},
		{name: "removing from an exchange", method: "DELETE", path: b + "e/x/e/y/%2523", status: 204},
		{name: "one is left", method: "GET", path: b + "e/x/q/q?columns=routing_key", status: 200, want: `[{"routing_key":"a"}]`},
	})
}

func TestHTTP_LocationOfABindingLeadsToIt(t *testing.T) {
	rule(t, "http")
	p := newPlace(t)
	require.Equal(t, 201, ask(t, "", http.MethodPut, "/api/queues/"+p.vhost+"/q", "").status)
	path := "/api/bindings/" + p.vhost + "/e/amq.topic/q/"
	for _, body := range []string{
		`{}`, `{"routing_key":"zz"}`, `{"routing_key":"r/k *"}`, `{"routing_key":"k","arguments":{"x":1}}`, `{"arguments":{"x":"1"}}`,
	} {
		made := ask(t, "", http.MethodPost, path+"q", body)
		require.Equal(t, 201, made.status, made.body)
		location, err := url.Parse(made.header.Get("Location"))
		require.NoError(t, err)
		there := ask(t, "", http.MethodGet, path+location.EscapedPath(), "")
		require.Equal(t, 200, there.status, "%s: %s", location, there.body)
		require.Equal(t, 204, ask(t, "", http.MethodDelete, path+location.EscapedPath(), "").status)
	}
}

func TestHTTP_RightsOfTheCaller(t *testing.T) {
	rule(t, "http")
	p := newPlace(t)
	user := p.fill("{x}-m")
	t.Cleanup(func() { ask(t, "", http.MethodDelete, "/api/users/"+user, "") })
	require.Equal(t, 201, ask(t, "", http.MethodPut, "/api/users/"+user, `{"password":"`+user+`","tags":"management"}`).status)
	require.Equal(t, 201, ask(t, "", http.MethodPut, "/api/permissions/"+p.vhost+"/"+user,
		`{"configure":"^m","write":"^m","read":"^m"}`).status)
	require.Equal(t, 201, ask(t, "", http.MethodPut, "/api/queues/"+p.vhost+"/c", "").status)
	as := "{x}-m"
	askAll(t, p, []askCase{
		{name: "declaring its own", as: as, method: "PUT", path: "/api/queues/{v}/mine", body: `{}`, status: 201},
		{name: "declaring another's", as: as, method: "PUT", path: "/api/queues/{v}/yours", body: `{}`, status: 401, want: refusedAccess},
		{name: "with dead letters", as: as, method: "PUT", path: "/api/queues/{v}/mdead", body: `{"arguments":{"x-dead-letter-exchange":"x"}}`,
			status: 401, want: refusedAccess},
		{name: "looking", as: as, method: "GET", path: "/api/queues/{v}/c?columns=name", status: 200, want: `{"name":"c"}`},
		{name: "deleting another's", as: as, method: "DELETE", path: "/api/queues/{v}/c", status: 401, want: refusedAccess},
		{name: "purging another's", as: as, method: "DELETE", path: "/api/queues/{v}/c/contents", status: 401, want: refusedAccess},
		{name: "getting from another's", as: as, method: "POST", path: "/api/queues/{v}/c/get", status: 401,
			body: `{"count":1,"ackmode":"ack_requeue_true","encoding":"auto"}`, want: `~access to queue 'c' in vhost '{v}' refused for user '{x}-m'`},
		{name: "publishing elsewhere", as: as, method: "POST", path: "/api/exchanges/{v}/amq.default/publish", status: 400,
			body: `{"properties":{},"routing_key":"c","payload":"a","payload_encoding":"string"}`,
			want: `~access to exchange 'amq.default' in vhost '{v}' refused for user '{x}-m'`},
		{name: "binding", as: as, method: "POST", path: "/api/bindings/{v}/e/amq.direct/q/mine", body: `{}`, status: 401, want: refusedAccess},
		{name: "declaring an exchange", as: as, method: "PUT", path: "/api/exchanges/{v}/mx", body: `{}`, status: 201},
		{name: "declaring another's exchange", as: as, method: "PUT", path: "/api/exchanges/{v}/yx", body: `{}`, status: 401, want: refusedAccess},
		{name: "binding its own", as: as, method: "POST", path: "/api/bindings/{v}/e/mx/q/mine", body: `{}`, status: 201},
		{name: "deleting its exchange", as: as, method: "DELETE", path: "/api/exchanges/{v}/mx", status: 204},
		{name: "deleting its own", as: as, method: "DELETE", path: "/api/queues/{v}/mine", status: 204},
		{name: "acting", as: as, method: "POST", path: "/api/queues/{v}/c/actions", body: `{"action":"x"}`, status: 401, want: noAdmin},
		{name: "nodes", as: as, method: "GET", path: "/api/nodes", status: 401, want: `{"error":"not_authorised","reason":"Not monitor user"}`},
		{name: "connections are its own", as: as, method: "GET", path: "/api/connections", status: 200, want: `[]`},
		{name: "channels are its own", as: as, method: "GET", path: "/api/channels", status: 200, want: `[]`},
		{name: "another virtual host", as: as, method: "GET", path: "/api/queues/%2F", status: 401, want: noVHostAccess},
	})
}
