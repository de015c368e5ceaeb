package conformance

import "testing"

func TestHTTP_Policies(t *testing.T) {
	rule(t, "http")
	p := newPlace(t)
	validation := func(text string) string {
		return `{"error":"bad_request","reason":"Validation failed\n\n` + text + `\n"}`
	}
	askAll(t, p, []askCase{
		{name: "new", method: "PUT", path: "/api/policies/{v}/p", body: `{"pattern":"^a","definition":{"max-length":5}}`, status: 201},
		{name: "changed", method: "PUT", path: "/api/policies/{v}/p",
			body: `{"pattern":"^a","definition":{"max-length":6},"priority":3,"apply-to":"queues"}`, status: 204},
		{name: "comes back", method: "GET", path: "/api/policies/{v}/p", status: 200,
			want: `{"vhost":"{v}","name":"p","pattern":"^a","apply-to":"queues","definition":{"max-length":6},"priority":3}`},
		{name: "defaults", method: "PUT", path: "/api/policies/{v}/p2", body: `{"pattern":"","definition":{"max-length":5},"name":"zz","vhost":"/"}`,
			status: 201},
		{name: "defaults come back", method: "GET", path: "/api/policies/{v}/p2", status: 200,
			want: `{"vhost":"{v}","name":"p2","pattern":"","apply-to":"all","definition":{"max-length":5},"priority":0}`},
		{name: "list", method: "GET", path: "/api/policies/{v}?columns=name", status: 200, want: `~{"name":"p2"}`},
		{name: "as a parameter", method: "GET", path: "/api/parameters/policy/{v}/p", status: 200,
			want: `{"vhost":"{v}","component":"policy","name":"p","value":{"pattern":"^a","definition":{"max-length":6},"priority":3,"apply-to":"queues"}}`},
		{name: "not as a parameter", method: "PUT", path: "/api/parameters/policy/{v}/p",
			body: `{"value":{"pattern":"a","definition":{"max-length":1}}}`, status: 400,
			want: `{"error":"bad_request","reason":"policies may not be set using this method"}`},
		{name: "key missing", method: "PUT", path: "/api/policies/{v}/p3", body: `{"definition":{"max-length":5}}`, status: 400,
			want: `{"error":"bad_request","reason":"[{key_missing,pattern}]"}`},
		{name: "nothing", method: "PUT", path: "/api/policies/{v}/p3", status: 400,
			want: `{"error":"bad_request","reason":"[{key_missing,pattern},{key_missing,definition}]"}`},
		{name: "unknown key", method: "PUT", path: "/api/policies/{v}/p3", body: `{"pattern":"^a","definition":{"nope":1}}`, status: 400,
			want: validation(`[{&lt;&lt;\"nope\"&gt;&gt;,1}] are not recognised policy settings`)},
		{name: "wrong value", method: "PUT", path: "/api/policies/{v}/p3", body: `{"pattern":"^a","definition":{"max-length":-5}}`, status: 400,
			want: validation(`-5 is not a valid maximum length`)},
		{name: "wrong priority", method: "PUT", path: "/api/policies/{v}/p3",
			body: `{"pattern":"^a","definition":{"max-length":5},"priority":"4"}`, status: 400,
			want: validation(`priority should be a number, actually was &lt;&lt;\"4\"&gt;&gt;`)},
		{name: "empty definition", method: "PUT", path: "/api/policies/{v}/p3", body: `{"pattern":"^a","definition":{}}`, status: 400,
			want: validation(`no policy provided`)},
		{name: "pattern that is none", method: "PUT", path: "/api/policies/{v}/p3", body: `{"pattern":"(","definition":{"max-length":5}}`,
			status: 400, want: "~pattern should be regular expression but is invalid"},
		{name: "unknown virtual host", method: "PUT", path: "/api/policies/{x}-none/p", body: `{"pattern":"","definition":{"max-length":5}}`,
			status: 404, want: noSuchVHost},
		{name: "of what is missing", method: "GET", path: "/api/policies/{x}-none", status: 404, want: notThere},
		{name: "missing", method: "GET", path: "/api/policies/{v}/none", status: 404, want: notThere},
		{name: "deleted", method: "DELETE", path: "/api/policies/{v}/p", status: 204},
		{name: "deleted twice", method: "DELETE", path: "/api/policies/{v}/p", status: 404, want: notThere},

		{name: "operator policy", method: "PUT", path: "/api/operator-policies/{v}/op", body: `{"pattern":"^a","definition":{"max-length":5}}`,
			status: 201},
		{name: "operator policy comes back", method: "GET", path: "/api/operator-policies/{v}/op", status: 200,
			want: `{"vhost":"{v}","name":"op","pattern":"^a","apply-to":"all","definition":{"max-length":5},"priority":0}`},
		{name: "operator policies", method: "GET", path: "/api/operator-policies/{v}?columns=name", status: 200, want: `[{"name":"op"}]`},
		{name: "operator policy that may not", method: "PUT", path: "/api/operator-policies/{v}/op",
			body: `{"pattern":"^a","definition":{"dead-letter-exchange":"x"}}`, status: 400,
			want: validation(`[{<<\"dead-letter-exchange\">>,<<\"x\">>}] are not recognised policy settings`)},
		{name: "operator policy in parameters", method: "GET", path: "/api/parameters/operator_policy/{v}?columns=name,component", status: 200,
			want: `[{"name":"op","component":"operator_policy"}]`},
		{name: "operator policy, deleted", method: "DELETE", path: "/api/operator-policies/{v}/op", status: 204},
		{name: "operator policy, deleted twice", method: "DELETE", path: "/api/operator-policies/{v}/op", status: 404, want: notThere},
	})
}

