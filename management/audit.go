package management

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/leveretmq/leveret/admin"
)

// errInterrupted is what the audit log has of a call that ended in a fault.
var errInterrupted = errors.New("the broker has failed")

// perform answers a request, and sees to it that the audit log has a line about it if
// the route has a deed, whatever becomes of it. What goes through package admin is told
// there, with what has changed; the rest, and what does not get so far, is told here.
func (a *API) perform(r *request, from entrance) (answer reply, err error) {
	if r.route.recorded() {
		err = errInterrupted // unless the handler returns
		defer func() { a.record(r, err) }()
	}
	answer, err = a.answer(r, from)
	return answer, err
}

// record writes the line if there is none yet. Who has not logged in is in the log of the
// broker, not here: it is not known who it was.
func (a *API) record(r *request, err error) {
	if r.actor.Lines == nil || r.actor.Lines.Tell(err) {
		return
	}
	a.admin.Record(r.actor, admin.Deed{
		Action: r.route.deed, Object: r.object(), VHost: r.vhost(), Details: r.details,
	}, refusal(err))
}

// declared is the answer to a declaration, which the audit log is told of as well: a
// declaration of what is there changes nothing.
func (r *request) declared(isNew bool) reply {
	changed := "nothing"
	if isNew {
		changed = "new"
	}
	r.note("changed", changed)
	return put(isNew)
}

// object is what a request is about: the parameters of its path but the virtual host,
// or the virtual host if there is nothing else.
func (r *request) object() string {
	var names []string
	for i, parameter := range r.route.parameters {
		if parameter != "vhost" {
			names = append(names, r.values[i])
		}
	}
	if names == nil && slices.Contains(r.route.parameters, "vhost") {
		return r.vhost()
	}
	return strings.Join(names, "/")
}

// refusal is why something was refused, in the words that the client gets.
func refusal(err error) error {
	p := problemOf(err)
	switch {
	case p == nil:
		return err
	case p.reason == "":
		return errors.New(http.StatusText(p.status))
	default:
		return errors.New(p.reason)
	}
}
