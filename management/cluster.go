package management

import (
	"encoding/json"

	"github.com/leveretmq/leveret/definitions"
)

// clusterRoutes are about the broker as a whole.
func clusterRoutes() []route {
	return []route{
		{method: get, pattern: "/api/cluster-name", tag: anyone, handle: (*API).showClusterName, summary: "the name of the cluster"},
		{method: set, pattern: "/api/cluster-name", deed: "cluster.name", tag: administrator, handle: (*API).putClusterName,
			summary: "name the cluster: {\"name\"}"},
		{method: get, pattern: "/api/feature-flags", tag: anyone, handle: (*API).listFeatureFlags,
			summary: "RabbitMQ's feature flags whose feature there is"},
		{method: set, pattern: "/api/feature-flags/{name}/enable", deed: "feature.flag.enable", tag: administrator, handle: (*API).enableFeatureFlag,
			summary: "does nothing: what there is is on"},
		{method: get, pattern: "/api/deprecated-features", tag: anyone, handle: (*API).listDeprecated, summary: "none"},
		{method: get, pattern: "/api/deprecated-features/used", tag: anyone, handle: (*API).listDeprecated, summary: "none"},
		{method: get, pattern: "/api/extensions", tag: anyone, handle: (*API).listExtensions, summary: "none"},
		{method: post, pattern: "/api/rebalance/queues", deed: "queues.rebalance", tag: administrator, handle: (*API).doNothing,
			summary: "does nothing: there is one node"},
		{method: del, pattern: "/api/reset", deed: "statistics.reset", tag: administrator, handle: (*API).doNothing,
			summary: "does nothing: numbers that are shown are the broker's own"},
		{method: del, pattern: "/api/reset/{node}", deed: "statistics.reset", tag: administrator, handle: (*API).resetNode, summary: "does nothing"},
		{method: get, pattern: "/api/config/effective", tag: administrator, handle: (*API).showConfig,
			summary: "the configuration, without secrets"},
	}
}

// clusterNameParameter is the global parameter that has the name.
const clusterNameParameter = "cluster_name"

// clusterName is what an operator has called the cluster.
func (a *API) clusterName() string {
	name := a.options.ClusterName
	if p, ok := a.admin.Parameter("", "", clusterNameParameter); ok {
		var given string
		if json.Unmarshal([]byte(p.Value), &given) == nil {
			return given
		}
	}
	return name
}

func (a *API) showClusterName(*request) (reply, error) {
	return show(map[string]string{"name": a.clusterName()}), nil
}

func (a *API) putClusterName(r *request) (reply, error) {
	b, err := r.body("name")
	if err != nil {
		return reply{}, err
	}
	name, err := b.text("name")
	if err != nil {
		return reply{}, err
	}
	_, err = a.admin.PutParameter(r.actor, definitions.Parameter{
		Name: clusterNameParameter, Value: string(definitions.AppendText(nil, name)),
	})
	return done(), err
}

// featureFlag is a feature of RabbitMQ that can be switched on there.
type featureFlag struct {
	Name        string `json:"name"`
	Description string `json:"desc"`
	DocURL      string `json:"doc_url"`
	State       string `json:"state"`
	Stability   string `json:"stability"`
	ProvidedBy  string `json:"provided_by"`
}

// featureFlags are those that clients look for.
func featureFlags() []featureFlag {
	flags := []featureFlag{
		{Name: "classic_mirrored_queue_version", Description: "versions of classic queues can be chosen"},
		{Name: "detailed_queues_endpoint", Description: "the list of queues with all columns"},
		{Name: "direct_exchange_routing_v2", Description: "routing of direct exchanges by a table"},
		{Name: "drop_unroutable_metric", Description: "messages that nobody gets are counted"},
		{Name: "empty_basic_get_metric", Description: "basic.get on empty queues is counted"},
		{Name: "implicit_default_bindings", Description: "default bindings are not stored"},
		{Name: "maintenance_mode_status", Description: "the state of maintenance is known"},
		{Name: "message_containers", Description: "messages of all protocols have one form"},
		{Name: "quorum_queue", Description: "queues of type quorum"},
		{Name: "rabbitmq_4.0.0", Description: "the level of RabbitMQ 4.0"},
		{Name: "stream_queue", Description: "queues of type stream"},
		{Name: "user_limits", Description: "limits of users"},
		{Name: "virtual_host_metadata", Description: "virtual hosts have descriptions and tags"},
	}
	for i := range flags {
		flags[i].State, flags[i].Stability, flags[i].ProvidedBy = "enabled", "stable", "rabbit"
	}
	return flags
}

func (a *API) listFeatureFlags(*request) (reply, error) { return list(featureFlags()), nil }

func (a *API) enableFeatureFlag(r *request) (reply, error) {
	for _, f := range featureFlags() {
		if f.Name == r.param("name") {
			return done(), nil
		}
	}
	return reply{}, badRequest("unsupported")
}

func (a *API) listDeprecated(*request) (reply, error) { return list([]featureFlag{}), nil }

func (a *API) listExtensions(*request) (reply, error) { return value([]string{}), nil }

func (a *API) doNothing(*request) (reply, error) { return done(), nil }

func (a *API) resetNode(r *request) (reply, error) { return done(), a.here(r) }

func (a *API) showConfig(*request) (reply, error) {
	if a.options.Config == nil {
		return reply{}, notFound()
	}
	return text("text/plain; charset=utf-8", a.options.Config()), nil
}
