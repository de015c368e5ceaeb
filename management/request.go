package management

import (
	"net/http"
	"net/url"
	"slices"
)

// request is what a handler gets.
type request struct {
	*http.Request
	caller caller
	route  *route
	query  url.Values
	values []string // of the parameters of the path
}

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
