package auth

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Options is what Internal knows.
type Options struct {
	Users []Credentials
	// LoopbackUsers are refused unless they come from this machine. A name
	// that is no user's is allowed and means nothing.
	LoopbackUsers []string
	// VHosts are the virtual hosts that every user may enter.
	VHosts []string
}

// Credentials is one user of Internal.
type Credentials struct {
	Name     string
	Password string
	Tags     []string
}

// Internal knows a fixed list of users. It never changes after NewInternal, so
// that all methods are safe for concurrent use without a lock.
type Internal struct {
	accounts map[string]account
	// stranger stands in for a user that does not exist, so that an unknown
	// name costs one hash like a known one. Nothing matches its sum.
	stranger account
	loopback map[string]struct{}
	vhosts   map[string]struct{}
}

type account struct {
	user     User
	password passwordHash
}

// NewInternal refuses users without a name or a password, names that come
// twice, and names or passwords with a NUL, which no PLAIN response can carry.
func NewInternal(options Options) (*Internal, error) {
	i := &Internal{
		accounts: make(map[string]account, len(options.Users)),
		stranger: account{password: unmatchable()},
		loopback: set(options.LoopbackUsers),
		vhosts:   set(options.VHosts),
	}
	for _, c := range options.Users {
		if err := checkCredentials(c); err != nil {
			return nil, err
		}
		if _, ok := i.accounts[c.Name]; ok {
			return nil, fmt.Errorf("user '%s' is given twice", c.Name)
		}
		i.accounts[c.Name] = account{
			user:     User{Name: c.Name, Tags: slices.Clone(c.Tags)},
			password: hashPassword(c.Password),
		}
	}
	return i, nil
}

func checkCredentials(c Credentials) error {
	switch {
	case c.Name == "":
		return errors.New("a user has no name")
	case c.Password == "":
		return fmt.Errorf("user '%s' has no password", c.Name)
	case strings.Contains(c.Name+c.Password, "\x00"):
		return fmt.Errorf("user '%s' has a NUL in its name or password", c.Name)
	default:
		return nil
	}
}

func set(names []string) map[string]struct{} {
	s := make(map[string]struct{}, len(names))
	for _, name := range names {
		s[name] = struct{}{}
	}
	return s
}

// Mechanisms is the list for connection.start: names separated by a space, in
// the order in which RabbitMQ offers them.
func (i *Internal) Mechanisms() string { return mechanismAMQPLAIN + " " + mechanismPlain }

// Login checks the response that a client gave for a mechanism: PLAIN or
// AMQPLAIN, case-sensitive. The error wraps ErrRefused, ErrUnknownMechanism or
// ErrMalformedResponse.
func (i *Internal) Login(mechanism, response string, peer Peer) (User, error) {
	c, err := parseResponse(mechanism, response)
	if err != nil {
		return User{}, err
	}
	found, ok := i.accounts[c.name]
	if !ok {
		found = i.stranger
	}
	// The comparison comes first, whatever else is wrong: see the package
	// comment. A blank password is refused even though no user has one, so
	// that the rule does not rest on the list of users alone.
	matches := found.password.matches(c.password)
	if !ok || !matches || c.password == "" {
		return User{}, refused(mechanism, c.name, "invalid credentials")
	}
	if _, local := i.loopback[c.name]; local && !peer.loopback() {
		return User{}, refused(mechanism, c.name, "can only connect via localhost")
	}
	return found.user, nil
}

func refused(mechanism, name, reason string) error {
	return fmt.Errorf("%s %w: user '%s' - %s", mechanism, ErrRefused, name, reason)
}

// VHostAccess tells whether the user may open a connection to the virtual
// host: every user of the list to every virtual host of the list. It does not
// tell whether the virtual host exists.
func (i *Internal) VHostAccess(user User, vhost string) bool {
	_, known := i.accounts[user.Name]
	_, open := i.vhosts[vhost]
	return known && open
}
