package management

import (
	"encoding/json"
	"slices"

	"github.com/leveretmq/leveret/definitions"
)

// parameterRoutes are about what operators set at run time.
func parameterRoutes() []route {
	return []route{
		{method: get, pattern: "/api/parameters", tag: policymaker, handle: (*API).listParameters,
			summary: "parameters of all components but policies"},
		{method: get, pattern: "/api/parameters/{component}", tag: policymaker, handle: (*API).listParameters,
			summary: "parameters of a component"},
		{method: get, pattern: "/api/parameters/{component}/{vhost}", tag: policymaker, rule: object,
			handle: (*API).listParameters, summary: "parameters of a component in a virtual host"},
		{method: get, pattern: "/api/parameters/{component}/{vhost}/{name}", tag: policymaker, rule: object,
			handle: (*API).showParameter, summary: "one parameter"},
		{method: set, pattern: "/api/parameters/{component}/{vhost}/{name}", deed: "parameter.set", tag: policymaker, rule: object,
			handle: (*API).putParameter, summary: "set a parameter: {\"value\": JSON}"},
		{method: del, pattern: "/api/parameters/{component}/{vhost}/{name}", deed: "parameter.clear", tag: policymaker, rule: object,
			handle: (*API).deleteParameter, summary: "take a parameter away"},
		{method: get, pattern: "/api/global-parameters", tag: policymaker, handle: (*API).listGlobals,
			summary: "parameters that belong to no virtual host"},
		{method: get, pattern: "/api/global-parameters/{name}", tag: policymaker, handle: (*API).showGlobal,
			summary: "one global parameter"},
		{method: set, pattern: "/api/global-parameters/{name}", deed: "parameter.set", tag: policymaker, handle: (*API).putGlobal,
			summary: "set a global parameter: {\"value\": JSON}"},
		{method: del, pattern: "/api/global-parameters/{name}", deed: "parameter.clear", tag: policymaker, handle: (*API).deleteGlobal,
			summary: "take a global parameter away"},
	}
}

// parameters are those of a virtual host or of all, with the limits of virtual hosts,
// which are parameters in RabbitMQ and in its files.
func (a *API) parameters(belongs func(definitions.Parameter) bool) []definitions.Parameter {
	var all []definitions.Parameter
	for _, v := range a.directory.Definitions().VHosts {
		if p, ok := definitions.LimitsParameter(v); ok && belongs(p) {
			all = append(all, p)
		}
	}
	all = append(all, a.admin.Parameters(belongs)...)
	slices.SortStableFunc(all, compareParameters)
	return all
}

func compareParameters(x, y definitions.Parameter) int {
	return slices.Compare([]string{x.VHost, x.Component, x.Name}, []string{y.VHost, y.Component, y.Name})
}

func (a *API) listParameters(r *request) (reply, error) {
	component, vhost := r.param("component"), r.vhost()
	found := a.parameters(func(p definitions.Parameter) bool {
		switch {
		case p.Global() || component == "" && p.Component == definitions.ComponentPolicy:
			return false
		case component != "" && component != p.Component || vhost != "" && vhost != p.VHost:
			return false
		default:
			return a.lists(r.caller, p.VHost)
		}
	})
	return list(entriesOf(found)), nil
}

func entriesOf(parameters []definitions.Parameter) []definitions.ParameterEntry {
	var entries []definitions.ParameterEntry
	for _, p := range parameters {
		entries = append(entries, definitions.ParameterEntryOf(p))
	}
	return entries
}

// parameter is the one of the path.
func (a *API) parameter(r *request) (definitions.Parameter, error) {
	wanted := definitions.Parameter{VHost: r.vhost(), Component: r.param("component"), Name: r.param("name")}
	if wanted.Component == definitions.ComponentVHostLimits {
		v, _ := a.directory.VHost(wanted.VHost)
		if p, ok := definitions.LimitsParameter(v); ok && p.Name == wanted.Name {
			return p, nil
		}
		return wanted, notFound()
	}
	p, ok := a.admin.Parameter(wanted.VHost, wanted.Component, wanted.Name)
	if !ok {
		return wanted, notFound()
	}
	return p, nil
}

