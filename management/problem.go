package management

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/auth"
	"github.com/leveretmq/leveret/broker"
	policies "github.com/leveretmq/leveret/policy"
)

// problem is a refusal as clients see it: {"error": kind, "reason": reason}.
type problem struct {
	status int
	kind   string
	// reason is always text: RabbitMQ has a list in the place of some Erlang terms,
	// over which clients with types stumble. Here it is the term as text.
	reason string
	// challenge asks the client to log in.
	challenge bool
}

// Error is the reason, for the log.
func (p *problem) Error() string { return fmt.Sprintf("%d %s: %s", p.status, p.kind, p.reason) }

// problemView is the body of a refusal.
type problemView struct {
	Error  string `json:"error"`
	Reason string `json:"reason"`
}

// notFoundKind is the kind of the problem that something does not exist.
const notFoundKind = "Object Not Found"

// notFound answers for what does not exist.
func notFound() error {
	return &problem{status: http.StatusNotFound, kind: notFoundKind, reason: "Not Found"}
}

// badRequest is 400 with a reason that scripts look for.
func badRequest(format string, args ...any) error {
	return &problem{status: http.StatusBadRequest, kind: "bad_request", reason: fmt.Sprintf(format, args...)}
}

// badTerm is 400 with a reason that is a tuple in RabbitMQ, and a list in its JSON. The
// term is Erlang's (termOf, amqp.Term).
func badTerm(kind, term string) error { return badRequest("{%s,%s}", kind, term) }

// noVHost answers for a change in a virtual host that does not exist.
func noVHost() error {
	return &problem{status: http.StatusNotFound, kind: "not_found", reason: "vhost_not_found"}
}

// unauthorised is the refusal of somebody who has logged in.
func unauthorised(reason string) error {
	return &problem{status: http.StatusUnauthorized, kind: "not_authorised", reason: reason}
}

// loginFailedReason is for whoever has a wrong name or password.
const loginFailedReason = "Login failed"

// loginFailed is the refusal of somebody who has not, in RabbitMQ's other spelling.
func loginFailed(reason string) error {
	return &problem{status: http.StatusUnauthorized, kind: "not_authorized", reason: reason, challenge: true}
}

// problemOf is what clients see of an error; nil for one that is the broker's own
// failure.
func problemOf(err error) *problem {
	var p *problem
	var protocol *amqp.Error
	var tooLarge *http.MaxBytesError
	var invalid *policies.Error
	switch {
	case errors.As(err, &p):
		return p
	case errors.As(err, &tooLarge):
		return &problem{status: http.StatusBadRequest, kind: "bad_request", reason: "Exceeded HTTP request body size limit"}
	case errors.As(err, &invalid):
		return &problem{status: http.StatusBadRequest, kind: "bad_request", reason: invalid.Error()}
	case errors.As(err, &protocol):
		return problemOfProtocol(protocol)
	case errors.Is(err, auth.ErrProtected):
		return &problem{status: http.StatusPreconditionFailed, kind: "precondition_failed", reason: err.Error()}
	case errors.Is(err, auth.ErrInvalidName), errors.Is(err, auth.ErrTooMany), errors.Is(err, auth.ErrQueueType),
		errors.Is(err, auth.ErrInvalidPattern), errors.Is(err, auth.ErrNotBase64):
		return &problem{status: http.StatusBadRequest, kind: "bad_request", reason: err.Error()}
	case errors.Is(err, auth.ErrNoSuchUser), errors.Is(err, auth.ErrNoSuchVHost), errors.Is(err, broker.ErrNoVHost):
		return &problem{status: http.StatusNotFound, kind: notFoundKind, reason: "Not Found"}
	default:
		return nil
	}
}

// refusedAccess is what AMQP's ACCESS_REFUSED is here.
const refusedAccess = "Access refused."

// problemOfProtocol is the answer where AMQP would close the channel. The reason is
// the text without its prefix, and says nothing of permissions (RabbitMQ behaviour).
func problemOfProtocol(e *amqp.Error) *problem {
	switch e.Code {
	case amqp.CodeAccessRefused:
		return &problem{status: http.StatusUnauthorized, kind: "not_authorised", reason: refusedAccess}
	case amqp.CodeNotFound:
		return &problem{status: http.StatusNotFound, kind: "not_found", reason: e.Text}
	default:
		return &problem{status: http.StatusBadRequest, kind: "bad_request", reason: e.Text}
	}
}
