package auth

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/leveretmq/leveret/definitions"
)

// AddUser adds a user, with the password, with the hash of the record, or with
// neither: such a user can log in by certificate only.
func (d *Directory) AddUser(u definitions.User, password string) (definitions.Change, error) {
	u, err := d.withPassword(u, password)
	if err != nil {
		return definitions.Change{}, err
	}
	return d.change(func(e *edit) error {
		if e.next.accounts[u.Name] != nil {
			return fmt.Errorf("%w: '%s'", ErrUserExists, u.Name)
		}
		return e.putUser(u)
	})
}

// PutUser adds a user or replaces its password and its tags; the password goes
// if there is neither a password nor a hash. Limits that are not given stay
// (RabbitMQ behaviour). So do permissions.
func (d *Directory) PutUser(u definitions.User, password string) (definitions.Change, error) {
	u, err := d.withPassword(u, password)
	if err != nil {
		return definitions.Change{}, err
	}
	return d.change(func(e *edit) error { return e.mergeUser(u) })
}

func (e *edit) mergeUser(u definitions.User) error {
	if old := e.next.accounts[u.Name]; old != nil {
		u.MaxConnections = merged(u.MaxConnections, old.record.MaxConnections)
		u.MaxChannels = merged(u.MaxChannels, old.record.MaxChannels)
	}
	return e.putUser(u)
}

// merged is the limit, or the old one if none is given.
func merged(limit, old definitions.Limit) definitions.Limit {
	if limit.Set {
		return limit
	}
	return old
}

// withPassword puts the hash of a password into the record.
func (d *Directory) withPassword(u definitions.User, password string) (definitions.User, error) {
	if password == "" {
		u.HashingAlgorithm = cmp.Or(u.HashingAlgorithm, HashingSHA256)
		return u, nil
	}
	if u.PasswordHash != "" {
		return u, fmt.Errorf("%w: user '%s'", ErrTwoPasswords, u.Name)
	}
	u.PasswordHash = d.verifier.hash(d.hashing, password).encode()
	u.HashingAlgorithm = d.hashing
	return u, nil
}

// Hash is what a new password would be kept as, and the name of the algorithm. An empty
// password has no hash.
func (d *Directory) Hash(password string) (hash, algorithm string) {
	u, err := d.withPassword(definitions.User{}, password)
	if err != nil {
		return "", d.hashing
	}
	return u.PasswordHash, u.HashingAlgorithm
}

// SetPassword changes a password; an empty one clears it, and the user can no
// longer log in with a password.
func (d *Directory) SetPassword(user, password string) (definitions.Change, error) {
	hashed, err := d.withPassword(definitions.User{Name: user}, password)
	if err != nil {
		return definitions.Change{}, err
	}
	return d.UpdateUser(user, func(u *definitions.User) {
		u.PasswordHash, u.HashingAlgorithm = hashed.PasswordHash, hashed.HashingAlgorithm
	})
}

// UpdateUser changes the record of a user, but for its name. No other change
// comes between what do sees and what it leaves. Do must not call the directory.
func (d *Directory) UpdateUser(name string, do func(u *definitions.User)) (definitions.Change, error) {
	return d.change(func(e *edit) error {
		a, err := e.account(name)
		if err != nil {
			return err
		}
		u := a.record
		u.Tags = slices.Clone(u.Tags)
		do(&u)
		u.Name = name
		return e.putUser(u)
	})
}

// DeleteUser deletes a user and its permissions. To close its connections is up
// to the caller.
func (d *Directory) DeleteUser(name string) (definitions.Change, error) {
	return d.change(func(e *edit) error { return e.deleteUser(name) })
}

// PutVHost adds a virtual host or replaces its record; limits that are not given
// stay. Its exchanges are up to the caller.
func (d *Directory) PutVHost(v definitions.VHost) (definitions.Change, error) {
	return d.change(func(e *edit) error { return e.mergeVHost(v) })
}

