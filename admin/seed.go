package admin

import (
	"fmt"
	"slices"

	"github.com/leveretmq/leveret/auth"
	"github.com/leveretmq/leveret/definitions"
)

// Seed is what the configuration says about users and virtual hosts.
type Seed struct {
	// VHost is where the users may do everything.
	VHost string
	Users []SeedUser
	// KeepVHost and KeepUsers say that the operator has written them down: then they
	// exist after each start, and the users have these passwords and tags. Otherwise
	// they are made in an empty data directory only (RabbitMQ behaviour).
	KeepVHost, KeepUsers bool
	// Elsewhere says that an empty data directory gets its users and virtual hosts
	// from a file of definitions.
	Elsewhere bool
}

// SeedUser is a user of the configuration.
type SeedUser struct {
	Name     string
	Password string
	Tags     []string
}

// Sow brings the seed into the directory before a broker is made of what is stored.
// The change has to be stored first. Whatever else there is stays.
func Sow(d *auth.Directory, stored definitions.Set, seed Seed) (definitions.Change, error) {
	s := sowing{directory: d, seed: seed}
	empty := len(stored.VHosts) == 0 && len(stored.Users) == 0 && !seed.Elsewhere
	for _, name := range topologyVHosts(stored) {
		s.vhost(name) // of a directory that is older than the list of virtual hosts
	}
	if empty || seed.KeepVHost {
		s.vhost(seed.VHost)
	}
	if empty || seed.KeepUsers {
		for _, u := range seed.Users {
			s.user(u)
		}
	}
	return s.change, s.err
}

// topologyVHosts are the virtual hosts that stored objects belong to.
func topologyVHosts(stored definitions.Set) (names []string) {
	for _, e := range stored.Exchanges {
		names = append(names, e.VHost)
	}
	for _, q := range stored.Queues {
		names = append(names, q.VHost)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// sowing gathers the changes; it does nothing more after an error.
type sowing struct {
	directory *auth.Directory
	seed      Seed
	change    definitions.Change
	err       error
}

func (s *sowing) add(c definitions.Change, err error) {
	if err != nil {
		s.err = err
		return
	}
	s.change.Put.VHosts = append(s.change.Put.VHosts, c.Put.VHosts...)
	s.change.Put.Users = append(s.change.Put.Users, c.Put.Users...)
	s.change.Put.Permissions = append(s.change.Put.Permissions, c.Put.Permissions...)
}

func (s *sowing) vhost(name string) {
	if _, exists := s.directory.VHost(name); exists || s.err != nil {
		return
	}
	s.add(s.directory.PutVHost(definitions.VHost{Name: name}))
}

// user makes a user, or gives it the password and the tags of the configuration. What
// it may do is set only when it is made.
func (s *sowing) user(u SeedUser) {
	if s.err != nil {
		return
	}
	old, exists := s.directory.User(u.Name)
	if exists && slices.Equal(old.Tags, u.Tags) && matches(s.directory, u.Name, u.Password) {
		return
	}
	if u.Password == "" {
		s.err = fmt.Errorf("user '%s' has no password", u.Name)
		return
	}
	s.add(s.directory.PutUser(definitions.User{Name: u.Name, Tags: u.Tags}, u.Password))
	if _, there := s.directory.VHost(s.seed.VHost); there && !exists && s.err == nil {
		s.add(s.directory.SetPermission(full(u.Name, s.seed.VHost)))
	}
}
