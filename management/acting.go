package management

import (
	"errors"
	"net/http"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/broker"
	"github.com/leveretmq/leveret/server"
)

// acting is a caller who does in a virtual host what an AMQP client could do there,
// with the same rights.
type acting struct {
	server.Rights
	// owner is who asks, where the broker wants to know the connection.
	owner performer
}

// performer is the name of a caller, for events. No queue is exclusive to one.
type performer string

var _ broker.Actor = performer("")

// Actor is the user.
func (p performer) Actor() string { return string(p) }

// Process is nothing: there is no connection.
func (performer) Process() string { return "" }

// acting is the caller in the virtual host of the path. The administrator of the
// control socket may do everything.
func (a *API) acting(r *request) (acting, error) {
	v, ok := a.broker.VHost(r.vhost())
	if !ok {
		return acting{}, notFound()
	}
	return a.actingAs(r.caller, v), nil
}

func (a *API) actingAs(c caller, v *broker.VHost) acting {
	who := acting{Rights: server.Rights{User: c.User, VHost: v}, owner: performer(c.Name)}
	if !c.local {
		who.Permissions = a.authority
	}
	return who
}

// connected refuses callers who could not open a connection to the virtual host, which is
// what RabbitMQ does for whatever follows.
func (a *API) connected(r *request) error {
	if a.mayEnter(r.caller, r.vhost()) {
		return nil
	}
	return unauthorised(refusedAccess)
}

// missing is the answer of RabbitMQ 4 for the object of an action, like
// "queue_not_found".
func missing(what string) error {
	return &problem{status: http.StatusNotFound, kind: "not_found", reason: what + "_not_found"}
}

// replied is what publishing and getting answer where AMQP would close the channel:
// unlike with declarations, the text begins with the code's name.
func replied(err error, withCode bool) error {
	var protocol *amqp.Error
	if !errors.As(err, &protocol) {
		return err
	}
	if withCode {
		return badRequest("%d %s", protocol.Code, protocol.ReplyText())
	}
	switch protocol.Code {
	case amqp.CodeAccessRefused:
		return unauthorised(protocol.ReplyText())
	case amqp.CodeNotFound:
		return &problem{status: http.StatusNotFound, kind: "not_found", reason: protocol.ReplyText()}
	default:
		return badRequest("%s", protocol.ReplyText())
	}
}