func TestHTTP_Parameters(t *testing.T) {
	rule(t, "http")
	p := newPlace(t)
	t.Cleanup(func() { ask(t, "", "DELETE", p.fill("/api/global-parameters/{x}"), "") })
	askAll(t, p, []askCase{
		{name: "unknown component", method: "PUT", path: "/api/parameters/nope/{v}/x", body: `{"value":{"a":1}}`, status: 400,
			want: `{"error":"bad_request","reason":"Validation failed\n\ncomponent nope not found\n"}`},
		{name: "unknown virtual host", method: "PUT", path: "/api/parameters/nope/{x}-none/x", body: `{"value":{"a":1}}`, status: 404,
			want: noSuchVHost},
		{name: "no value", method: "PUT", path: "/api/parameters/nope/{v}/x", body: `{}`, status: 400,
			want: `{"error":"bad_request","reason":"[{key_missing,value}]"}`},
		{name: "none of a component", method: "GET", path: "/api/parameters/nope/{v}", status: 200, want: `[]`},
		{name: "missing", method: "GET", path: "/api/parameters/nope/{v}/x", status: 404, want: notThere},
		{name: "deleted, missing", method: "DELETE", path: "/api/parameters/nope/{v}/x", status: 404, want: notThere},
		{name: "global", method: "PUT", path: "/api/global-parameters/{x}", body: `{"value":{"a":1,"b":[1,2,{"c":null}],"d":1.5,"e":"x"}}`, status: 201},
		{name: "global comes back", method: "GET", path: "/api/global-parameters/{x}", status: 200,
			want: `{"name":"{x}","value":{"a":1,"b":[1,2,{"c":null}],"d":1.5,"e":"x"}}`},
		{name: "global, no value", method: "PUT", path: "/api/global-parameters/{x}", body: `{}`, status: 400,
			want: `{"error":"bad_request","reason":"[{key_missing,value}]"}`},
		{name: "globals", method: "GET", path: "/api/global-parameters", status: 200, want: `~"{x}"`},
		{name: "global, deleted", method: "DELETE", path: "/api/global-parameters/{x}", status: 204},
		{name: "global, deleted twice", method: "DELETE", path: "/api/global-parameters/{x}", status: 404, want: notThere},
		{name: "name of the cluster, no name", method: "PUT", path: "/api/cluster-name", body: `{}`, status: 400,
			want: `{"error":"bad_request","reason":"[{key_missing,name}]"}`},
	})
}
