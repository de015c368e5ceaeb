package management

import (
	"net/http"
	"net/url"
	"slices"

	"github.com/leveretmq/leveret/admin"
)

// request is what a handler gets.
type request struct {
	*http.Request
	caller caller
	route  *route
	query  url.Values
	values []string // of the parameters of the path

	actor   admin.Actor // the caller, for events and the audit log
	details []any       // pairs that the audit log has beside what the path says
}

// identified says who has made the request.
func (r *request) identified(who caller) {
	r.caller = who
	r.actor = admin.Actor{User: who.Name, Peer: who.peer, Lines: new(admin.Lines)}
}

// note adds to the line of the audit log. It must not be given secrets and payloads.
func (r *request) note(key string, value any) { r.details = append(r.details, key, value) }

// param is the value of a parameter of the path, unescaped.
func (r *request) param(name string) string {
	i := slices.Index(r.route.parameters, name)
	if i < 0 {
		return ""
	}
	return r.values[i]
}

// vhost is the virtual host of the path.
func (r *request) vhost() string { return r.param("vhost") }

// flag says whether the query has the name with the value "true".
func (r *request) flag(name string) bool { return r.query.Get(name) == "true" }
