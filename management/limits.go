package management

import (
	"encoding/json"
	"math"
	"math/big"
	"slices"

	"github.com/leveretmq/leveret/definitions"
)

// limitRoutes are about what users and virtual hosts may have at a time.
func limitRoutes() []route {
	return []route{
		{method: get, pattern: "/api/vhost-limits", tag: anyone, handle: (*API).listVHostLimits,
			summary: "limits of all virtual hosts"},
		{method: get, pattern: "/api/vhost-limits/{vhost}", tag: anyone, rule: visible, handle: (*API).showVHostLimits,
			summary: "limits of a virtual host, as a list"},
		{method: set, pattern: "/api/vhost-limits/{vhost}/{name}", deed: "vhost.update", tag: administrator, rule: exists, handle: (*API).putVHostLimit,
			summary: "set max-connections or max-queues: {\"value\": number}"},
		{method: del, pattern: "/api/vhost-limits/{vhost}/{name}", deed: "vhost.update", tag: administrator, rule: exists, handle: (*API).deleteVHostLimit,
			summary: "take a limit of a virtual host away"},
		{method: get, pattern: "/api/user-limits", tag: anyone, handle: (*API).listUserLimits,
			summary: "limits of all users, or of the caller alone"},
		{method: get, pattern: "/api/user-limits/{user}", tag: anyone, handle: (*API).showUserLimits,
			summary: "limits of a user, as a list"},
		{method: set, pattern: "/api/user-limits/{user}/{name}", deed: "user.update", tag: administrator, handle: (*API).putUserLimit,
			summary: "set max-connections or max-channels: {\"value\": number}"},
		{method: del, pattern: "/api/user-limits/{user}/{name}", deed: "user.update", tag: administrator, handle: (*API).deleteUserLimit,
			summary: "take a limit of a user away"},
	}
}

// vhostLimits are the limits of a virtual host.
type vhostLimits struct {
	VHost string             `json:"vhost"`
	Value definitions.Limits `json:"value"`
}

// userLimits are the limits of a user.
type userLimits struct {
	User  string             `json:"user"`
	Value definitions.Limits `json:"value"`
}

func (a *API) listVHostLimits(r *request) (reply, error) {
	var all []vhostLimits
	for _, v := range a.directory.Definitions().VHosts {
		if a.sees(r.caller, v.Name) {
			all = appendVHostLimits(all, v)
		}
	}
	return list(all), nil
}

func (a *API) showVHostLimits(r *request) (reply, error) {
	v, _ := a.directory.VHost(r.vhost())
	return list(appendVHostLimits(nil, v)), nil
}

// appendVHostLimits appends those of a virtual host, if it has any.
func appendVHostLimits(all []vhostLimits, v definitions.VHost) []vhostLimits {
	if limits := definitions.LimitsOf(v); len(limits) > 0 {
		all = append(all, vhostLimits{VHost: v.Name, Value: limits})
	}
	return all
}

func (a *API) putVHostLimit(r *request) (reply, error) {
	b, err := r.body("value")
	if err != nil {
		return reply{}, err
	}
	limit, problem := parseLimit(r.param("name"), b["value"], "limits", definitions.MaxConnections, definitions.MaxQueues)
	if problem != "" {
		return reply{}, badRequest("Validation failed\n\n%s\n", problem)
	}
	return a.setVHostLimit(r, limit)
}

func (a *API) deleteVHostLimit(r *request) (reply, error) {
	return a.setVHostLimit(r, definitions.Limit{})
}

func (a *API) setVHostLimit(r *request, limit definitions.Limit) (reply, error) {
	return done(), a.admin.UpdateVHost(r.actor, r.vhost(), func(v *definitions.VHost) {
		switch r.param("name") {
		case definitions.MaxConnections:
			v.MaxConnections = limit
		case definitions.MaxQueues:
			v.MaxQueues = limit
		}
	})
}

// listUserLimits shows others than administrators and monitoring their own limits only,
// where RabbitMQ shows everybody's.
func (a *API) listUserLimits(r *request) (reply, error) {
	var all []userLimits
	for _, u := range a.directory.Definitions().Users {
		if r.caller.is(monitoring) || r.caller.Name == u.Name {
			all = appendUserLimits(all, u)
		}
	}
	return list(all), nil
}

func (a *API) showUserLimits(r *request) (reply, error) {
	if !r.caller.is(monitoring) && r.caller.Name != r.param("user") {
		return reply{}, unauthorised(refusedObject)
	}
	u, err := a.user(r)
	return list(appendUserLimits(nil, u)), err
}

func appendUserLimits(all []userLimits, u definitions.User) []userLimits {
	if limits := definitions.UserEntryOf(u).Limits; len(limits) > 0 {
		all = append(all, userLimits{User: u.Name, Value: limits})
	}
	return all
}

func (a *API) putUserLimit(r *request) (reply, error) {
	b, err := r.body("value")
	if err != nil {
		return reply{}, err
	}
	if _, err := a.user(r); err != nil {
		return reply{}, badRequest("{no_such_user,<<\"%s\">>}", r.param("user"))
	}
	limit, problem := parseLimit(r.param("name"), b["value"], "user-limits", definitions.MaxConnections, definitions.MaxChannels)
	if problem != "" {
		return reply{}, badRequest("%s", problem)
	}
	return a.setUserLimit(r, limit)
}

func (a *API) deleteUserLimit(r *request) (reply, error) {
	if _, err := a.user(r); err != nil {
		return reply{}, err
	}
	return a.setUserLimit(r, definitions.Limit{})
}

func (a *API) setUserLimit(r *request, limit definitions.Limit) (reply, error) {
	return done(), a.admin.UpdateUser(r.actor, r.param("user"), func(u *definitions.User) {
		switch r.param("name") {
		case definitions.MaxConnections:
			u.MaxConnections = limit
		case definitions.MaxChannels:
			u.MaxChannels = limit
		}
	})
}

// parseLimit reads a limit, or says in RabbitMQ's words why it is none.
func parseLimit(name string, value json.RawMessage, of string, known ...string) (limit definitions.Limit, problem string) {
	if !slices.Contains(known, name) {
		return limit, "Unrecognised terms [{<<\"" + name + "\">>," + termOf(value) + "}] in " + of
	}
	n, isInteger := new(big.Int).SetString(string(value), 10)
	switch {
	case !isInteger:
		return limit, name + " should be a number, actually was " + termOf(value)
	case n.IsInt64():
		return definitions.LimitOf(n.Int64()), ""
	case n.Sign() < 0:
		return definitions.LimitOf(math.MinInt64), ""
	default:
		return definitions.LimitOf(math.MaxInt64), ""
	}
}

// parseLimits reads the member "limits" of the body of a user or virtual host.
func parseLimits(b body, known ...string) (map[string]definitions.Limit, error) {
	limits := make(map[string]definitions.Limit)
	if !b.has("limits") || string(b["limits"]) == "[]" {
		return limits, nil
	}
	var given map[string]json.RawMessage
	if err := b.read("limits", &given); err != nil {
		return nil, badRequest("limits should be an object, actually was %s", termOf(b["limits"]))
	}
	for name, value := range given {
		limit, problem := parseLimit(name, value, "user-limits", known...)
		if problem != "" {
			return nil, badRequest("%s", problem)
		}
		limits[name] = limit
	}
	return limits, nil
}
