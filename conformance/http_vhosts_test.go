package conformance

import "testing"

func TestHTTP_VHosts(t *testing.T) {
	rule(t, "http")
	p := newPlace(t)
	const some = "?columns=name,description,tags,tracing"
	askAll(t, p, []askCase{
		{name: "who makes it may do everything", method: "GET", path: "/api/vhosts/{v}/permissions", status: 200, want: `~".*"`},
		{name: "changed", method: "PUT", path: "/api/vhosts/{v}", body: `{"description":"d","tags":"a,b","tracing":true}`, status: 204},
		{name: "comes back", method: "GET", path: "/api/vhosts/{v}" + some, status: 200,
			want: `{"name":"{v}","description":"d","tags":["a","b"],"tracing":true}`},
		{name: "in the list", method: "GET", path: "/api/vhosts", status: 200, want: `~"{v}"`},
		{name: "what is not given goes", method: "PUT", path: "/api/vhosts/{v}", body: `{"tags":["c"]}`, status: 204},
		{name: "but for the tracing", method: "GET", path: "/api/vhosts/{v}" + some, status: 200,
			want: `{"name":"{v}","description":"","tags":["c"],"tracing":true}`},
		{name: "truth as text", method: "PUT", path: "/api/vhosts/{v}", body: `{"tracing":"false"}`, status: 204},
		{name: "neither true nor false", method: "PUT", path: "/api/vhosts/{v}", body: `{"tracing":"yes"}`, status: 400, want: "~not_boolean"},
		{name: "no JSON", method: "PUT", path: "/api/vhosts/{v}", body: `nope`, status: 400, want: notJSON},
		{name: "missing", method: "GET", path: "/api/vhosts/{x}-none", status: 404, want: notThere},
		{name: "permissions of nothing", method: "GET", path: "/api/vhosts/{x}-none/permissions", status: 404, want: notThere},
		{name: "start on another node", method: "POST", path: "/api/vhosts/{v}/start/nope@x", status: 400,
			want: `{"error":"bad_request","reason":"Request to node nope@x failed with nodedown"}`},
		{name: "second", method: "PUT", path: "/api/vhosts/{v}-2", status: 201},
		{name: "deleted", method: "DELETE", path: "/api/vhosts/{v}-2", status: 204},
		{name: "deleted twice", method: "DELETE", path: "/api/vhosts/{v}-2", status: 404, want: notThere},
		{name: "empty segment", method: "GET", path: "/api//vhosts", status: 404, want: notThere},
	})
}

func TestHTTP_Limits(t *testing.T) {
	rule(t, "http")
	p := newPlace(t)
	askAll(t, p, []askCase{
		{name: "virtual host", method: "PUT", path: "/api/vhost-limits/{v}/max-connections", body: `{"value":5}`, status: 204},
		{name: "virtual host, negative", method: "PUT", path: "/api/vhost-limits/{v}/max-queues", body: `{"value":-1}`, status: 204},
		{name: "virtual host, list", method: "GET", path: "/api/vhost-limits/{v}", status: 200,
			want: `[{"vhost":"{v}","value":{"max-connections":5,"max-queues":-1}}]`},
		{name: "virtual host, all", method: "GET", path: "/api/vhost-limits", status: 200, want: `~"{v}"`},
		{name: "virtual host, as a parameter", method: "GET", path: "/api/parameters/vhost-limits/{v}/limits", status: 200,
			want: `{"vhost":"{v}","component":"vhost-limits","name":"limits","value":{"max-connections":5,"max-queues":-1}}`},
		{name: "virtual host, text", method: "PUT", path: "/api/vhost-limits/{v}/max-queues", body: `{"value":"5"}`, status: 400,
			want: `{"error":"bad_request","reason":"Validation failed\n\nmax-queues should be a number, actually was <<\"5\">>\n"}`},
		{name: "virtual host, fraction", method: "PUT", path: "/api/vhost-limits/{v}/max-queues", body: `{"value":1.5}`, status: 400,
			want: `{"error":"bad_request","reason":"Validation failed\n\nmax-queues should be a number, actually was 1.5\n"}`},
		{name: "virtual host, nothing", method: "PUT", path: "/api/vhost-limits/{v}/max-queues", body: `{}`, status: 400,
			want: `{"error":"bad_request","reason":"[{key_missing,value}]"}`},
		{name: "virtual host, unknown", method: "PUT", path: "/api/vhost-limits/{v}/nope", body: `{"value":5}`, status: 400,
			want: `{"error":"bad_request","reason":"Validation failed\n\nUnrecognised terms [{<<\"nope\">>,5}] in limits\n"}`},
		{name: "virtual host that is missing", method: "PUT", path: "/api/vhost-limits/{x}-none/max-queues", body: `{"value":5}`,
			status: 404, want: noSuchVHost},
		{name: "limits of what is missing", method: "GET", path: "/api/vhost-limits/{x}-none", status: 404, want: notThere},
		{name: "virtual host, deleted", method: "DELETE", path: "/api/vhost-limits/{v}/max-connections", status: 204},
		{name: "virtual host, deleted twice", method: "DELETE", path: "/api/vhost-limits/{v}/max-connections", status: 204},
		{name: "virtual host, the last one", method: "DELETE", path: "/api/vhost-limits/{v}/max-queues", status: 204},
		{name: "virtual host, none", method: "GET", path: "/api/vhost-limits/{v}", status: 200, want: `[]`},

		{name: "user", method: "PUT", path: "/api/user-limits/{u}/max-connections", body: `{"value":5}`, status: 204},
		{name: "user, list", method: "GET", path: "/api/user-limits/{u}", status: 200, want: `[{"user":"{u}","value":{"max-connections":5}}]`},
		{name: "user, all", method: "GET", path: "/api/user-limits", status: 200, want: `~"{u}"`},
		{name: "user, text", method: "PUT", path: "/api/user-limits/{u}/max-channels", body: `{"value":"6"}`, status: 400,
			want: `{"error":"bad_request","reason":"max-channels should be a number, actually was <<\"6\">>"}`},
		{name: "user, unknown", method: "PUT", path: "/api/user-limits/{u}/nope", body: `{"value":5}`, status: 400,
			want: `{"error":"bad_request","reason":"Unrecognised terms [{<<\"nope\">>,5}] in user-limits"}`},
		{name: "user that is missing", method: "PUT", path: "/api/user-limits/{x}-none/max-channels", body: `{"value":5}`, status: 400,
			want: "~no_such_user"},
		{name: "limits of nobody", method: "GET", path: "/api/user-limits/{x}-none", status: 404, want: notThere},
		{name: "user, deleted", method: "DELETE", path: "/api/user-limits/{u}/max-connections", status: 204},
		{name: "user, deleted twice", method: "DELETE", path: "/api/user-limits/{u}/max-connections", status: 204},
		{name: "user, none", method: "GET", path: "/api/user-limits/{u}", status: 200, want: `[]`},
	})
}