func (e *edit) mergeVHost(v definitions.VHost) error {
	old, exists := e.next.vhosts[v.Name]
	if limit := e.d.maxVHosts; !exists && limit > 0 && len(e.next.vhosts) >= limit {
		return fmt.Errorf("cannot create vhost '%s': vhost limit of %d %w", v.Name, limit, ErrTooMany)
	}
	v.MaxConnections = merged(v.MaxConnections, old.MaxConnections)
	v.MaxQueues = merged(v.MaxQueues, old.MaxQueues)
	return e.putVHost(v)
}

// UpdateVHost changes the record of a virtual host, but for its name. No other
// change comes between what do sees and what it leaves. Do must not call the
// directory.
func (d *Directory) UpdateVHost(name string, do func(v *definitions.VHost)) (definitions.Change, error) {
	return d.change(func(e *edit) error {
		v, ok := e.next.vhosts[name]
		if !ok {
			return fmt.Errorf("%w: '%s'", ErrNoSuchVHost, name)
		}
		v.Tags = slices.Clone(v.Tags)
		do(&v)
		v.Name = name
		return e.putVHost(v)
	})
}

// DeleteVHost deletes a virtual host and all permissions in it, unless it is
// protected. What else is in it is up to the caller.
func (d *Directory) DeleteVHost(name string) (definitions.Change, error) {
	return d.change(func(e *edit) error { return e.deleteVHost(name) })
}

// SetPermission adds or replaces what a user may do in a virtual host. The error
// wraps ErrInvalidPattern, ErrNoSuchUser or ErrNoSuchVHost.
func (d *Directory) SetPermission(p definitions.Permission) (definitions.Change, error) {
	return d.change(func(e *edit) error { return e.setPermission(p) })
}

// ClearPermission takes the permission away, and nothing if there is none; user
// and virtual host have to exist. Topic permissions stay.
func (d *Directory) ClearPermission(user, vhost string) (definitions.Change, error) {
	return d.change(func(e *edit) error {
		g, err := e.grant(user, vhost)
		if err != nil || g.row == nil {
			return err
		}
		e.change.Delete.Permissions = append(e.change.Delete.Permissions, g.row.record)
		g.row = nil
		return nil
	})
}

// SetTopicPermission adds or replaces the routing keys that a user may use at an
// exchange, which need not exist. The error is as with SetPermission.
func (d *Directory) SetTopicPermission(p definitions.TopicPermission) (definitions.Change, error) {
	return d.change(func(e *edit) error { return e.setTopicPermission(p) })
}

// ClearTopicPermissions takes the topic permissions for the given exchanges
// away, or all in the virtual host if none is given.
func (d *Directory) ClearTopicPermissions(user, vhost string, exchanges ...string) (definitions.Change, error) {
	return d.change(func(e *edit) error {
		g, err := e.grant(user, vhost)
		if err != nil {
			return err
		}
		if len(exchanges) == 0 {
			for exchange := range g.topics {
				exchanges = append(exchanges, exchange)
			}
		}
		for _, exchange := range exchanges {
			if t := g.topics[exchange]; t != nil {
				e.change.Delete.TopicPermissions = append(e.change.Delete.TopicPermissions, t.record)
				delete(g.topics, exchange)
			}
		}
		return nil
	})
}

// Import adds or replaces all users, virtual hosts and permissions of the set in
// one change, as the other methods would, or refuses all of them. Passwords are
// hashes.
func (d *Directory) Import(set definitions.Set) (definitions.Change, error) {
	return d.change(func(e *edit) error {
		for _, u := range set.Users {
			u.HashingAlgorithm = cmp.Or(u.HashingAlgorithm, HashingSHA256)
			if err := e.mergeUser(u); err != nil {
				return err
			}
		}
		for _, v := range set.VHosts {
			if err := e.mergeVHost(v); err != nil {
				return err
			}
		}
		for _, p := range set.Permissions {
			if err := e.setPermission(p); err != nil {
				return err
			}
		}
		for _, p := range set.TopicPermissions {
			if err := e.setTopicPermission(p); err != nil {
				return err
			}
		}
		return nil
	})
}
