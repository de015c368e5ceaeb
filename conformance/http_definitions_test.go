package conformance

import (
	"bytes"
	"encoding/json"
	"mime/multipart"
	"net/http"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// allKinds is a file with one of each kind, for the place of a test.
const allKinds = `{
	"users":[{"name":"{u}","password_hash":"kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR","tags":["management"],
		"hashing_algorithm":"rabbit_password_hashing_sha256","limits":{"max-channels":7}}],
	"permissions":[{"user":"{u}","vhost":"{v}","configure":"^a","write":"b$","read":".*"}],
	"topic_permissions":[{"user":"{u}","vhost":"{v}","exchange":"amq.topic","write":"^a","read":"^b"}],
	"parameters":[{"vhost":"{v}","component":"operator_policy","name":"op",
		"value":{"pattern":".*","definition":{"max-length":1000},"priority":0,"apply-to":"queues"}},
		{"vhost":"{v}","component":"vhost-limits","name":"limits","value":{"max-queues":70}}],
	"policies":[{"vhost":"{v}","name":"p","pattern":"^q","apply-to":"queues","definition":{"max-length":100},"priority":2}],
	"queues":[
		{"name":"q","vhost":"{v}","durable":true,"auto_delete":false,"arguments":{"x-queue-type":"classic","x-max-length":5,
			"x-single-active-consumer":true,"x-overflow":"reject-publish"}},
		{"name":"qq","vhost":"{v}","durable":true,"auto_delete":false,"arguments":{"x-queue-type":"quorum","x-delivery-limit":5}}],
	"exchanges":[{"name":"x","vhost":"{v}","type":"topic","durable":true,"auto_delete":false,"internal":false,
		"arguments":{"alternate-exchange":"amq.fanout"}},
		{"name":"x2","vhost":"{v}","type":"headers","durable":true,"auto_delete":false,"internal":true,"arguments":{}}],
	"bindings":[
		{"source":"x","vhost":"{v}","destination":"q","destination_type":"queue","routing_key":"a.#","arguments":{}},
		{"source":"x","vhost":"{v}","destination":"x2","destination_type":"exchange","routing_key":"b","arguments":{}},
		{"source":"x2","vhost":"{v}","destination":"qq","destination_type":"queue","routing_key":"",
			"arguments":{"x-match":"all","k":1,"s":"t","b":true}}]
}`

func TestHTTP_Definitions(t *testing.T) {
	rule(t, "http")
	p := newPlace(t)
	askAll(t, p, []askCase{
		{name: "import", method: "POST", path: "/api/definitions", body: allKinds, status: 204},
		{name: "import again", method: "POST", path: "/api/definitions", body: allKinds, status: 204},
		{name: "permission", method: "GET", path: "/api/permissions/{v}/{u}", status: 200,
			want: `{"user":"{u}","vhost":"{v}","configure":"^a","write":"b$","read":".*"}`},
		{name: "user", method: "GET", path: "/api/users/{u}", status: 200,
			want: `{"name":"{u}","password_hash":"kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR","tags":["management"],` +
				`"hashing_algorithm":"rabbit_password_hashing_sha256","limits":{"max-channels":7}}`},
		{name: "limits", method: "GET", path: "/api/vhost-limits/{v}", status: 200, want: `[{"vhost":"{v}","value":{"max-queues":70}}]`},
		{name: "queue", method: "GET", path: "/api/queues/{v}/q?columns=arguments,durable", status: 200,
			want: `{"arguments":{"x-queue-type":"classic","x-max-length":5,"x-single-active-consumer":true,"x-overflow":"reject-publish"},"durable":true}`},
		{name: "no JSON", method: "POST", path: "/api/definitions", body: `nope`, status: 400,
			want: `{"error":"bad_request","reason":"failed_to_parse_json"}`},
		{name: "no object", method: "POST", path: "/api/definitions", body: `[]`, status: 400,
			want: `{"error":"bad_request","reason":"failed_to_parse_json"}`},
		{name: "user without tags", method: "POST", path: "/api/definitions", body: `{"users":[{"name":"{x}-n"}]}`, status: 400,
			want: `{"error":"bad_request","reason":"tags_not_present"}`},
		{name: "unknown keys", method: "POST", path: "/api/definitions", body: `{"nothing":5}`, status: 204},
		{name: "unknown virtual host", method: "POST", path: "/api/definitions", body: `{"queues":[{"name":"q","vhost":"{x}-none","durable":true,` +
			`"auto_delete":false,"arguments":{}}]}`, status: 400, want: "~{x}-none"},
		{name: "unknown type of exchange", method: "POST", path: "/api/definitions", body: `{"exchanges":[{"name":"y","vhost":"{v}","type":"nope",` +
			`"durable":true,"auto_delete":false,"internal":false,"arguments":{}}]}`, status: 400},
		{name: "unknown user", method: "POST", path: "/api/definitions",
			body: `{"permissions":[{"user":"{x}-none","vhost":"{v}","configure":"","write":"","read":""}]}`, status: 400},
		{name: "of a virtual host", method: "POST", path: "/api/definitions/{v}",
			body: `{"queues":[{"name":"q3","durable":true,"auto_delete":false,"arguments":{}}]}`, status: 204},
		{name: "is in it", method: "GET", path: "/api/queues/{v}/q3?columns=name,vhost", status: 200, want: `{"name":"q3","vhost":"{v}"}`},
		{name: "of what is missing", method: "POST", path: "/api/definitions/{x}-none", body: `{"queues":[]}`, status: 404, want: noSuchVHost},
		{name: "export of what is missing", method: "GET", path: "/api/definitions/{x}-none", status: 400,
			want: `{"error":"bad_request","reason":"vhost_not_found"}`},
	})
}

// exported is what the broker exports of a place, without the names of RabbitMQ's own.
func exported(t *testing.T, p place) map[string][]any {
	t.Helper()
	document, ok := ask(t, "", http.MethodGet, "/api/definitions", "").decoded(t).(map[string]any)
	require.True(t, ok)
	found := make(map[string][]any)
	for key, list := range document {
		objects, isList := list.([]any)
		if !isList {
			continue
		}
		for _, object := range objects {
			fields, _ := object.(map[string]any)
			if fields["vhost"] == p.vhost || key == "users" && fields["name"] == p.user || key == "vhosts" && fields["name"] == p.vhost {
				found[key] = append(found[key], object)
			}
		}
	}
	return found
}

func TestHTTP_WhatIsExportedCanBeImported(t *testing.T) {
	rule(t, "http")
	p := newPlace(t)
	require.Equal(t, 204, ask(t, "", http.MethodPost, "/api/definitions", p.fill(allKinds)).status)
	first := exported(t, p)
	require.Len(t, first["queues"], 2)
	require.Len(t, first["bindings"], 3)
	require.Equal(t, 204, ask(t, "", http.MethodDelete, "/api/vhosts/"+p.vhost, "").status)
	require.Equal(t, 204, ask(t, "", http.MethodDelete, "/api/users/"+p.user, "").status)
	file, err := json.Marshal(first)
	require.NoError(t, err)
	answer := ask(t, "", http.MethodPost, "/api/definitions", string(file))
	require.Equal(t, 204, answer.status, answer.body)
	second := exported(t, p)
	require.Len(t, second, len(first))
	for key, objects := range first {
		require.ElementsMatch(t, objects, second[key], key)
	}
}

func TestHTTP_DefinitionsFromAForm(t *testing.T) {
	rule(t, "http")
	p := newPlace(t)
	var form bytes.Buffer
	fields := multipart.NewWriter(&form)
	part, err := fields.CreateFormFile("file", "definitions.json")
	require.NoError(t, err)
	_, err = part.Write([]byte(p.fill(allKinds)))
	require.NoError(t, err)
	require.NoError(t, fields.Close())
	answer := ask(t, "", http.MethodPost, "/api/definitions", form.String(), func(r *http.Request) {
		r.Header.Set("Content-Type", fields.FormDataContentType())
	})
	require.Equal(t, 204, answer.status, answer.body)
	require.Len(t, exported(t, p)["queues"], 2)
}

func TestHTTP_DefinitionsOfOneVHostDoNotNameIt(t *testing.T) {
	rule(t, "http")
	p := newPlace(t)
	require.Equal(t, 204, ask(t, "", http.MethodPost, "/api/definitions", p.fill(allKinds)).status)
	answer := ask(t, "", http.MethodGet, "/api/definitions/"+p.vhost+"?download=some.json", "")
	require.Equal(t, "attachment; filename=some.json", answer.header.Get("Content-Disposition"))
	document, _ := answer.decoded(t).(map[string]any)
	for key := range document {
		require.False(t, slices.Contains([]string{"users", "vhosts", "permissions"}, key), key)
	}
	queues, _ := document["queues"].([]any)
	require.Len(t, queues, 2)
	for _, q := range queues {
		require.NotContains(t, q, "vhost")
	}
}