func (a *API) showParameter(r *request) (reply, error) {
	p, err := a.parameter(r)
	return show(definitions.ParameterEntryOf(p)), err
}

func (a *API) putParameter(r *request) (reply, error) {
	b, err := r.body("value")
	if err != nil {
		return reply{}, err
	}
	switch component := r.param("component"); component {
	case definitions.ComponentPolicy:
		return reply{}, badRequest("policies may not be set using this method")
	case definitions.ComponentVHostLimits:
		return a.putLimitsParameter(r, b["value"])
	case definitions.ComponentOperatorPolicy:
		if !r.caller.is(administrator) {
			return reply{}, unauthorised(administrator.refusal())
		}
	default:
		// Shovels and federation as well: a file may have them, but who sets one up
		// has to learn that it would do nothing.
		return reply{}, badRequest("Validation failed\n\ncomponent %s not found\n", component)
	}
	return a.storeParameter(r, b["value"])
}

// storeParameter keeps a value under the names of the path.
func (a *API) storeParameter(r *request, value json.RawMessage) (reply, error) {
	text, err := compactJSON(value)
	if err != nil {
		return reply{}, err
	}
	isNew, err := a.admin.PutParameter(r.actor, definitions.Parameter{
		VHost: r.vhost(), Component: r.param("component"), Name: r.param("name"), Value: text,
	})
	return put(isNew), err
}

// putLimitsParameter sets all limits of a virtual host.
func (a *API) putLimitsParameter(r *request, value json.RawMessage) (reply, error) {
	if !r.caller.is(administrator) {
		return reply{}, unauthorised(administrator.refusal())
	}
	if r.param("name") != "limits" {
		return reply{}, badRequest("Validation failed\n\nthe name has to be limits\n")
	}
	switch (body{"value": value}).value("value").(type) {
	case []any, map[string]any:
	default:
		return reply{}, badRequest("Validation failed\n\nlimits not a list %s\n", termOf(value))
	}
	limits, err := parseLimits(body{"limits": value}, definitions.MaxConnections, definitions.MaxQueues)
	if err != nil {
		return reply{}, err
	}
	old, _ := a.directory.VHost(r.vhost())
	return put(len(definitions.LimitsOf(old)) == 0), a.admin.UpdateVHost(r.actor, r.vhost(), func(v *definitions.VHost) {
		v.MaxConnections, v.MaxQueues = limits[definitions.MaxConnections], limits[definitions.MaxQueues]
	})
}

func (a *API) deleteParameter(r *request) (reply, error) {
	p, err := a.parameter(r)
	if err != nil {
		return reply{}, err
	}
	ofOperators := p.Component == definitions.ComponentOperatorPolicy || p.Component == definitions.ComponentVHostLimits
	if ofOperators && !r.caller.is(administrator) {
		return reply{}, unauthorised(administrator.refusal())
	}
	if p.Component == definitions.ComponentVHostLimits {
		return done(), a.admin.UpdateVHost(r.actor, r.vhost(), func(v *definitions.VHost) {
			v.MaxConnections, v.MaxQueues = definitions.Limit{}, definitions.Limit{}
		})
	}
	return a.dropParameter(r, p)
}

func (a *API) dropParameter(r *request, p definitions.Parameter) (reply, error) {
	existed, err := a.admin.DeleteParameter(r.actor, p)
	if err == nil && !existed {
		err = notFound()
	}
	return done(), err
}

func (a *API) listGlobals(*request) (reply, error) {
	return list(entriesOf(a.admin.Parameters(definitions.Parameter.Global))), nil
}

func (a *API) showGlobal(r *request) (reply, error) {
	p, ok := a.admin.Parameter("", "", r.param("name"))
	if !ok {
		return reply{}, notFound()
	}
	return show(definitions.ParameterEntryOf(p)), nil
}

func (a *API) putGlobal(r *request) (reply, error) {
	b, err := r.body("value")
	if err != nil {
		return reply{}, err
	}
	return a.storeParameter(r, b["value"])
}

func (a *API) deleteGlobal(r *request) (reply, error) {
	return a.dropParameter(r, definitions.Parameter{Name: r.param("name")})
}
