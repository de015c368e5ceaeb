package management

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/auth"
)

// problem is a refusal as clients see it: {"error": kind, "reason": reason}.
type problem struct {
	status int
	kind   string
	reason any // text, or a list where RabbitMQ answers with an Erlang tuple
	// challenge asks the client to log in.
	challenge bool
}

// Error is the reason, for the log.
func (p *problem) Error() string { return fmt.Sprintf("%d %s: %v", p.status, p.kind, p.reason) }

// MarshalJSON is the body of the answer.
func (p *problem) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Error  string `json:"error"`
		Reason any    `json:"reason"`
	}{p.kind, p.reason})
}

// notFound answers for what does not exist.
func notFound() error {
	return &problem{status: http.StatusNotFound, kind: "Object Not Found", reason: "Not Found"}
}

// badRequest is 400 with a reason that scripts look for.
func badRequest(format string, args ...any) error {
	return &problem{status: http.StatusBadRequest, kind: "bad_request", reason: fmt.Sprintf(format, args...)}
}

// badTerm is 400 with a reason that is a tuple in RabbitMQ, and a list in JSON.
func badTerm(reason ...any) error {
	return &problem{status: http.StatusBadRequest, kind: "bad_request", reason: reason}
}

// unauthorised is the refusal of somebody who has logged in.
func unauthorised(reason string) error {
	return &problem{status: http.StatusUnauthorized, kind: "not_authorised", reason: reason}
}

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
	switch {
	case errors.As(err, &p):
		return p
	case errors.As(err, &tooLarge):
		return &problem{status: http.StatusBadRequest, kind: "bad_request", reason: "Exceeded HTTP request body size limit"}
	case errors.As(err, &protocol):
		return problemOfProtocol(protocol)
	case errors.Is(err, auth.ErrNoSuchUser), errors.Is(err, auth.ErrNoSuchVHost):
		return &problem{status: http.StatusNotFound, kind: "Object Not Found", reason: "Not Found"}
	default:
		return nil
	}
}

// problemOfProtocol is the answer where AMQP would close the channel. The reason is
// the text without its prefix, and says nothing of permissions (RabbitMQ behaviour).
func problemOfProtocol(e *amqp.Error) *problem {
	switch e.Code {
	case amqp.CodeAccessRefused:
		return &problem{status: http.StatusUnauthorized, kind: "not_authorised", reason: "Access refused."}
	case amqp.CodeNotFound:
		return &problem{status: http.StatusNotFound, kind: "not_found", reason: e.Text}
	default:
		return &problem{status: http.StatusBadRequest, kind: "bad_request", reason: e.Text}
	}
}
