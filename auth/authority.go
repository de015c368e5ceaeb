package auth

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// The mechanisms.
const (
	mechanismPlain     = "PLAIN"
	mechanismAMQPLAIN  = "AMQPLAIN"
	mechanismExternal  = "EXTERNAL"
	mechanismAnonymous = "ANONYMOUS"
)

// AuthorityOptions is what an Authority needs.
type AuthorityOptions struct {
	// Directory knows the virtual hosts and all limits.
	Directory *Directory
	// Backends are asked one after the other until one accepts. None are the
	// directory.
	Backends []Backend
	// Mechanisms are those that are on, in any order. None are PLAIN and
	// AMQPLAIN, and ANONYMOUS if AnonymousUser is given.
	Mechanisms []string
	// LoopbackUsers are refused unless they come from this machine. A name that
	// is no user's is allowed and means nothing.
	LoopbackUsers []string
	// AnonymousUser is who clients are that choose ANONYMOUS. Without it the
	// mechanism is off.
	AnonymousUser string
	// CertificateName says what of a client's certificate is the name of the
	// user, for EXTERNAL.
	CertificateName CertificateName
}

// Authority answers for the server who a client is and what it may do. It never
// changes after New, so that all methods are safe for concurrent use without a
// lock; what its back ends know may change.
type Authority struct {
	directory  *Directory
	backends   []Backend
	mechanisms []string
	loopback   map[string]struct{}
	anonymous  string
	certName   CertificateName
}

// New refuses options without a directory, with a mechanism that does not exist,
// or with ANONYMOUS and nobody to be.
func New(options AuthorityOptions) (*Authority, error) {
	if options.Directory == nil {
		return nil, errors.New("there is no directory of users and virtual hosts")
	}
	a := &Authority{
		directory: options.Directory,
		backends:  slices.Clone(options.Backends),
		loopback:  set(options.LoopbackUsers),
		anonymous: options.AnonymousUser,
		certName:  options.CertificateName,
	}
	if len(a.backends) == 0 {
		a.backends = []Backend{a.directory}
	}
	chosen := options.Mechanisms
	if len(chosen) == 0 {
		chosen = []string{mechanismPlain, mechanismAMQPLAIN}
		if a.anonymous != "" {
			chosen = append(chosen, mechanismAnonymous)
		}
	}
	// The order of the list is that in which RabbitMQ offers.
	known := []string{mechanismAMQPLAIN, mechanismPlain, mechanismExternal, mechanismAnonymous}
	for _, m := range chosen {
		if !slices.Contains(known, m) {
			return nil, fmt.Errorf("%w '%s'", ErrUnknownMechanism, m)
		}
	}
	if slices.Contains(chosen, mechanismAnonymous) && a.anonymous == "" {
		return nil, errors.New("the mechanism ANONYMOUS needs an anonymous user")
	}
	for _, m := range known {
		if slices.Contains(chosen, m) {
			a.mechanisms = append(a.mechanisms, m)
		}
	}
	if err := a.certName.check(); err != nil {
		return nil, err
	}
	return a, nil
}

func set(names []string) map[string]struct{} {
	s := make(map[string]struct{}, len(names))
	for _, name := range names {
		s[name] = struct{}{}
	}
	return s
}

// Mechanisms lists what is on for clients without TLS, as connection.start has
// it: names separated by a space.
func (a *Authority) Mechanisms() string { return a.MechanismsFor(Peer{}) }

// MechanismsFor lists what is offered to the peer: EXTERNAL with TLS only, but
// then even to a client without a certificate, whose refusal says more than a
// mechanism that is missing (RabbitMQ behaviour).
func (a *Authority) MechanismsFor(peer Peer) string {
	var offered []string
	for _, m := range a.mechanisms {
		if a.offers(m, peer) {
			offered = append(offered, m)
		}
	}
	return strings.Join(offered, " ")
}

func (a *Authority) offers(mechanism string, peer Peer) bool {
	return slices.Contains(a.mechanisms, mechanism) && (mechanism != mechanismExternal || peer.TLS)
}

