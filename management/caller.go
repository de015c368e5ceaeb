package management

import (
	"errors"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/leveretmq/leveret/auth"
)

// entrance is where a request has come in.
type entrance int

const (
	// stranger has to log in.
	stranger entrance = iota
	// operator is the administrator.
	operator
)

// operatorName is who makes changes over the control socket, in events and in the
// audit log (RabbitMQ's name for its command line).
const operatorName = "rmq-cli"

// caller is who asks.
type caller struct {
	auth.User
	// local says that the caller has come over the control socket, and may do
	// everything.
	local bool
	// peer is the address, for the audit log.
	peer string
}

// is says whether the caller has the tag or one that includes it.
func (c caller) is(least tag) bool {
	has := func(t tag) bool { return slices.Contains(c.Tags, t.String()) }
	switch {
	case least == public || c.local || has(administrator):
		return true
	case least == administrator:
		return false
	case least == anyone:
		return has(anyone) || has(policymaker) || has(monitoring)
	default:
		return has(least)
	}
}

// mayEnter says whether the caller could open an AMQP connection to the virtual host.
func (a *API) mayEnter(c caller, vhost string) bool {
	return c.local || a.authority.VHostAccess(c.User, vhost)
}

// lists says whether a list has the objects of the virtual host for the caller.
func (a *API) lists(c caller, vhost string) bool {
	return c.is(administrator) || a.mayEnter(c, vhost)
}

// sees says whether a list of virtual hosts has this one for the caller.
func (a *API) sees(c caller, vhost string) bool {
	return c.is(monitoring) || a.mayEnter(c, vhost)
}

// identify finds out who asks. The texts of refusals are RabbitMQ's.
func (a *API) identify(r *http.Request, from entrance) (caller, error) {
	if from == operator {
		return caller{User: auth.User{Name: operatorName}, local: true, peer: "control socket"}, nil
	}
	header := r.Header.Get("Authorization")
	if header == "" {
		return caller{}, &problem{status: http.StatusUnauthorized, challenge: true}
	}
	name, password, ok := r.BasicAuth()
	if !ok {
		// Bearer is understood and refused: there is nobody who could check it.
		if scheme, _, _ := strings.Cut(header, " "); !strings.EqualFold(scheme, "Bearer") {
			return caller{}, &problem{status: http.StatusBadRequest}
		}
		return caller{}, loginFailed(loginFailedReason)
	}
	user, err := a.check(name, password, r)
	return caller{User: user, peer: r.RemoteAddr}, err
}

// check asks whether the password is right, and counts the answer.
func (a *API) check(name, password string, r *http.Request) (auth.User, error) {
	user, err := a.authority.Check(name, password, peerOf(r))
	a.broker.CountLogin("http", hostOf(r), name, err == nil)
	if err == nil {
		return user, nil
	}
	if errors.Is(err, auth.ErrLocalOnly) {
		return user, loginFailed("User can only log in via localhost")
	}
	return user, loginFailed(loginFailedReason)
}

// hostOf is the host that a request comes from.
func hostOf(r *http.Request) string {
	address, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return address.Addr().Unmap().String()
}

// peerOf is where a request comes from, as far as it matters to logins.
func peerOf(r *http.Request) auth.Peer {
	peer := auth.Peer{TLS: r.TLS != nil}
	if address, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		peer.Remote = net.TCPAddrFromAddrPort(address)
	}
	if local, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr); ok {
		peer.Local = local
	}
	return peer
}

// authorize says whether the caller may call the route.
func (a *API) authorize(r *request) error {
	if r.route.tag == public {
		return nil
	}
	// Who has no tag at all is told so, whatever else is missing.
	if !r.caller.is(anyone) {
		return unauthorised(anyone.refusal())
	}
	if !r.caller.is(r.route.tag) {
		return unauthorised(r.route.tag.refusal())
	}
	if r.route.rule == none || !a.exists(r.param("vhost")) {
		return nil // and is found missing later
	}
	vhost := r.param("vhost")
	switch r.route.rule {
	case visible:
		if !a.sees(r.caller, vhost) {
			return unauthorised(refusedVHost)
		}
	case enter:
		if !a.lists(r.caller, vhost) {
			return unauthorised(refusedVHost)
		}
	case object:
		if !a.lists(r.caller, vhost) {
			return unauthorised(refusedObject)
		}
	}
	return nil
}

// exists says whether there is the virtual host.
func (a *API) exists(vhost string) bool {
	_, ok := a.directory.VHost(vhost)
	return ok
}
