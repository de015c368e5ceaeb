package admin

import (
	"errors"
	"fmt"
	"slices"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/auth"
	"github.com/leveretmq/leveret/definitions"
)

// PutUser adds a user or replaces its password and tags, as auth.Directory.PutUser
// does. Created says which of both.
func (a *Admin) PutUser(by Actor, u definitions.User, password string) (created bool, err error) {
	d := &Deed{Action: "user.put", Object: u.Name}
	err = a.perform(by, d, func() (definitions.Change, error) {
		old, exists := a.directory.User(u.Name)
		created = !exists
		change, err := a.directory.PutUser(u, password)
		if err != nil {
			return change, err
		}
		now, _ := a.directory.User(u.Name)
		d.Changed = differences(exists, fieldsOfUser(old), fieldsOfUser(now))
		if created {
			a.tell("user.created", by, "name", u.Name)
		} else {
			a.tell("user.password.changed", by, "name", u.Name)
		}
		a.tellTags(by, u.Name, u.Tags)
		return change, nil
	})
	return created, err
}

// AddUser adds a user, and refuses one that is there.
func (a *Admin) AddUser(by Actor, u definitions.User, password string) error {
	d := &Deed{Action: "user.add", Object: u.Name, Changed: []string{isNew}}
	return a.perform(by, d, func() (definitions.Change, error) {
		change, err := a.directory.AddUser(u, password)
		if err == nil {
			a.tell("user.created", by, "name", u.Name)
		}
		return change, err
	})
}

// UpdateUser changes the record of a user, but for its name: see
// auth.Directory.UpdateUser.
func (a *Admin) UpdateUser(by Actor, name string, do func(*definitions.User)) error {
	d := &Deed{Action: "user.update", Object: name}
	return a.perform(by, d, func() (definitions.Change, error) {
		old, _ := a.directory.User(name)
		change, err := a.directory.UpdateUser(name, do)
		if err != nil {
			return change, err
		}
		now, _ := a.directory.User(name)
		d.Changed = differences(true, fieldsOfUser(old), fieldsOfUser(now))
		if !slices.Equal(old.Tags, now.Tags) {
			a.tellTags(by, name, now.Tags)
		}
		if old.MaxConnections != now.MaxConnections || old.MaxChannels != now.MaxChannels {
			a.tell("user.limits.set", by, "name", name)
		}
		return change, nil
	})
}

// SetPassword changes a password; an empty one clears it, and the user can no longer
// log in with a password. Open connections stay (RabbitMQ behaviour).
func (a *Admin) SetPassword(by Actor, name, password string) error {
	event := "user.password.changed"
	if password == "" {
		event = "user.password.cleared"
	}
	return a.perform(by, &Deed{Action: event, Object: name}, func() (definitions.Change, error) {
		change, err := a.directory.SetPassword(name, password)
		if err == nil {
			a.tell(event, by, "name", name)
		}
		return change, err
	})
}

// DeleteUser deletes users with their permissions, and closes their connections.
// Those that do not exist make it an error, though the others are deleted.
func (a *Admin) DeleteUser(by Actor, names ...string) error {
	var problems []error
	for _, name := range names {
		problems = append(problems, a.deleteUser(by, name))
	}
	return errors.Join(problems...)
}

func (a *Admin) deleteUser(by Actor, name string) error {
	err := a.perform(by, &Deed{Action: "user.delete", Object: name}, func() (definitions.Change, error) {
		change, err := a.directory.DeleteUser(name)
		if err == nil {
			a.tell("user.deleted", by, "name", name)
		}
		return change, err
	})
	if err != nil {
		return err
	}
	a.connections.CloseConnections(name, "", fmt.Sprintf("user '%s' is deleted", name))
	return nil
}

// tellTags tells of the tags of a user.
func (a *Admin) tellTags(by Actor, name string, tags []string) {
	list := make(amqp.Array, 0, len(tags))
	for _, tag := range tags {
		list = append(list, tag)
	}
	a.tell("user.tags.set", by, "name", name, "tags", list)
}

// full is the permission to do everything.
func full(user, vhost string) definitions.Permission {
	return definitions.Permission{User: user, VHost: vhost, Configure: ".*", Write: ".*", Read: ".*"}
}

// matches says whether the password is the user's.
func matches(d *auth.Directory, user, password string) bool {
	_, err := d.Authenticate(auth.Attempt{Name: user, Password: password})
	return err == nil
}
