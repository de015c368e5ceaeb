package management

import (
	"errors"
	"net/http"
	"runtime/debug"
	"strings"
	"sync"
)

// serve is the frame around handlers. The order of its steps is RabbitMQ's, which
// clients see: who may not call a route is not told whether the object exists.
func (a *API) serve(w http.ResponseWriter, r *http.Request, from entrance) {
	defer a.survive(w, r)
	header := w.Header()
	header.Set("Content-Security-Policy", contentPolicy)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Vary", "accept, accept-encoding, origin")
	path, inside := strings.CutPrefix(r.URL.EscapedPath(), a.options.Prefix)
	if !inside {
		a.fail(w, r, notFound())
		return
	}
	if target, ok := redirects()[strings.TrimSuffix(path, "/")]; ok {
		w.Header().Set("Location", a.options.Prefix+target)
		w.WriteHeader(http.StatusMovedPermanently)
		return
	}
	routes, values := a.paths.find(path)
	matched := routeFor(routes, r.Method)
	if matched == nil {
		a.decline(w, r, routes)
		return
	}
	r.Body = http.MaxBytesReader(w, newUpload(w, r), a.options.MaxBody)
	leave, err := a.enter(r, matched)
	if err != nil {
		return // the client has gone
	}
	defer leave()
	answer, err := a.perform(&request{Request: r, route: matched, query: r.URL.Query(), values: values}, from)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	a.write(w, r, answer, leave)
}

// decline answers where there is no route for the method of a request. A path without
// any route is what RabbitMQ looks for among its files, which can be read: another
// method is one that is not allowed.
func (a *API) decline(w http.ResponseWriter, r *http.Request, routes []*route) {
	allowed := allowOf(routes)
	if len(routes) == 0 {
		allowed = allowOf([]*route{{method: http.MethodGet}})
	}
	switch r.Method {
	case http.MethodOptions:
		w.Header().Set("Allow", allowed)
		w.WriteHeader(http.StatusOK)
	case http.MethodGet, http.MethodHead, http.MethodPut, http.MethodPost, http.MethodDelete, http.MethodPatch:
		if len(routes) == 0 && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
			a.fail(w, r, notFound())
			return
		}
		w.Header().Set("Allow", allowed)
		w.WriteHeader(http.StatusMethodNotAllowed)
	default:
		w.WriteHeader(http.StatusNotImplemented)
	}
}

// enter waits until there is room for one more answer to be made, and returns how the
// room is given up, once or more often. A list of all queues costs memory and a
// processor: many clients that want one must not take both from the clients of AMQP.
// What checks the broker's health does not wait, and neither does what changes
// something, which may wait for the disk.
func (a *API) enter(r *http.Request, to *route) (leave func(), err error) {
	if to.method != http.MethodGet || strings.HasPrefix(to.pattern, "/api/health") || strings.HasPrefix(to.pattern, "/api/aliveness") {
		return func() {}, nil
	}
	select {
	case a.room <- struct{}{}:
		return sync.OnceFunc(func() { <-a.room }), nil
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
}

// contentPolicy lets the pages that are served here load nothing from elsewhere.
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; " +
	"img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// redirects are the paths without a resource that people type.
func redirects() map[string]string {
	return map[string]string{
		"/api":            "/api/index.html",
		"/doc/stats.html": "/api/index.html",
		"/cli":            "/cli/index.html",
		"/mgmt":           "/",
	}
}

// answer finds out who asks and whether they may, and calls the handler.
func (a *API) answer(r *request, from entrance) (reply, error) {
	if err := a.foreign.Check(r.Request); err != nil && from == stranger {
		return reply{}, unauthorised("Cross-origin request refused")
	}
	if r.route.tag != public {
		who, err := a.identify(r.Request, from)
		if err != nil {
			return reply{}, err
		}
		r.identified(who)
	}
	if err := a.authorize(r); err != nil {
		return reply{}, err
	}
	if !acceptable(r.Request, r.route) {
		return reply{}, &problem{status: http.StatusNotAcceptable}
	}
	if r.route.rule != none && !a.exists(r.vhost()) {
		if r.Method == http.MethodPut || r.Method == http.MethodPost {
			return reply{}, noVHost()
		}
		return reply{}, notFound()
	}
	answer, err := r.route.handle(a, r)
	if err != nil || answer.shape != many && answer.shape != one {
		return answer, err
	}
	return a.arrange(r, answer)
}

// acceptable says whether the client takes what the route gives. What asks for
// Erlang's terms first gets JSON: there is no such client that cannot read it.
func acceptable(r *http.Request, to *route) bool {
	accepted := r.Header.Values("Accept")
	if len(accepted) == 0 || !strings.HasPrefix(to.pattern, "/api/") || strings.HasSuffix(to.pattern, ".html") {
		return true
	}
	for _, one := range strings.Split(strings.Join(accepted, ","), ",") {
		media, _, _ := strings.Cut(one, ";")
		switch strings.ToLower(strings.TrimSpace(media)) {
		case "", "*/*", "application/*", "application/json", "application/bert":
			return true
		}
	}
	return false
}

// survive turns a panic into 500: a fault in a view must not end connections of AMQP
// clients.
func (a *API) survive(w http.ResponseWriter, r *http.Request) {
	if fault := recover(); fault != nil {
		if cause, ok := fault.(error); ok && errors.Is(cause, http.ErrAbortHandler) {
			panic(fault)
		}
		a.log.Error("a request to the management API has failed", "method", r.Method, "path", r.URL.EscapedPath(),
			"fault", fault, "stack", string(debug.Stack()))
		w.WriteHeader(http.StatusInternalServerError)
	}
}
