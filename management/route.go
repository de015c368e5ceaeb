package management

import (
	"net/http"
	"slices"
	"strings"
)

// tag is what a user has to be to call a route. The greater ones include the lesser,
// but for policymaker and monitoring, neither of which includes the other.
type tag int

const (
	// public needs no user at all.
	public tag = iota
	// anyone has one of the four tags.
	anyone
	policymaker
	monitoring
	administrator
)

// String is the name of the tag, as users have it.
func (t tag) String() string {
	return [...]string{"none", "management", "policymaker", "monitoring", "administrator"}[t]
}

// refusal is RabbitMQ's text for who lacks the tag.
func (t tag) refusal() string {
	switch t {
	case administrator:
		return "Not administrator user"
	case monitoring:
		return "Not monitor user"
	case policymaker:
		return refusedObject
	default:
		return "Not management user"
	}
}

const (
	refusedObject = "User not authorised to access object"
	refusedVHost  = "User not authorised to access virtual host"
)

// rule is what a route asks of the virtual host in its path, which is the parameter
// "vhost" and has to exist under each of the rules but none.
type rule int

const (
	// none asks nothing: there is no virtual host, or the handler looks itself.
	none rule = iota
	// exists lets in whoever has the tag.
	exists
	// visible lets in who may enter it, and monitoring.
	visible
	// enter lets in who may enter it, and administrators.
	enter
	// object is enter with another text.
	object
)

// handler answers a request that is authorized.
type handler func(a *API, r *request) (reply, error)

// route is one row of the table.
type route struct {
	method  string
	pattern string // segments in braces are parameters
	tag     tag
	rule    rule
	handle  handler
	summary string // one line for people
	paged   bool   // the list can be had in pages; RabbitMQ ignores ?page= for others
	// deed is what the audit log calls it. Each route but those for GET has one, or says
	// that it readsOnly; a GET that is more than looking may have one, too.
	deed string

	parameters []string // of the pattern, in order; filled in by tree.add
}

// readsOnly is the deed of routes that change nothing, though their method could.
const readsOnly = "-"

// recorded says whether the audit log is told of calls.
func (r *route) recorded() bool { return r.deed != "" && r.deed != readsOnly }

// serves says whether the route answers the method: one for GET does for HEAD.
func (r *route) serves(method string) bool {
	return r.method == method || r.method == http.MethodGet && method == http.MethodHead
}

// allowOf is the Allow header of routes that share a path, in RabbitMQ's order.
func allowOf(routes []*route) string {
	var methods []string
	for _, method := range []string{http.MethodHead, http.MethodGet, http.MethodPut, http.MethodPost, http.MethodDelete} {
		if slices.ContainsFunc(routes, func(r *route) bool { return r.serves(method) }) {
			methods = append(methods, method)
		}
	}
	return strings.Join(append(methods, http.MethodOptions), ", ")
}

// routeFor picks the route for a method, nil if there is none.
func routeFor(routes []*route, method string) *route {
	for _, r := range routes {
		if r.serves(method) {
			return r
		}
	}
	return nil
}
