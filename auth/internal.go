package auth

import (
	"errors"
	"fmt"
	"strings"

	"github.com/leveretmq/leveret/definitions"
)

// Options is what NewInternal knows.
type Options struct {
	Users []Credentials
	// LoopbackUsers are those of AuthorityOptions.
	LoopbackUsers []string
	// VHosts are the virtual hosts, in which every user may do everything.
	VHosts []string
}

// Credentials is one user of NewInternal.
type Credentials struct {
	Name     string
	Password string
	Tags     []string
}

// Internal is an Authority.
type Internal = Authority

// NewInternal makes an Authority over a fixed list of users. It refuses users
// without a name or a password, names that come twice, and names or passwords
// with a NUL, which no PLAIN response can carry.
func NewInternal(options Options) (*Internal, error) {
	d, err := NewDirectory(DirectoryOptions{}, definitions.Set{})
	if err != nil {
		return nil, err
	}
	for _, name := range options.VHosts {
		if _, err := d.PutVHost(definitions.VHost{Name: name}); err != nil {
			return nil, err
		}
	}
	for _, c := range options.Users {
		if err := checkCredentials(c); err != nil {
			return nil, err
		}
		if _, err := d.AddUser(definitions.User{Name: c.Name, Tags: c.Tags}, c.Password); err != nil {
			return nil, err
		}
		for _, name := range options.VHosts {
			all := definitions.Permission{User: c.Name, VHost: name, Configure: ".*", Write: ".*", Read: ".*"}
			if _, err := d.SetPermission(all); err != nil {
				return nil, err
			}
		}
	}
	return New(AuthorityOptions{Directory: d, LoopbackUsers: options.LoopbackUsers})
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
