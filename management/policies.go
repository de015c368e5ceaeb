package management

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"

	"github.com/leveretmq/leveret/definitions"
	policies "github.com/leveretmq/leveret/policy"
)

// policyRoutes are about policies and operator policies.
func policyRoutes() []route {
	return []route{
		{method: get, pattern: "/api/policies", tag: anyone, handle: (*API).listPolicies, summary: "all policies"},
		{method: get, pattern: "/api/policies/{vhost}", tag: anyone, rule: enter, handle: (*API).listPolicies,
			summary: "policies of a virtual host"},
		{method: get, pattern: "/api/policies/{vhost}/{name}", tag: policymaker, rule: object, handle: (*API).showPolicy,
			summary: "one policy"},
		{method: set, pattern: "/api/policies/{vhost}/{name}", deed: "parameter.set", tag: policymaker, rule: object, handle: (*API).putPolicy,
			summary: "make or change a policy: {\"pattern\", \"definition\", \"priority\", \"apply-to\"}"},
		{method: del, pattern: "/api/policies/{vhost}/{name}", deed: "parameter.clear", tag: policymaker, rule: object, handle: (*API).deletePolicy,
			summary: "delete a policy"},
		{method: get, pattern: "/api/operator-policies", tag: anyone, handle: (*API).listOperatorPolicies,
			summary: "all operator policies"},
		{method: get, pattern: "/api/operator-policies/{vhost}", tag: anyone, rule: enter, handle: (*API).listOperatorPolicies,
			summary: "operator policies of a virtual host"},
		{method: get, pattern: "/api/operator-policies/{vhost}/{name}", tag: administrator, rule: exists,
			handle: (*API).showOperatorPolicy, summary: "one operator policy"},
		{method: set, pattern: "/api/operator-policies/{vhost}/{name}", deed: "parameter.set", tag: administrator, rule: exists,
			handle: (*API).putOperatorPolicy, summary: "make or change an operator policy"},
		{method: del, pattern: "/api/operator-policies/{vhost}/{name}", deed: "parameter.clear", tag: administrator, rule: exists,
			handle: (*API).deleteOperatorPolicy, summary: "delete an operator policy"},
	}
}

func (a *API) listPolicies(r *request) (reply, error) {
	return a.policiesOf(r, definitions.ComponentPolicy)
}

func (a *API) listOperatorPolicies(r *request) (reply, error) {
	return a.policiesOf(r, definitions.ComponentOperatorPolicy)
}

func (a *API) policiesOf(r *request, component string) (reply, error) {
	var all []definitions.PolicyEntry
	for _, p := range a.admin.Parameters(func(p definitions.Parameter) bool {
		return p.Component == component && (r.vhost() == "" || r.vhost() == p.VHost) && a.lists(r.caller, p.VHost)
	}) {
		entry, err := definitions.PolicyEntryOf(p)
		if err != nil {
			return reply{}, err
		}
		all = append(all, entry)
	}
	return list(all), nil
}

func (a *API) showPolicy(r *request) (reply, error) {
	return a.policyOf(r, definitions.ComponentPolicy)
}

func (a *API) showOperatorPolicy(r *request) (reply, error) {
	return a.policyOf(r, definitions.ComponentOperatorPolicy)
}

func (a *API) policyOf(r *request, component string) (reply, error) {
	p, ok := a.admin.Parameter(r.vhost(), component, r.param("name"))
	if !ok {
		return reply{}, notFound()
	}
	entry, err := definitions.PolicyEntryOf(p)
	return show(entry), err
}

func (a *API) putPolicy(r *request) (reply, error) {
	return a.storePolicy(r, definitions.ComponentPolicy)
}

func (a *API) putOperatorPolicy(r *request) (reply, error) {
	return a.storePolicy(r, definitions.ComponentOperatorPolicy)
}

func (a *API) storePolicy(r *request, component string) (reply, error) {
	b, err := r.body("pattern", "definition")
	if err != nil {
		return reply{}, err
	}
	p, err := definitions.PolicyEntry{
		VHost: r.vhost(), Name: r.param("name"), Pattern: b["pattern"], Definition: b["definition"],
		Priority: b["priority"], ApplyTo: b["apply-to"],
	}.Parameter(component)
	if err != nil {
		return reply{}, err
	}
	isNew, err := a.admin.PutParameter(r.actor, p)
	return put(isNew), escaped(err, component)
}

// escaped is the refusal of a policy as RabbitMQ has it for its web page: escaped for
// HTML, unless it is an operator policy.
func escaped(err error, component string) error {
	var invalid *policies.Error
	if component != definitions.ComponentPolicy || !errors.As(err, &invalid) {
		return err
	}
	return badRequest("%s", strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(invalid.Error()))
}

func (a *API) deletePolicy(r *request) (reply, error) {
	return a.dropParameter(r, definitions.Parameter{VHost: r.vhost(), Component: definitions.ComponentPolicy, Name: r.param("name")})
}

func (a *API) deleteOperatorPolicy(r *request) (reply, error) {
	return a.dropParameter(r, definitions.Parameter{VHost: r.vhost(), Component: definitions.ComponentOperatorPolicy, Name: r.param("name")})
}

// compactJSON is JSON without needless spaces.
func compactJSON(value json.RawMessage) (string, error) {
	var buffer bytes.Buffer
	err := json.Compact(&buffer, value)
	return buffer.String(), err
}
