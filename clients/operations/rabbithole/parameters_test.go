package rabbithole

import (
	"net/http"
	"testing"

	rabbithole "github.com/michaelklishin/rabbit-hole/v2"
	"github.com/stretchr/testify/require"
)

func TestPolicies(t *testing.T) {
	b := connect(t)
	policy := rabbithole.Policy{Pattern: "^q", ApplyTo: "queues", Priority: 3, Definition: rabbithole.PolicyDefinition{"max-length": 100, "overflow": "reject-publish"}}
	done(t, http.StatusCreated)(b.PutPolicy(b.vhost, "p/ü", policy))
	done(t, http.StatusNoContent)(b.PutPolicy(b.vhost, "p/ü", policy))
	refused(t, http.StatusBadRequest)(b.PutPolicy(b.vhost, "p", rabbithole.Policy{Pattern: "^q", ApplyTo: "queues",
		Definition: rabbithole.PolicyDefinition{"nothing-like-this": 1}}))
	policy.Vhost, policy.Name, policy.Definition["max-length"] = b.vhost, "p/ü", 100.0
	one, err := b.GetPolicy(b.vhost, "p/ü")
	require.NoError(t, err)
	require.Equal(t, policy, *one)
	is := func(p rabbithole.Policy) bool { return p.Vhost == b.vhost }
	require.Equal(t, policy, found(t, is)(b.ListPolicies()))
	require.Equal(t, policy, found(t, is)(b.ListPoliciesIn(b.vhost)))
	done(t, http.StatusNoContent)(b.DeletePolicy(b.vhost, "p/ü"))
	_, err = b.GetPolicy(b.vhost, "p/ü")
	requireStatus(t, err, http.StatusNotFound)
}

func TestOperatorPolicies(t *testing.T) {
	b := connect(t)
	policy := rabbithole.OperatorPolicy{Pattern: ".*", ApplyTo: "queues", Priority: 0, Definition: rabbithole.PolicyDefinition{"max-length": 100}}
	done(t, http.StatusCreated)(b.PutOperatorPolicy(b.vhost, "op", policy))
	policy.Vhost, policy.Name, policy.Definition["max-length"] = b.vhost, "op", 100.0
	one, err := b.GetOperatorPolicy(b.vhost, "op")
	require.NoError(t, err)
	require.Equal(t, policy, *one)
	is := func(p rabbithole.OperatorPolicy) bool { return p.Vhost == b.vhost }
	require.Equal(t, policy, found(t, is)(b.ListOperatorPolicies()))
	require.Equal(t, policy, found(t, is)(b.ListOperatorPoliciesIn(b.vhost)))
	done(t, http.StatusNoContent)(b.DeleteOperatorPolicy(b.vhost, "op"))
	_, err = b.GetOperatorPolicy(b.vhost, "op")
	requireStatus(t, err, http.StatusNotFound)
}

func TestVirtualHostLimits(t *testing.T) {
	b := connect(t)
	limits := rabbithole.VhostLimitsValues{"max-connections": 5, "max-queues": 7}
	done(t, http.StatusNoContent)(b.PutVhostLimits(b.vhost, limits))
	want := rabbithole.VhostLimitsInfo{Vhost: b.vhost, Value: limits}
	is := func(l rabbithole.VhostLimitsInfo) bool { return l.Vhost == b.vhost }
	require.Equal(t, want, found(t, is)(b.GetAllVhostLimits()))
	require.Equal(t, want, found(t, is)(b.GetVhostLimits(b.vhost)))
	done(t, http.StatusNoContent)(b.DeleteVhostLimits(b.vhost, rabbithole.VhostLimits{"max-queues"}))
	require.Equal(t, rabbithole.VhostLimitsValues{"max-connections": 5}, found(t, is)(b.GetVhostLimits(b.vhost)).Value)
	done(t, http.StatusNoContent)(b.DeleteVhostLimits(b.vhost, rabbithole.VhostLimits{"max-connections", "max-queues"}))
}

func TestGlobalParameters(t *testing.T) {
	b := connect(t)
	name := b.vhost
	value := map[string]any{"list": []any{"a", 1.0, true}, "text": "ü", "number": 1.5}
	done(t, http.StatusCreated)(b.PutGlobalParameter(name, value))
	t.Cleanup(func() { done(t, http.StatusNoContent)(b.DeleteGlobalParameter(name)) })
	done(t, http.StatusNoContent)(b.PutGlobalParameter(name, value))
	one, err := b.GetGlobalParameter(name)
	require.NoError(t, err)
	require.Equal(t, rabbithole.GlobalRuntimeParameter{Name: name, Value: value}, *one)
	found(t, func(p rabbithole.GlobalRuntimeParameter) bool { return p.Name == name })(b.ListGlobalParameters())
}