// Login checks the response that a client gave for a mechanism, whose name is
// case-sensitive. The error wraps ErrRefused, ErrUnknownMechanism or
// ErrMalformedResponse; a *LoginError knows who was refused. It may take as long as a
// strong hash does.
func (a *Authority) Login(mechanism, response string, peer Peer) (User, error) {
	if !a.offers(mechanism, peer) {
		return User{}, fmt.Errorf("%w '%s'", ErrUnknownMechanism, mechanism)
	}
	attempt, err := a.attempt(mechanism, response, peer)
	if err != nil {
		return User{}, err
	}
	return a.admit(mechanism, attempt)
}

// ErrLocalOnly is the refusal of a user whose password is right, but who may only
// come from this machine. The error that wraps it is an ErrRefused as well.
var ErrLocalOnly = errors.New("can only connect via localhost")

// Check is the login of somebody who does not speak SASL, such as a client of HTTP:
// it does not ask which mechanisms are on. The error wraps ErrRefused, and
// ErrLocalOnly where that is the reason. It may take as long as a strong hash does.
func (a *Authority) Check(name, password string, peer Peer) (User, error) {
	return a.admit(mechanismPlain, Attempt{Name: name, Password: password, Peer: peer})
}

// admit asks the back ends about an attempt.
func (a *Authority) admit(mechanism string, attempt Attempt) (User, error) {
	user, err := a.authenticate(attempt)
	if err != nil {
		return User{}, refused(mechanism, attempt.Name, err)
	}
	// After the password, which thus tells no stranger who exists.
	if _, local := a.loopback[user.Name]; local && !attempt.Peer.Loopback() {
		return User{}, refused(mechanism, user.Name, ErrLocalOnly)
	}
	return user, nil
}

// attempt is what the response of the mechanism claims.
func (a *Authority) attempt(mechanism, response string, peer Peer) (Attempt, error) {
	switch mechanism {
	case mechanismExternal:
		name, err := a.certName.of(peer)
		if err != nil {
			return Attempt{}, fmt.Errorf("%s %w: %w", mechanism, ErrRefused, err)
		}
		return Attempt{Name: name, Vouched: true, Peer: peer}, nil
	case mechanismAnonymous:
		return Attempt{Name: a.anonymous, Vouched: true, Peer: peer}, nil
	case mechanismAMQPLAIN:
		c, err := parseAMQPLAIN(response)
		return Attempt{Name: c.name, Password: c.password, Peer: peer}, err
	default:
		c, err := parsePlain(response)
		return Attempt{Name: c.name, Password: c.password, Peer: peer}, err
	}
}

// authenticate asks the back ends. The answer of the last one counts if none
// accepts.
func (a *Authority) authenticate(attempt Attempt) (User, error) {
	var refusal error
	for _, b := range a.backends {
		user, err := b.Authenticate(attempt)
		if err == nil {
			user.backend = b
			return user, nil
		}
		refusal = err
	}
	return User{}, refusal
}

// LoginError is the refusal of somebody's login. It is an ErrRefused.
type LoginError struct {
	Mechanism string
	Name      string // who the client wanted to be
	cause     error  // what the back end has answered, or nil
	reason    string
}

// refused is what the log learns of a login that failed.
func refused(mechanism, name string, answer error) error {
	e := &LoginError{Mechanism: mechanism, Name: name}
	var refusal *RefusalError
	switch {
	case errors.As(answer, &refusal):
		e.reason = refusal.Reason
	case errors.Is(answer, ErrRefused):
		e.reason = "invalid credentials"
	default:
		e.reason, e.cause = answer.Error(), answer
	}
	return e
}

// Error has the mechanism and the reason.
func (e *LoginError) Error() string {
	return e.Mechanism + " " + ErrRefused.Error() + ": " + e.Reason()
}

// Reason is RabbitMQ's text for events and the log.
func (e *LoginError) Reason() string { return fmt.Sprintf("user '%s' - %s", e.Name, e.reason) }

// Unwrap gives ErrRefused, and what the back end has answered beyond that.
func (e *LoginError) Unwrap() []error {
	if e.cause == nil {
		return []error{ErrRefused}
	}
	return []error{ErrRefused, e.cause}
}
