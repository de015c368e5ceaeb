package admin

import (
	"errors"
	"strings"

	"github.com/leveretmq/leveret/definitions"
)

// SetPermission adds or replaces what a user may do in a virtual host, from the next
// operation on. Created says which of both.
func (a *Admin) SetPermission(by Actor, p definitions.Permission) (created bool, err error) {
	d := &Deed{Action: "permission.set", Object: p.User, VHost: p.VHost}
	err = a.perform(by, d, func() (definitions.Change, error) {
		old, exists := a.directory.Permission(p.User, p.VHost)
		created = !exists
		change, err := a.directory.SetPermission(p)
		if err == nil {
			d.Changed = differences(exists, fieldsOfPermission(old), fieldsOfPermission(p))
			a.tellPermission(by, p)
		}
		return change, err
	})
	return created, err
}

// ClearPermission takes the permission away, and says whether there was one; user and
// virtual host have to exist. Open connections stay, and can do nothing more.
func (a *Admin) ClearPermission(by Actor, user, vhost string) (existed bool, err error) {
	d := &Deed{Action: "permission.clear", Object: user, VHost: vhost}
	err = a.perform(by, d, func() (definitions.Change, error) {
		change, err := a.directory.ClearPermission(user, vhost)
		if err != nil {
			return change, err
		}
		a.tell("permission.deleted", by, "user", user, "vhost", vhost)
		if len(change.Delete.Permissions) == 0 {
			err = errNotThere
		}
		return change, err
	})
	return existing(err)
}

// SetTopicPermission adds or replaces the routing keys that a user may use at an
// exchange, which need not exist. Created says which of both.
func (a *Admin) SetTopicPermission(by Actor, p definitions.TopicPermission) (created bool, err error) {
	d := &Deed{Action: "topic.permission.set", Object: p.User, VHost: p.VHost, Details: []any{"exchange", p.Exchange}}
	err = a.perform(by, d, func() (definitions.Change, error) {
		old, exists := a.directory.TopicPermission(p.User, p.VHost, p.Exchange)
		created = !exists
		change, err := a.directory.SetTopicPermission(p)
		if err == nil {
			d.Changed = differences(exists, fieldsOfTopicPermission(old), fieldsOfTopicPermission(p))
			a.tell("topic.permission.created", by,
				"user", p.User, "vhost", p.VHost, "exchange", p.Exchange, "write", p.Write, "read", p.Read)
		}
		return change, err
	})
	return created, err
}

// ClearTopicPermissions takes the topic permissions for the given exchanges away, or
// all in the virtual host if none is given.
func (a *Admin) ClearTopicPermissions(by Actor, user, vhost string, exchanges ...string) error {
	d := &Deed{Action: "topic.permission.clear", Object: user, VHost: vhost, Details: []any{"exchanges", strings.Join(exchanges, ",")}}
	return a.perform(by, d, func() (definitions.Change, error) {
		change, err := a.directory.ClearTopicPermissions(user, vhost, exchanges...)
		if err == nil {
			a.tell("topic.permission.deleted", by, "user", user, "vhost", vhost)
		}
		return change, err
	})
}

// existing turns the outcome of taking something away into whether it was there.
func existing(err error) (existed bool, problem error) {
	if errors.Is(err, errNotThere) {
		return false, nil
	}
	return err == nil, err
}

func (a *Admin) tellPermission(by Actor, p definitions.Permission) {
	a.tell("permission.created", by,
		"user", p.User, "vhost", p.VHost, "configure", p.Configure, "write", p.Write, "read", p.Read)
}
