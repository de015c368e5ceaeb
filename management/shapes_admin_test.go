package management

import (
	_ "embed"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// administrationShapes is what RabbitMQ answers about what operators set.
//
//go:embed testdata/shapes_admin.txt
var administrationShapes string

// oneOfEach makes one of each thing that an operator can make.
func oneOfEach(t *testing.T, g *rig) {
	t.Helper()
	for _, call := range []struct{ method, path, body string }{
		{set, "/api/vhosts/v", `{"description":"d","tags":"a","default_queue_type":"classic"}`},
		{set, "/api/users/u", `{"password":"x","tags":"a"}`},
		{set, "/api/permissions/v/u", `{"configure":"","write":"","read":""}`},
		{set, "/api/topic-permissions/v/u", `{"exchange":"x","write":"","read":""}`},
		{set, "/api/vhost-limits/v/max-queues", `{"value":5}`},
		{set, "/api/user-limits/u/max-channels", `{"value":5}`},
		{set, "/api/policies/v/p", `{"pattern":"a","definition":{"max-length":5}}`},
		{set, "/api/operator-policies/v/op", `{"pattern":"a","definition":{"max-length":5}}`},
		{set, "/api/global-parameters/g", `{"value":5}`},
		{post, "/api/definitions/v", `{"queues":[{"name":"q"}],"exchanges":[{"name":"x","type":"topic"}],` +
			`"bindings":[{"source":"x","destination":"q","destination_type":"queue"}]}`},
	} {
		w := g.call(t, rootUser, call.method, call.path, call.body)
		require.Less(t, w.Code, 300, "%s %s: %s", call.method, call.path, w.Body)
	}
}

func TestShapesOfAdministration(t *testing.T) {
	g := newRig(t)
	oneOfEach(t, g)
	wanted := parseShapes(t, administrationShapes)
	for name, path := range map[string]string{
		"users": "users", "user": "users/u", "virtual hosts": "vhosts", "virtual host": "vhosts/v",
		"permissions": "permissions", "permission": "permissions/v/u", "topic permissions": "topic-permissions",
		"topic permissions of a user": "topic-permissions/v/u", "limits of virtual hosts": "vhost-limits",
		"limits of users": "user-limits", "policies": "policies", "policy": "policies/v/p",
		"operator policies": "operator-policies", "operator policy": "operator-policies/v/op",
		"parameters": "parameters", "parameter": "parameters/operator_policy/v/op",
		"global parameters": "global-parameters", "global parameter": "global-parameters/g",
		"definitions": "definitions", "definitions of a virtual host": "definitions/v", "whoami": "whoami",
		"cluster name": "cluster-name", "feature flags": "feature-flags", "attempts": "auth/attempts/leveret@test",
		"alarms": "health/checks/alarms", "missing port": "health/checks/port-listener/1",
		"missing protocol": "health/checks/protocol-listener/mqtt", "port": "health/checks/port-listener/5672",
		"protocol": "health/checks/protocol-listener/amqp", "quorum": "health/checks/node-is-quorum-critical",
		"refusal": "nosuch",
	} {
		t.Run(name, func(t *testing.T) {
			require.Contains(t, wanted, name)
			var body any
			require.NoError(t, json.Unmarshal(g.call(t, rootUser, get, "/api/"+path, "").Body.Bytes(), &body))
			got := make(shape)
			got.note("", body)
			want := wanted[name]
			for path, kinds := range want {
				// Values of parameters may be anything. Objects of a file about one
				// virtual host have its name in RabbitMQ 3 only.
				if kinds[0] == "any" || name == "definitions of a virtual host" && strings.HasSuffix(path, "[].vhost") {
					delete(want, path)
				}
			}
			got.compare(t, want)
			for path, kinds := range got {
				require.NotContains(t, kinds, "null", path)
			}
		})
	}
}
