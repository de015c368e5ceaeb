package auth

import (
	"errors"
	"fmt"
)

// Backend is a source of identity: it decides who users are and what they may
// do. All methods are called concurrently.
//
// The answer nil means yes, and ErrRefused no. A *RefusalError is a no whose reason
// the client is told, and any other error a failure of the back end, which is a
// no as well.
type Backend interface {
	// Name is what refusals call the back end, like "internal".
	Name() string
	// Authenticate answers who a client is. It must cost the same for names that
	// it does not know.
	Authenticate(attempt Attempt) (User, error)
	// Enter answers whether the user may open connections to the virtual host,
	// which exists.
	Enter(user User, vhost string) error
	// May answers whether the user may do something to a queue or an exchange.
	May(user User, vhost string, op Operation, r Resource) error
	// MayTopic answers whether the user may write or read with a routing key at
	// a topic exchange.
	MayTopic(user User, vhost, exchange string, op Operation, key string) error
	// Generation changes when earlier answers may not hold any more.
	Generation() uint64
}

// Attempt is a client that wants to be somebody.
type Attempt struct {
	Name     string
	Password string
	// Vouched says that there is no password, because something else has proved
	// the name: a certificate, or the configuration.
	Vouched bool
	Peer    Peer
}

// RefusalError is a no with a reason that the client is told.
type RefusalError struct{ Reason string }

// Error is the reason.
func (r *RefusalError) Error() string { return r.Reason }

// Unwrap makes it an ErrRefused.
func (r *RefusalError) Unwrap() error { return ErrRefused }

// because is the end of a refusal's text: what the back end has to say
// (RabbitMQ behaviour).
func because(b Backend, answer error) string {
	var refusal *RefusalError
	switch {
	case errors.As(answer, &refusal):
		return fmt.Sprintf(" by backend %s: %s", b.Name(), refusal.Reason)
	case errors.Is(answer, ErrRefused):
		return ""
	default:
		return fmt.Sprintf(", backend %s returned an error: %v", b.Name(), answer)
	}
}
