package auth

import (
	"crypto/x509"
	"errors"
	"net"
	"net/netip"
)

// The kinds of failure of a login, for errors.Is. The text of the error that
// wraps one is meant for the log and must not be sent to the client.
var (
	// ErrRefused means wrong credentials, or right ones from the wrong place. As
	// the answer of a back end about access it means no.
	ErrRefused = errors.New("login refused")
	// ErrUnknownMechanism means a mechanism that is not offered.
	ErrUnknownMechanism = errors.New("unknown authentication mechanism")
	// ErrMalformedResponse means a response that the mechanism cannot read.
	ErrMalformedResponse = errors.New("malformed authentication response")
)

// User is a client that has proved who it is.
type User struct {
	Name string
	// Tags are the user's roles, such as "administrator". They give rights in
	// management and change nothing in AMQP, except Impersonator. Not to be
	// modified: all logins of the user share the slice.
	Tags []string
	// ClientID fills the variable {client_id} in topic permissions. A client of
	// AMQP 0-9-1 has none, and the variable then stands for itself.
	ClientID string

	// backend has accepted the user and decides what it may do; nil is the
	// directory.
	backend Backend
}

// Impersonator is the tag of users whose messages may name another user in their
// user_id property (RabbitMQ behaviour).
const Impersonator = "impersonator"

// Peer is where a login comes from.
type Peer struct {
	Remote net.Addr
	Local  net.Addr
	TLS    bool
	// Certificates is the chain that the client has proved itself with, its own
	// certificate first: verified, or not here. Whoever does not verify clients
	// leaves it empty.
	Certificates []*x509.Certificate
}

// Loopback tells whether the peer is on this machine. An address that cannot be
// understood counts as remote.
func (p Peer) Loopback() bool {
	switch addr := p.Remote.(type) {
	case nil:
		return false
	case *net.UnixAddr:
		return true
	case *net.TCPAddr:
		return addr.AddrPort().Addr().Unmap().IsLoopback()
	default:
		parsed, err := netip.ParseAddrPort(addr.String())
		return err == nil && parsed.Addr().Unmap().IsLoopback()
	}
}