func TestRuntimeParameters(t *testing.T) {
	b := connect(t)
	done(t, http.StatusCreated)(b.PutRuntimeParameter("vhost-limits", b.vhost, "limits", map[string]any{"max-queues": 3}))
	want := rabbithole.RuntimeParameter{Name: "limits", Vhost: b.vhost, Component: "vhost-limits", Value: map[string]any{"max-queues": 3.0}}
	one, err := b.GetRuntimeParameter("vhost-limits", b.vhost, "limits")
	require.NoError(t, err)
	require.Equal(t, want, *one)
	is := func(p rabbithole.RuntimeParameter) bool { return p.Vhost == b.vhost }
	require.Equal(t, want, found(t, is)(b.ListRuntimeParameters()))
	require.Equal(t, want, found(t, is)(b.ListRuntimeParametersFor("vhost-limits")))
	require.Equal(t, want, found(t, is)(b.ListRuntimeParametersIn("vhost-limits", b.vhost)))
	done(t, http.StatusNoContent)(b.DeleteRuntimeParameter("vhost-limits", b.vhost, "limits"))
	_, err = b.GetRuntimeParameter("vhost-limits", b.vhost, "limits")
	requireStatus(t, err, http.StatusNotFound)

	// Whoever may see one virtual host only deletes the parameters of no other.
	name := b.user(t, rabbithole.UserSettings{Password: "secret", Tags: rabbithole.UserTags{"policymaker"}})
	done(t, http.StatusCreated)(b.UpdatePermissionsIn(b.vhost, name, rabbithole.Permissions{Configure: ".*", Write: ".*", Read: ".*"}))
	as, err := rabbithole.NewClient(b.Endpoint, name, "secret")
	require.NoError(t, err)
	require.NoError(t, as.DeleteAllRuntimeParameters())
	left, err := as.ListRuntimeParameters()
	require.NoError(t, err)
	require.Empty(t, left)
}

// TestShovels shows that a broker without shovels says so, and lists none.
func TestShovels(t *testing.T) {
	b := connectPlain(t)
	definition := rabbithole.ShovelDefinition{SourceURI: rabbithole.URISet{"amqp://"}, SourceQueue: "a",
		DestinationURI: rabbithole.URISet{"amqp://"}, DestinationQueue: "b"}
	refused(t, http.StatusBadRequest)(b.DeclareShovel(b.vhost, "s", definition))
	_, err := b.GetShovel(b.vhost, "s")
	requireStatus(t, err, http.StatusNotFound)
	shovels, err := b.ListShovels()
	emptyOrMissing(t, len(shovels), err)
	shovels, err = b.ListShovelsIn(b.vhost)
	emptyOrMissing(t, len(shovels), err)
	status, err := b.ListShovelStatus(b.vhost)
	emptyOrMissing(t, len(status), err)
	done(t, http.StatusNotFound)(b.DeleteShovel(b.vhost, "s"))
}

// TestFederation does the same for federation.
func TestFederation(t *testing.T) {
	b := connectPlain(t)
	refused(t, http.StatusBadRequest)(b.PutFederationUpstream(b.vhost, "f", rabbithole.FederationDefinition{Uri: rabbithole.URISet{"amqp://"}}))
	_, err := b.GetFederationUpstream(b.vhost, "f")
	requireStatus(t, err, http.StatusNotFound)
	upstreams, err := b.ListFederationUpstreams()
	emptyOrMissing(t, len(upstreams), err)
	upstreams, err = b.ListFederationUpstreamsIn(b.vhost)
	emptyOrMissing(t, len(upstreams), err)
	links, err := b.ListFederationLinks()
	emptyOrMissing(t, len(links), err)
	links, err = b.ListFederationLinksIn(b.vhost)
	emptyOrMissing(t, len(links), err)
	done(t, http.StatusNotFound)(b.DeleteFederationUpstream(b.vhost, "f"))
}

// emptyOrMissing accepts an empty list, and that there is no such list at all, as in a
// RabbitMQ whose plugin is off.
func emptyOrMissing(t *testing.T, count int, err error) {
	t.Helper()
	if err != nil {
		requireStatus(t, err, http.StatusNotFound)
		return
	}
	require.Zero(t, count)
}
